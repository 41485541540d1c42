"""Rows of what came by webhooks: what was told, what became of it, and what is remembered when it is listed no more."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Final

from godploy_server.contract.entities import DeploymentId, ServiceId
from godploy_server.contract.hooks import Delivery, HookEvent, Notice, Verdict
from godploy_server.contract.problem import NotFound
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import new_id, transaction

KEPT_DELIVERIES: Final = 200
KEPT_REFUSED: Final = 50
"""Of each service. Those that were refused have a place of their own: whoever sends them pushes no other one out."""
KEPT_MARKS: Final = 20_000
"""Of each service: so many deliveries are known again, listed or not."""
LISTED: Final = 50
LISTED_REFUSED: Final = 20

_SAME: Final = {True: "=", False: "<>"}


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


def newer_push(connection: sqlite3.Connection, service_id: str, notice: Notice) -> str:
    """Give the commit that was deployed for a later push to the same branch, although it came earlier; "" for none.

    Each push names what the branch had before it. One is late if it is among what led to the newest that was deployed,
    does not itself begin there, and begins where the service knows the branch to have been: a branch that was moved
    back is no late push.
    """
    rows = connection.execute(
        "SELECT notice, verdict FROM deliveries WHERE service_id = ? AND ref = ? AND verdict <> ?"
        " ORDER BY place DESC LIMIT ?",
        (service_id, notice.ref, Verdict.REFUSED.value, KEPT_DELIVERIES),
    ).fetchall()
    told = [(from_json(Notice, json.loads(row["notice"])), Verdict(row["verdict"])) for row in rows]
    pushes = [(each, verdict) for each, verdict in told if each.event is HookEvent.PUSH]
    deployed = next((each for each, verdict in pushes if verdict is Verdict.DEPLOYED), None)
    if deployed is None or notice.event is not HookEvent.PUSH or notice.before in ("", deployed.commit):
        return ""
    before = {each.commit: each.before for each, _ in reversed(pushes)}
    passed: set[str] = set()
    at = deployed.before
    while at and at not in passed:
        passed.add(at)
        at = before.get(at, "")
    if notice.commit not in passed:
        return ""
    is_known = notice.before in passed or notice.before in before
    return deployed.commit if is_known or _was_deployed(connection, service_id, notice.before) else ""


def _was_deployed(connection: sqlite3.Connection, service_id: str, commit: str) -> bool:
    found = connection.execute(
        'SELECT 1 FROM deployments WHERE service_id = ? AND "commit" = ?', (service_id, commit)
    ).fetchone()
    return found is not None


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
    return find(connection, row_id)[0]


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


def find(connection: sqlite3.Connection, delivery_id: str) -> tuple[Delivery, Notice]:
    """Give a delivery and what was told. Raises NotFound."""
    row = connection.execute("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
    if row is None:
        raise NotFound("There is no such delivery", "it was forgotten, or never came", "Look at the list of deliveries")
    return _delivery(row)


def newest(connection: sqlite3.Connection, service_id: str) -> list[Delivery]:
    """Give a service's newest deliveries, the newest first. Refused ones take no other's place in the list."""
    rows = []
    for is_refused, limit in ((False, LISTED), (True, LISTED_REFUSED)):
        rows += connection.execute(
            f"SELECT * FROM deliveries WHERE service_id = ? AND verdict {_SAME[is_refused]} ?"
            " ORDER BY place DESC LIMIT ?",
            (service_id, Verdict.REFUSED.value, limit),
        ).fetchall()
    return [_delivery(row)[0] for row in sorted(rows, key=lambda row: -int(row["place"]))]


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
