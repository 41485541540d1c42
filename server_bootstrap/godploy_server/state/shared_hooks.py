"""Rows of the server's own hooks: those of apps at git hosts, which tell of many repositories. Secrets are sealed."""

from __future__ import annotations

import sqlite3
from typing import Final

from godploy_server.contract.entities import ServiceId
from godploy_server.contract.hooks import HOOKS_PATH, HookHost, SetSharedHook, SharedHook
from godploy_server.contract.problem import NotFound
from godploy_server.state.database import now, time_of, transaction
from godploy_server.state.secrets import Secrets

_BOUND_TO: Final = "shared hook"
"""What stands for the service in the sealing of a shared hook's secret."""


def every(connection: sqlite3.Connection) -> list[SharedHook]:
    """Give all hooks of the server by the name of their app."""
    rows = connection.execute("SELECT * FROM shared_hooks ORDER BY name, id").fetchall()
    return [_hook(connection, row) for row in rows]


def find(connection: sqlite3.Connection, hook_id: str) -> SharedHook:
    """Give a hook of the server. Raises NotFound."""
    found = by_id(connection, hook_id)
    if found is None:
        raise NotFound(
            "The server has no such hook",
            "it was removed, or belongs to another server",
            "Look at the list: godploy server app-hook list",
        )
    return found


def by_id(connection: sqlite3.Connection, hook_id: str) -> SharedHook | None:
    """Give the hook whose path ends so."""
    row = connection.execute("SELECT * FROM shared_hooks WHERE id = ?", (hook_id,)).fetchone()
    return None if row is None else _hook(connection, row)


def put(connection: sqlite3.Connection, secrets: Secrets, wanted: SetSharedHook) -> SharedHook:
    """Make a hook, or give the one of the same app its new path and secret; services stay with it."""
    sealed = secrets.seal(_BOUND_TO, wanted.id, wanted.secret)
    with transaction(connection):
        before = connection.execute("SELECT id FROM shared_hooks WHERE page = ?", (wanted.page,)).fetchone()
        if before is None:
            connection.execute(
                "INSERT INTO shared_hooks (id, host, name, page, sealed) VALUES (?, ?, ?, ?, ?)",
                (wanted.id, wanted.host.value, wanted.name, wanted.page, sealed),
            )
        else:
            connection.execute(
                "UPDATE shared_hooks SET id = ?, host = ?, name = ?, sealed = ? WHERE page = ?",
                (wanted.id, wanted.host.value, wanted.name, sealed, wanted.page),
            )
    return find(connection, wanted.id)


def of_page(connection: sqlite3.Connection, page: str) -> str:
    """Give the id of the hook of an app, "" if it has none."""
    row = connection.execute("SELECT id FROM shared_hooks WHERE page = ?", (page,)).fetchone()
    return "" if row is None else str(row["id"])


def delete(connection: sqlite3.Connection, hook_id: str) -> None:
    """Delete a hook; the services that deploy through it deploy on push no more. Their deliveries stay listed."""
    connection.execute("DELETE FROM shared_hooks WHERE id = ?", (hook_id,))


def secret(connection: sqlite3.Connection, secrets: Secrets, hook_id: str) -> str:
    """Open the secret that deliveries are signed with. Raises NotReady if it cannot be decrypted."""
    row = connection.execute("SELECT sealed FROM shared_hooks WHERE id = ?", (hook_id,)).fetchone()
    return secrets.unseal(_BOUND_TO, hook_id, row["sealed"])


def record(connection: sqlite3.Connection, hook_id: str, received: str) -> None:
    """Write down what became of the newest delivery."""
    connection.execute(
        "UPDATE shared_hooks SET received_at = ?, received = ? WHERE id = ?", (now().isoformat(), received, hook_id)
    )


def _hook(connection: sqlite3.Connection, row: sqlite3.Row) -> SharedHook:
    using = connection.execute("SELECT service_id FROM hooks WHERE shared_id = ? ORDER BY service_id", (row["id"],))
    return SharedHook(
        id=row["id"],
        path=f"{HOOKS_PATH}{row['id']}",
        host=HookHost(row["host"]),
        name=row["name"],
        page=row["page"],
        services=tuple(ServiceId(each["service_id"]) for each in using),
        received_at=time_of(row["received_at"]),
        received=row["received"],
    )
