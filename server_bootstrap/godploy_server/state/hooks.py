"""Rows of webhooks and of the deliveries that came by them. A hook's secret is sealed; the relay gets it in memory."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass
from typing import Final

from godploy_server.contract.entities import DeploymentId, ServiceId
from godploy_server.contract.hooks import HOOKS_PATH, Delivery, Hook, HookHost, HookSecret, Notice, SetHook, Verdict
from godploy_server.contract.problem import NotFound
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import new_id, transaction
from godploy_server.state.secrets import Secrets

KEPT_DELIVERIES: Final = 200
KEPT_REFUSED: Final = 50
"""Of each service. Those that were refused have a place of their own: whoever sends them pushes no other one out."""
KEPT_MARKS: Final = 20_000
"""Of each service: so many deliveries are known again, listed or not."""
LISTED: Final = 50
LISTED_REFUSED: Final = 20

_SEALED_AS: Final = "hook"
_SAME: Final = {True: "=", False: "<>"}


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


def was_received(connection: sqlite3.Connection, service_id: str, notice: Notice) -> bool:
    """Whether the same payload told of the same ref before, however long ago."""
    row = connection.execute(
        "SELECT 1 FROM received_marks WHERE service_id = ? AND mark = ?", (service_id, _mark(notice))
    ).fetchone()
    return bool(notice.digest) and row is not None


def was_taken(connection: sqlite3.Connection, service_id: str, notice: Notice) -> bool:
    """Whether this very notice was written down: the relay hands it over again where the answer came too late."""
    row = connection.execute(
        "SELECT 1 FROM deliveries WHERE service_id = ? AND digest = ? AND notice = ? AND NOT is_redelivery",
        (service_id, notice.digest, _text(notice)),
    ).fetchone()
    return row is not None


def record(
    connection: sqlite3.Connection,
    service_id: str,
    notice: Notice,
    verdict: Verdict,
    reason: str,
    deployment_id: str | None = None,
    *,
    is_redelivery: bool = False,
) -> Delivery:
    """Write down what became of a delivery; the oldest of the service go."""
    row_id = new_id()
    with transaction(connection):
        connection.execute(
            "INSERT INTO deliveries"
            " (id, service_id, digest, ref, notice, verdict, reason, deployment_id, is_redelivery)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row_id, service_id, notice.digest, notice.ref, _text(notice),
                verdict.value, reason, deployment_id, int(is_redelivery),
            ),
        )  # fmt: skip
        of_its_kind = f"deliveries WHERE service_id = ? AND verdict {_SAME[verdict is Verdict.REFUSED]} ?"
        which = (service_id, Verdict.REFUSED.value)
        connection.execute(
            f"DELETE FROM {of_its_kind} AND place <= (SELECT place FROM {of_its_kind}"
            " ORDER BY place DESC LIMIT 1 OFFSET ?)",
            (*which, *which, KEPT_REFUSED if verdict is Verdict.REFUSED else KEPT_DELIVERIES),
        )
        if notice.digest and verdict not in (Verdict.REFUSED, Verdict.ANSWERED):
            _mark_received(connection, service_id, notice)
    return delivery(connection, row_id)[0]


def _mark_received(connection: sqlite3.Connection, service_id: str, notice: Notice) -> None:
    connection.execute(
        "INSERT INTO received_marks (service_id, mark) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (service_id, _mark(notice)),
    )
    connection.execute(
        "DELETE FROM received_marks WHERE service_id = ? AND place <= (SELECT place FROM received_marks"
        " WHERE service_id = ? ORDER BY place DESC LIMIT 1 OFFSET ?)",
        (service_id, service_id, KEPT_MARKS),
    )


def _mark(notice: Notice) -> bytes:
    return hashlib.sha256(f"{notice.digest} {notice.ref}".encode()).digest()[:16]


def _text(notice: Notice) -> str:
    return json.dumps(to_json(notice), separators=(",", ":"))


def delivery(connection: sqlite3.Connection, delivery_id: str) -> tuple[Delivery, Notice]:
    """Give a delivery and what was told. Raises NotFound."""
    row = connection.execute("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
    if row is None:
        raise NotFound("There is no such delivery", "it was forgotten, or never came", "Look at the list of deliveries")
    return _delivery(row)


def deliveries(connection: sqlite3.Connection, service_id: str) -> list[Delivery]:
    """Give a service's deliveries, the newest first. Refused ones take no other's place in the list."""
    rows = []
    for is_refused, limit in ((False, LISTED), (True, LISTED_REFUSED)):
        rows += connection.execute(
            f"SELECT * FROM deliveries WHERE service_id = ? AND verdict {_SAME[is_refused]} ?"
            " ORDER BY place DESC LIMIT ?",
            (service_id, Verdict.REFUSED.value, limit),
        ).fetchall()
    return [_delivery(row)[0] for row in sorted(rows, key=lambda row: -int(row["place"]))]


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


def _delivery(row: sqlite3.Row) -> tuple[Delivery, Notice]:
    notice = from_json(Notice, json.loads(row["notice"]))
    return (
        Delivery(
            id=row["id"],
            service_id=ServiceId(row["service_id"]),
            received_at=notice.received_at,
            event=notice.event,
            event_name=notice.event_name,
            ref=notice.ref,
            commit=notice.commit,
            message=notice.message.partition("\n")[0],
            author=notice.author,
            verdict=Verdict(row["verdict"]),
            reason=row["reason"],
            deployment_id=None if row["deployment_id"] is None else DeploymentId(row["deployment_id"]),
            is_redelivery=bool(row["is_redelivery"]),
        ),
        notice,
    )
