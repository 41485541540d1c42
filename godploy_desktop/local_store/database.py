"""Opening the SQLite file and bringing it to the newest shape by numbered migrations (PRAGMA user_version)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from godploy_server.contract import Conflict, NotReady

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (  # 1
        """CREATE TABLE servers (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR NOT NULL UNIQUE,
            host VARCHAR NOT NULL,
            user VARCHAR NOT NULL,
            port INTEGER,
            identity_file VARCHAR NOT NULL,
            jump VARCHAR NOT NULL,
            auth VARCHAR NOT NULL,
            is_embedded BOOLEAN NOT NULL,
            position INTEGER NOT NULL,
            last_seen_at DATETIME,
            agent_version VARCHAR NOT NULL
        )""",
        "CREATE TABLE settings (key VARCHAR NOT NULL PRIMARY KEY, value JSON NOT NULL)",
        """CREATE TABLE snapshots (
            server_id INTEGER NOT NULL PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
            taken_at DATETIME NOT NULL,
            snapshot JSON NOT NULL
        )""",
    ),
)
"""Migration N is entry N-1. Never edited once released; only appended to."""


def open_engine(path: Path, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> Engine:
    """Open (making it, 0600) the database and migrate it.

    Raises NotReady when the file cannot be read or is damaged, Conflict when a newer Godploy wrote it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise _unusable(path, str(error)) from error
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            _migrate(connection, path, migrations)
    except DBAPIError as error:
        engine.dispose()
        raise _unusable(path, str(error.orig)) from error
    except Conflict:
        engine.dispose()
        raise
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below: DDL is then inside the transaction too
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection, path: Path, migrations: tuple[tuple[str, ...], ...]) -> None:
    version = connection.execute(text("PRAGMA user_version")).scalar_one()
    if version > len(migrations):
        raise Conflict(
            "The desktop's database was written by a newer Godploy",
            f"{path} has shape {version}, this version knows {len(migrations)}",
            "Update Godploy on this computer",
        )
    for number, statements in enumerate(migrations[version:], start=version + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def _unusable(path: Path, why: str) -> NotReady:
    return NotReady(
        "The desktop's database cannot be opened",
        f"{path}: {why}",
        "Check the file and the free space; moved aside, it is made anew and servers are added again",
    )
