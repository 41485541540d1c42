"""Rows of git hosts' keys that a person confirmed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from godploy_server.contract.problem import NotFound
from godploy_server.state.database import new_id, now, transaction


@dataclass(frozen=True)
class HostKeyRow:
    """One confirmed key; `host` as known_hosts names it, `key` in base64."""

    id: str
    host: str
    key_type: str
    key: str
    trusted_by: str
    trusted_at: datetime


def every(connection: sqlite3.Connection, host: str = "") -> list[HostKeyRow]:
    """Give all keys by host, or those of one."""
    rows = connection.execute(
        "SELECT * FROM git_host_keys WHERE ? IN ('', host) ORDER BY host, key_type", (host,)
    ).fetchall()
    return [_key(row) for row in rows]


def find(connection: sqlite3.Connection, key_id: str) -> HostKeyRow:
    """Give a key. Raises NotFound."""
    row = connection.execute("SELECT * FROM git_host_keys WHERE id = ?", (key_id,)).fetchone()
    if row is None:
        raise NotFound(
            "There is no such host key",
            f"none that was confirmed has the id {key_id}",
            "Look at the list: godploy git host-keys list",
        )
    return _key(row)


def add(connection: sqlite3.Connection, host: str, key_type: str, key: str, trusted_by: str) -> HostKeyRow:
    """Keep a key that a person confirmed just now; one of the same host and type must not be there."""
    key_id = new_id()
    with transaction(connection):
        connection.execute(
            "INSERT INTO git_host_keys (id, host, key_type, key, trusted_by, trusted_at) VALUES (?, ?, ?, ?, ?, ?)",
            (key_id, host, key_type, key, trusted_by, now().isoformat()),
        )
    return find(connection, key_id)


def delete(connection: sqlite3.Connection, key_id: str) -> None:
    """Forget a key."""
    connection.execute("DELETE FROM git_host_keys WHERE id = ?", (key_id,))


def _key(row: sqlite3.Row) -> HostKeyRow:
    trusted_at = datetime.fromisoformat(row["trusted_at"])
    return HostKeyRow(row["id"], row["host"], row["key_type"], row["key"], row["trusted_by"], trusted_at)
