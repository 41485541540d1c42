"""Rows of registries: where the server can log in. Passwords are sealed."""

from __future__ import annotations

import sqlite3
from typing import Final

from godploy_server.contract.housekeeping import Registry
from godploy_server.contract.problem import NotFound
from godploy_server.state.database import new_id, now, time_of, transaction
from godploy_server.state.secrets import Secrets

_BOUND_TO: Final = "registry"
"""What stands for the service in the sealing of a registry's password."""


def every(connection: sqlite3.Connection) -> list[Registry]:
    """Give all registries by host."""
    return [_registry(row) for row in connection.execute("SELECT * FROM registries ORDER BY host")]


def find(connection: sqlite3.Connection, registry_id: str) -> Registry:
    """Give a registry. Raises NotFound."""
    row = connection.execute("SELECT * FROM registries WHERE id = ?", (registry_id,)).fetchone()
    if row is None:
        raise NotFound(
            "There is no such registry", f"none has the id {registry_id}", "Look at the list: godploy registry list"
        )
    return _registry(row)


def put(connection: sqlite3.Connection, secrets: Secrets, host: str, user: str, password: str) -> Registry:
    """Keep a login that the registry accepted just now, in place of an earlier one of the same host."""
    sealed = secrets.seal(_BOUND_TO, host, password)
    with transaction(connection):
        connection.execute(
            "INSERT INTO registries (id, host, user, sealed, checked_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (host) DO UPDATE SET user = excluded.user, sealed = excluded.sealed,"
            " checked_at = excluded.checked_at",
            (new_id(), host, user, sealed, now().isoformat()),
        )
        row = connection.execute("SELECT * FROM registries WHERE host = ?", (host,)).fetchone()
    return _registry(row)


def set_checked(connection: sqlite3.Connection, registry_id: str) -> None:
    """Record that a registry accepted its login just now."""
    connection.execute("UPDATE registries SET checked_at = ? WHERE id = ?", (now().isoformat(), registry_id))


def delete(connection: sqlite3.Connection, registry_id: str) -> None:
    """Forget a login."""
    connection.execute("DELETE FROM registries WHERE id = ?", (registry_id,))


def password(connection: sqlite3.Connection, secrets: Secrets, registry: Registry) -> str:
    """Open a registry's password. Raises NotReady if it cannot be decrypted."""
    row = connection.execute("SELECT sealed FROM registries WHERE id = ?", (registry.id,)).fetchone()
    return secrets.unseal(_BOUND_TO, registry.host, row["sealed"])


def _registry(row: sqlite3.Row) -> Registry:
    return Registry(row["id"], row["host"], row["user"], time_of(row["checked_at"]))
