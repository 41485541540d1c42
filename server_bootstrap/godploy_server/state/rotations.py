"""Rows of password changes that are under way. Written before anything is changed, so that no kill loses a password."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from godploy_server.contract.entities import ServiceId
from godploy_server.contract.problem import Conflict
from godploy_server.state.secrets import Secrets


@dataclass(frozen=True)
class RotationRow:
    """A change from `old` to `new` of a service's `variable`. `deployment_id`: the deployment that brings the new one
    in, "" where a command does. `redeploys`: whether what refers to the password is deployed again afterwards."""

    service_id: ServiceId
    variable: str
    new: str = field(repr=False)
    old: str = field(repr=False)
    deployment_id: str
    redeploys: bool
    asked_by: str


def begin(
    connection: sqlite3.Connection,
    secrets: Secrets,
    service_id: str,
    variable: str,
    new: str,
    old: str,
    redeploys: bool,
    asked_by: str,
) -> RotationRow:
    """Write that a password is about to be changed. Raises Conflict while an earlier change is not settled."""
    try:
        connection.execute(
            "INSERT INTO rotations (service_id, variable, new, old, redeploys, asked_by) VALUES (?, ?, ?, ?, ?, ?)",
            (
                service_id, variable, secrets.seal(service_id, _name(variable, "new"), new),
                secrets.seal(service_id, _name(variable, "old"), old), int(redeploys), asked_by,
            ),
        )  # fmt: skip
    except sqlite3.IntegrityError:
        raise Conflict(
            "An earlier change of this password is not settled yet",
            "it is not known which of the two passwords counts until the service runs",
            f"Start the service and wait a moment; or set {variable} to the password that works",
        ) from None
    return RotationRow(ServiceId(service_id), variable, new, old, "", redeploys, asked_by)


def find(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> RotationRow | None:
    """Give the change of a service's password that is under way. Raises NotReady if it cannot be opened."""
    row = connection.execute("SELECT * FROM rotations WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        return None
    variable = row["variable"]
    return RotationRow(
        service_id=ServiceId(row["service_id"]),
        variable=variable,
        new=secrets.unseal(service_id, _name(variable, "new"), row["new"]),
        old=secrets.unseal(service_id, _name(variable, "old"), row["old"]),
        deployment_id=row["deployment_id"],
        redeploys=bool(row["redeploys"]),
        asked_by=row["asked_by"],
    )


def variable_of(connection: sqlite3.Connection, service_id: str) -> str | None:
    """Give the variable whose change is under way for a service."""
    row = connection.execute("SELECT variable FROM rotations WHERE service_id = ?", (service_id,)).fetchone()
    return None if row is None else str(row["variable"])


def waiting_for(connection: sqlite3.Connection) -> list[tuple[ServiceId, str]]:
    """Give the services with a change under way, each with the deployment that it waits for ("" for none)."""
    rows = connection.execute("SELECT service_id, deployment_id FROM rotations ORDER BY service_id")
    return [(ServiceId(row["service_id"]), row["deployment_id"]) for row in rows]


def set_deployment(connection: sqlite3.Connection, service_id: str, deployment_id: str) -> None:
    """Record which deployment brings the new password in."""
    connection.execute("UPDATE rotations SET deployment_id = ? WHERE service_id = ?", (deployment_id, service_id))


def forget(connection: sqlite3.Connection, service_id: str) -> None:
    """Record that a change is settled, one way or the other."""
    connection.execute("DELETE FROM rotations WHERE service_id = ?", (service_id,))


def _name(variable: str, which: str) -> str:
    return f"{variable} ({which})"  # no variable is called so: a sealed value cannot be taken for another
