"""Rows of what a git host is told of deployments: what is wanted, and what it took. They survive a restart of the
agent, so that each state of a deployment is told once."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from godploy_server.contract.commit_status import CommitState, CommitStatus
from godploy_server.contract.entities import Deployment
from godploy_server.state.database import now, time_of, transaction


@dataclass(frozen=True)
class WantedState:
    """A state that a host has not taken yet."""

    deployment_id: str
    commit: str
    status: CommitStatus
    wanted_at: datetime


def want(connection: sqlite3.Connection, deployment: Deployment, status: CommitStatus, since: str) -> bool:
    """Have a state told; whether that is new. What is still untold of the same commit is not told any more: the host
    keeps the newest state alone. Deployments from before `since` are left out.
    """
    # Asked with every step of a deployment: without the write lock, which a job may hold. The agent alone writes here.
    row = connection.execute("SELECT wanted FROM commit_states WHERE deployment_id = ?", (deployment.id,)).fetchone()
    if row is None and deployment.created_at.isoformat() < since:
        return False
    if row is not None and row["wanted"] == status.state.value:
        return False
    with transaction(connection):
        connection.execute(
            'UPDATE commit_states SET is_open = 0 WHERE service_id = ? AND "commit" = ? AND deployment_id <> ?',
            (deployment.service_id, deployment.commit, deployment.id),
        )
        connection.execute(
            'INSERT INTO commit_states (deployment_id, service_id, "commit", wanted, text, wanted_at)'
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (deployment_id) DO UPDATE SET"
            ' "commit" = excluded."commit", wanted = excluded.wanted, text = excluded.text,'
            " wanted_at = excluded.wanted_at, is_open = 1",
            (
                deployment.id, deployment.service_id, deployment.commit, status.state.value, status.text,
                now().isoformat(),
            ),
        )  # fmt: skip
    return True


def next_open(connection: sqlite3.Connection, service_id: str) -> WantedState | None:
    """Give what is to be told next of a service, in the order of its deployments."""
    row = connection.execute(
        "SELECT * FROM commit_states WHERE service_id = ? AND is_open ORDER BY place LIMIT 1", (service_id,)
    ).fetchone()
    if row is None:
        return None
    wanted_at = time_of(row["wanted_at"])
    assert wanted_at is not None
    return WantedState(
        row["deployment_id"], row["commit"], CommitStatus(CommitState(row["wanted"]), row["text"]), wanted_at
    )


def note_told(connection: sqlite3.Connection, wanted: WantedState) -> None:
    """Record that the host took a state. Where another is wanted meanwhile, that one stays open."""
    state = wanted.status.state.value
    connection.execute(
        "UPDATE commit_states SET told = ?, is_open = (wanted <> ?) WHERE deployment_id = ?",
        (state, state, wanted.deployment_id),
    )


def give_up(connection: sqlite3.Connection, wanted: WantedState) -> None:
    """Try a state no more. Where another is wanted meanwhile, that one stays open."""
    connection.execute(
        "UPDATE commit_states SET is_open = 0 WHERE deployment_id = ? AND wanted = ?",
        (wanted.deployment_id, wanted.status.state.value),
    )


def with_open(connection: sqlite3.Connection) -> set[str]:
    """Give the services of which something is still to be told."""
    rows = connection.execute("SELECT DISTINCT service_id FROM commit_states WHERE is_open")
    return {row["service_id"] for row in rows}
