"""Rows of webhooks and of the deliveries that came by them. A hook's secret is sealed; the relay gets it in memory."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from typing import Final

from godploy_server.contract.entities import ServiceId
from godploy_server.contract.hooks import (
    HOOKS_PATH,
    Hook,
    HookHost,
    HookSecret,
    SetHook,
)
from godploy_server.contract.problem import NotFound
from godploy_server.state.database import transaction
from godploy_server.state.secrets import Secrets

_SEALED_AS: Final = "hook"


@dataclass(frozen=True)
class HookRow:
    """A hook with its id, the unguessable end of its own path. Where the hook is shared, that path is not served."""

    id: str
    hook: Hook


def find(connection: sqlite3.Connection, service_id: str) -> HookRow:
    """Give a service's hook. Raises NotFound."""
    row = connection.execute("SELECT * FROM hooks WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        raise NotFound("The service has no webhook", "it does not deploy on push", "Turn deploying on push on")
    return _hook(row)


def by_id(connection: sqlite3.Connection, hook_id: str) -> HookRow | None:
    """Give the hook whose own path ends so."""
    row = connection.execute("SELECT * FROM hooks WHERE id = ? AND shared_id IS NULL", (hook_id,)).fetchone()
    return None if row is None else _hook(row)


def every(connection: sqlite3.Connection) -> list[HookRow]:
    """Give all hooks."""
    return [_hook(row) for row in connection.execute("SELECT * FROM hooks ORDER BY service_id")]


def through(connection: sqlite3.Connection, shared_id: str) -> list[HookRow]:
    """Give the hooks of the services that deploy through a shared one."""
    return [
        _hook(row)
        for row in connection.execute("SELECT * FROM hooks WHERE shared_id = ? ORDER BY service_id", (shared_id,))
    ]


def ids_of(connection: sqlite3.Connection, service_id: str) -> list[str]:
    """Give the ids of a service's hooks: one, or none."""
    return [row["id"] for row in connection.execute("SELECT id FROM hooks WHERE service_id = ?", (service_id,))]


def put(connection: sqlite3.Connection, secrets: Secrets, service_id: str, wanted: SetHook) -> HookRow:
    """Make a service's hook, or change what is named of it."""
    with transaction(connection):
        row = connection.execute("SELECT 1 FROM hooks WHERE service_id = ?", (service_id,)).fetchone()
        if row is None or wanted.renews_secret:
            _remember(connection, service_id)
            sealed = secrets.seal(service_id, _SEALED_AS, os.urandom(32).hex())
            connection.execute(
                "INSERT INTO hooks (service_id, id, host, sealed) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service_id) DO UPDATE SET id = excluded.id, sealed = excluded.sealed",
                (service_id, os.urandom(20).hex(), HookHost.GITHUB.value, sealed),
            )
        for column, value in (
            ("host", None if wanted.host is None else wanted.host.value),
            ("is_on", None if wanted.is_on is None else int(wanted.is_on)),
            ("tag_patterns", None if wanted.tag_patterns is None else json.dumps(wanted.tag_patterns)),
            ("watch_paths", None if wanted.watch_paths is None else json.dumps(wanted.watch_paths)),
        ):
            if value is not None:
                connection.execute(f"UPDATE hooks SET {column} = ? WHERE service_id = ?", (value, service_id))
        if wanted.shared is not None:
            connection.execute(
                "UPDATE hooks SET shared_id = ? WHERE service_id = ?", (wanted.shared or None, service_id)
            )
        return find(connection, service_id)


def delete(connection: sqlite3.Connection, service_id: str) -> None:
    """Delete a service's hook; its deliveries stay listed."""
    with transaction(connection):
        _remember(connection, service_id)
        connection.execute("DELETE FROM hooks WHERE service_id = ?", (service_id,))


def former(connection: sqlite3.Connection, hook_id: str) -> ServiceId | None:
    """Give the service that had a hook, now ended, whose path ended so."""
    row = connection.execute("SELECT service_id FROM former_hooks WHERE id = ?", (hook_id,)).fetchone()
    return None if row is None else ServiceId(row["service_id"])


def _remember(connection: sqlite3.Connection, service_id: str) -> None:
    """Remember whose the hook was that ends now, if there is one."""
    connection.execute(
        "INSERT INTO former_hooks (id, service_id) SELECT id, service_id FROM hooks WHERE service_id = ?", (service_id,)
    )


def secret(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> HookSecret:
    """Give what is handed to the git host and to the relay. Raises NotFound, NotReady."""
    row = connection.execute("SELECT id, sealed FROM hooks WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        find(connection, service_id)
    return HookSecret(f"{HOOKS_PATH}{row['id']}", secrets.unseal(service_id, _SEALED_AS, row["sealed"]))


def _hook(row: sqlite3.Row) -> HookRow:
    return HookRow(
        row["id"],
        Hook(
            service_id=ServiceId(row["service_id"]),
            path=f"{HOOKS_PATH}{row['shared_id'] or row['id']}",
            host=HookHost(row["host"]),
            is_on=bool(row["is_on"]),
            tag_patterns=tuple(json.loads(row["tag_patterns"])),
            watch_paths=tuple(json.loads(row["watch_paths"])),
            shared=row["shared_id"] or "",
        ),
    )
