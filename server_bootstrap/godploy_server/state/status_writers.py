"""Rows of how the server itself tells commit states: for whom it has a token, and what came of the newest telling.

The token is sealed. Nothing but `token` opens it, and nothing gives it to a client.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from godploy_server.contract.commit_status import CommitState, SetStatusWriter, StatusWriter, ToldState
from godploy_server.contract.entities import ServiceId
from godploy_server.contract.hooks import HookHost
from godploy_server.contract.problem import BadInput, NotFound, Problem
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import now, time_of, transaction
from godploy_server.state.secrets import Secrets

_SEALED_AS: Final = "commit-status"
_SELECT: Final = (
    "SELECT *, (SELECT count(*) FROM commit_states WHERE commit_states.service_id = status_writers.service_id"
    " AND is_open) AS waiting FROM status_writers"
)


def find(connection: sqlite3.Connection, service_id: str) -> StatusWriter:
    """Give how the server tells the states of a service's commits. Raises NotFound: it does not."""
    row = connection.execute(f"{_SELECT} WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        raise NotFound(
            "The server does not tell commit states of this service",
            "no token of the git host is stored for it",
            "Store one, or let a desktop tell them",
        )
    return _writer(row)


def service_ids(connection: sqlite3.Connection) -> set[str]:
    """Give the services whose states the server tells."""
    return {row["service_id"] for row in connection.execute("SELECT service_id FROM status_writers")}


def since(connection: sqlite3.Connection, service_id: str) -> str:
    """Give since when the server tells the states of a service, as a column holds it; "" where it does not."""
    row = connection.execute("SELECT since FROM status_writers WHERE service_id = ?", (service_id,)).fetchone()
    return "" if row is None else str(row["since"])


def put(connection: sqlite3.Connection, secrets: Secrets, service_id: str, wanted: SetStatusWriter) -> StatusWriter:
    """Store a token and where it goes. Raises BadInput where a stored token would go to another address."""
    with transaction(connection):
        row = connection.execute("SELECT * FROM status_writers WHERE service_id = ?", (service_id,)).fetchone()
        if not wanted.token and (row is None or (row["host"], row["api"]) != (wanted.host.value, wanted.api)):
            raise BadInput(
                "There is no token for this",
                "token: should be given; the one that is stored is for another address"
                if row
                else "token: should be given",
                "Give the token too",
            )
        sealed = secrets.seal(service_id, _SEALED_AS, wanted.token) if wanted.token else row["sealed"]
        connection.execute(
            "INSERT INTO status_writers (service_id, host, api, repository, name, allows_http, sealed, since)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (service_id) DO UPDATE SET host = excluded.host,"
            " api = excluded.api, repository = excluded.repository, name = excluded.name,"
            " allows_http = excluded.allows_http, sealed = excluded.sealed, problem = NULL",
            (
                service_id, wanted.host.value, wanted.api, wanted.repository, wanted.name, int(wanted.allows_http),
                sealed, now().isoformat(),
            ),
        )  # fmt: skip
        return find(connection, service_id)


def delete(connection: sqlite3.Connection, service_id: str) -> None:
    """Forget the token, and what was still to be told."""
    with transaction(connection):
        connection.execute("DELETE FROM commit_states WHERE service_id = ?", (service_id,))
        connection.execute("DELETE FROM status_writers WHERE service_id = ?", (service_id,))


def token(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> str:
    """Open the token, to send it. Raises NotFound, NotReady."""
    row = connection.execute("SELECT sealed FROM status_writers WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        find(connection, service_id)
    return secrets.unseal(service_id, _SEALED_AS, row["sealed"])


def note_told(connection: sqlite3.Connection, service_id: str, commit: str, state: CommitState) -> None:
    """Record that the host took a state just now."""
    connection.execute(
        "UPDATE status_writers SET told_at = ?, told_commit = ?, told_state = ?, problem = NULL WHERE service_id = ?",
        (now().isoformat(), commit, state.value, service_id),
    )


def note_problem(connection: sqlite3.Connection, service_id: str, problem: Problem) -> None:
    """Record why the newest state was not taken."""
    connection.execute(
        "UPDATE status_writers SET problem = ? WHERE service_id = ?", (json.dumps(to_json(problem)), service_id)
    )


def _writer(row: sqlite3.Row) -> StatusWriter:
    at = time_of(row["told_at"])
    return StatusWriter(
        service_id=ServiceId(row["service_id"]),
        host=HookHost(row["host"]),
        api=row["api"],
        repository=row["repository"],
        name=row["name"],
        allows_http=bool(row["allows_http"]),
        told=None if at is None else ToldState(at, row["told_commit"], CommitState(row["told_state"])),
        problem=None if row["problem"] is None else from_json(Problem, json.loads(row["problem"])),
        waiting=row["waiting"],
    )
