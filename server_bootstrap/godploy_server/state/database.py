"""Opening the database: each process (agent, jobs) holds a connection of its own on the same file.

WAL lets them read while another writes; a writer waits up to BUSY_TIMEOUT_S for its turn.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from godploy_server.contract.problem import NotReady
from godploy_server.state.migrations import MIGRATIONS

BUSY_TIMEOUT_S: Final = 10.0


def open_database(path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> sqlite3.Connection:
    """Open (or make) the database at `path` and bring its schema up to date.

    Statements outside `transaction` commit by themselves. Raises NotReady for a schema newer than this program.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        path.chmod(0o600)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a row that was answered for survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -512")
        _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    if _schema(connection) == len(migrations):
        return
    with transaction(connection):
        found = _schema(connection)  # again: another process may have migrated while this one waited
        if found > len(migrations):
            raise NotReady(
                "The server's database cannot be opened",
                f"its schema is number {found}, and this version of Godploy knows up to {len(migrations)}",
                "Install the newer version of Godploy again, or restore a backup made with this one",
            )
        for statements in migrations[found:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _schema(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the body as one transaction that holds the write lock from its beginning. Joins one that is open."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.OperationalError):  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise


def new_id() -> str:
    """Give a random id: 12 lower-case hexadecimal digits, fit for names of images, containers and files."""
    return os.urandom(6).hex()


def now() -> datetime:
    """Give the time, in UTC with zone."""
    return datetime.now(timezone.utc)


def time_of(text: str | None) -> datetime | None:
    """Give the time that a column holds, None for NULL."""
    return None if text is None else datetime.fromisoformat(text)
