"""Rows of deployments: the durable queue and the history.

A deployment moves queued > running > final, or from queued straight to a final state. Each move is one statement that
names the state it leaves, so that of two processes that try it one wins.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from godploy_server.contract.building import BuildPlan, GitSource
from godploy_server.contract.entities import (
    Deployment,
    DeploymentId,
    DeploymentState,
    ServiceId,
    Step,
    StepRecord,
    StepState,
    Trigger,
)
from godploy_server.contract.problem import NotFound, Problem
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state import services
from godploy_server.state.database import new_id, now, time_of, transaction

_SELECT: Final = (
    "SELECT deployments.*, (SELECT count(*) FROM deployments AS ahead"
    " WHERE ahead.state = 'queued' AND ahead.place < deployments.place) AS ahead FROM deployments"
)
_QUEUED, _RUNNING = DeploymentState.QUEUED.value, DeploymentState.RUNNING.value


@dataclass(frozen=True)
class Job:
    """The process that runs a deployment: its pid (also its process group) and `processes.start_of` that pid."""

    deployment_id: DeploymentId
    pid: int
    started: str


@dataclass(frozen=True)
class Enqueued:
    """A new deployment and the waiting one that it took the place of."""

    deployment: Deployment
    superseded: Deployment | None


def enqueue(
    connection: sqlite3.Connection,
    service_id: str,
    trigger: Trigger,
    asked_by: str,
    commit: str = "",
    release: int | None = None,
    *,
    upload: str = "",
    image_id: str = "",
) -> Enqueued:
    """Write a deployment at the end of the queue; a waiting one of the same service and branch ends as superseded.

    `release` is the release to go back to, for a rollback only: a rollback takes the place of a waiting rollback
    alone, and a waiting rollback that of no deployment. `upload` and `image_id` as in the request (`Deploy`).
    """
    with transaction(connection):
        branch = "" if trigger is Trigger.ROLLBACK else asked_branch(services.find(connection, service_id).settings)
        waiting = connection.execute(
            "SELECT id FROM deployments WHERE service_id = ? AND state = ? AND branch = ?"
            """ AND ("trigger" = 'rollback') = ?""",
            (service_id, _QUEUED, branch, trigger is Trigger.ROLLBACK),
        ).fetchone()
        number = _next_number(connection, service_id)
        if waiting:
            _supersede(connection, waiting["id"], branch, number)
        row_id = new_id()
        connection.execute(
            'INSERT INTO deployments (id, service_id, number, state, "trigger", asked_by, "commit", "release",'
            " branch, upload, image_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row_id, service_id, number, _QUEUED, trigger.value, asked_by, commit, release,
                branch, upload, image_id, now().isoformat(),
            ),
        )  # fmt: skip
        return Enqueued(find(connection, row_id), find(connection, waiting["id"]) if waiting else None)


def asked_branch(settings: ServiceSettings) -> str:
    """Give what of its repository a service deploys: commit, tag or branch; "" where the source is no repository."""
    source = settings.source
    return source.commit or source.tag or source.branch if isinstance(source, GitSource) else ""


def _next_number(connection: sqlite3.Connection, service_id: str) -> int:
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM deployments WHERE service_id = ?", (service_id,)
    ).fetchone()
    return int(row[0])


def _supersede(connection: sqlite3.Connection, deployment_id: str, branch: str, by: int) -> None:
    problem = Problem(
        "superseded",
        "The deployment was replaced while it waited",
        f"deployment {by}{f' of the same branch ({branch})' if branch else ''} is newer and took its place",
        f"See deployment {by}",
    )
    _leave_queue(connection, deployment_id, DeploymentState.SUPERSEDED)
    connection.execute(
        "UPDATE deployments SET superseded_by = ?, problem = ? WHERE id = ?",
        (by, json.dumps(to_json(problem)), deployment_id),
    )


def find(connection: sqlite3.Connection, deployment_id: str) -> Deployment:
    """Give a deployment. Raises NotFound."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (deployment_id,)).fetchone()
    if row is None:
        raise NotFound(
            "There is no such deployment", f"no deployment has the id {deployment_id}", "Look at the service's history"
        )
    return _deployment(row)


def of_service(
    connection: sqlite3.Connection, service_id: str, before: int | None = None, limit: int = 50
) -> list[Deployment]:
    """Give a service's deployments, the newest first; `before` leaves out that number and later ones."""
    rows = connection.execute(
        f"{_SELECT} WHERE service_id = ? AND (? IS NULL OR number < ?) ORDER BY number DESC LIMIT ?",
        (service_id, before, before, limit),
    )
    return [_deployment(row) for row in rows]


def is_final(connection: sqlite3.Connection, deployment_id: str) -> bool:
    """Whether a deployment ended, or is gone."""
    row = connection.execute("SELECT state FROM deployments WHERE id = ?", (deployment_id,)).fetchone()
    return row is None or DeploymentState(row["state"]).is_final


def ids_of_service(connection: sqlite3.Connection, service_id: str) -> list[str]:
    """Give the ids of all deployments of a service."""
    return [row["id"] for row in connection.execute("SELECT id FROM deployments WHERE service_id = ?", (service_id,))]


def trim(connection: sqlite3.Connection, service_id: str, kept: int) -> list[str]:
    """Forget all but the newest `kept` deployments of a service; gives the ids of those that went.

    One that did not end, or made a release that can still be rolled back to, stays.
    """
    with transaction(connection):
        rows = connection.execute(
            "SELECT id FROM deployments WHERE service_id = ? AND state NOT IN (?, ?) AND number <="
            " (SELECT max(number) FROM deployments WHERE service_id = ?) - ?"
            " AND id NOT IN (SELECT deployment_id FROM releases WHERE service_id = ?)",
            (service_id, _QUEUED, _RUNNING, service_id, kept, service_id),
        )
        outdated = [row["id"] for row in rows]
        connection.executemany("DELETE FROM deployments WHERE id = ?", ((each,) for each in outdated))
    return outdated


def in_state(connection: sqlite3.Connection, state: DeploymentState) -> list[Deployment]:
    """Give all deployments in a state, in the order of the queue."""
    return [_deployment(row) for row in connection.execute(f"{_SELECT} WHERE state = ? ORDER BY place", (state.value,))]


def queued(connection: sqlite3.Connection) -> list[Deployment]:
    """Give the deployments that wait, in order."""
    return in_state(connection, DeploymentState.QUEUED)


def runnable(connection: sqlite3.Connection, builds_at_once: int, starting: Collection[str] = ()) -> list[Deployment]:
    """Give the queued deployments that may begin now, in order; `starting` (ids) have a job on its way to `begin`.

    At most one a service, in the order they were asked for, and no more builds than `builds_at_once` together with
    those that run. A rollback builds nothing, so it waits for its own service only.
    """
    waiting = queued(connection)
    running = in_state(connection, DeploymentState.RUNNING) + [each for each in waiting if each.id in starting]
    busy = {each.service_id for each in running}
    free = builds_at_once - sum(each.trigger is not Trigger.ROLLBACK for each in running)
    chosen = []
    for each in waiting:
        if each.service_id in busy:
            continue
        busy.add(each.service_id)
        if each.trigger is not Trigger.ROLLBACK:
            if free <= 0:
                continue
            free -= 1
        chosen.append(each)
    return chosen


def begin(connection: sqlite3.Connection, deployment_id: str, pid: int, started: str) -> bool:
    """Take a queued deployment for the job process `pid`. False: it is not queued any more, or its service is busy.

    A job calls this before anything else and exits when it gets False.
    """
    taken = connection.execute(
        "UPDATE OR IGNORE deployments SET state = ?, started_at = ?, job_pid = ?, job_started = ?"
        " WHERE id = ? AND state = ?",
        (_RUNNING, now().isoformat(), pid, started, deployment_id, _QUEUED),
    )
    return taken.rowcount == 1


def last_release(connection: sqlite3.Connection, service_id: str, before: int) -> int | None:
    """Give the release that the newest successful deployment before number `before` brought, None if none did."""
    row = connection.execute(
        'SELECT "release" FROM deployments WHERE service_id = ? AND number < ? AND state = ?'
        " ORDER BY number DESC LIMIT 1",
        (service_id, before, DeploymentState.SUCCEEDED.value),
    ).fetchone()
    return None if row is None else row["release"]


def job_of(connection: sqlite3.Connection, deployment_id: str) -> Job | None:
    """Give the process that runs, or ran, a deployment."""
    row = connection.execute("SELECT job_pid, job_started FROM deployments WHERE id = ?", (deployment_id,)).fetchone()
    if row is None or row["job_pid"] is None:
        return None
    return Job(DeploymentId(deployment_id), row["job_pid"], row["job_started"])


def request_cancel(connection: sqlite3.Connection, deployment_id: str) -> Deployment:
    """Cancel a waiting deployment at once; mark a running one, whose job must then be told. Leaves final ones."""
    with transaction(connection):
        _leave_queue(connection, deployment_id, DeploymentState.CANCELLED)
        connection.execute(
            "UPDATE deployments SET cancel_requested = 1 WHERE id = ? AND state = ?", (deployment_id, _RUNNING)
        )
        return find(connection, deployment_id)


def is_cancelling(connection: sqlite3.Connection, deployment_id: str) -> bool:
    """Whether a person asked to cancel this deployment while it ran."""
    row = connection.execute("SELECT cancel_requested FROM deployments WHERE id = ?", (deployment_id,)).fetchone()
    return row is not None and bool(row["cancel_requested"])


def begin_step(connection: sqlite3.Connection, deployment_id: str, step: Step) -> None:
    """Record that a step began. A step that ran before (and was interrupted) gets a second record."""
    with transaction(connection):
        steps = (*find(connection, deployment_id).steps, StepRecord(step, StepState.RUNNING, now()))
        _set_steps(connection, deployment_id, steps, step)


def end_step(
    connection: sqlite3.Connection, deployment_id: str, step: Step, state: StepState, detail: str = ""
) -> None:
    """Record how the newest run of a step ended. Without a `detail` it keeps the one that it has."""
    with transaction(connection):
        steps = list(find(connection, deployment_id).steps)
        for index in reversed(range(len(steps))):
            if steps[index].step is step:
                known = steps[index].detail
                steps[index] = replace(steps[index], state=state, ended_at=now(), detail=detail or known)
                break
        _set_steps(connection, deployment_id, steps, step)


def note_step(connection: sqlite3.Connection, deployment_id: str, detail: str) -> None:
    """Write down what the step under way is about to do, so that whoever undoes it knows."""
    with transaction(connection):
        *before, last = find(connection, deployment_id).steps
        _set_steps(connection, deployment_id, [*before, replace(last, detail=detail)], last.step)


def set_commit(connection: sqlite3.Connection, deployment_id: str, commit: str, message: str, author: str) -> None:
    """Record which commit is deployed: full hash, first line of its message, its author's name."""
    connection.execute(
        'UPDATE deployments SET "commit" = ?, commit_message = ?, commit_author = ? WHERE id = ?',
        (commit, message, author, deployment_id),
    )


def set_sent(connection: sqlite3.Connection, deployment_id: str, upload: str, image_id: str) -> None:
    """Record what was sent for the deployment that it is made from: an upload, or an image built elsewhere."""
    connection.execute(
        "UPDATE deployments SET upload = ?, image_id = ? WHERE id = ?", (upload, image_id, deployment_id)
    )


def set_release(connection: sqlite3.Connection, deployment_id: str, number: int) -> None:
    """Record which release the deployment made."""
    connection.execute('UPDATE deployments SET "release" = ? WHERE id = ?', (number, deployment_id))


def set_branch(connection: sqlite3.Connection, deployment_id: str, branch: str) -> None:
    """Record which branch is deployed, where it is another one than was asked for."""
    connection.execute("UPDATE deployments SET branch = ? WHERE id = ?", (branch, deployment_id))


def set_plan(connection: sqlite3.Connection, deployment_id: str, plan: BuildPlan) -> None:
    """Record how the source is built."""
    connection.execute("UPDATE deployments SET plan = ? WHERE id = ?", (json.dumps(to_json(plan)), deployment_id))


def image_id_of(connection: sqlite3.Connection, deployment_id: str) -> str:
    """Give the image that the desktop built for a deployment, "" where the server builds."""
    row = connection.execute("SELECT image_id FROM deployments WHERE id = ?", (deployment_id,)).fetchone()
    return "" if row is None else str(row["image_id"])


def finish(
    connection: sqlite3.Connection, deployment_id: str, state: DeploymentState, problem: Problem | None = None
) -> bool:
    """End a queued or running deployment; whether it was one. A step still open ends as interrupted, failed or
    cancelled like its deployment."""
    open_step = {DeploymentState.FAILED: StepState.FAILED, DeploymentState.CANCELLED: StepState.CANCELLED}
    with transaction(connection):
        deployment = find(connection, deployment_id)
        if deployment.state.is_final:
            return False
        ended = now()
        steps = [
            replace(each, state=open_step.get(state, StepState.INTERRUPTED), ended_at=ended)
            if each.state is StepState.RUNNING
            else each
            for each in deployment.steps
        ]
        connection.execute(
            "UPDATE deployments SET state = ?, ended_at = ?, problem = ?, steps = ?, cancel_requested = 0 WHERE id = ?",
            (
                state.value,
                ended.isoformat(),
                None if problem is None else json.dumps(to_json(problem)),
                json.dumps(to_json(steps)),
                deployment_id,
            ),
        )
    return True


def _leave_queue(connection: sqlite3.Connection, deployment_id: str, state: DeploymentState) -> None:
    connection.execute(
        "UPDATE deployments SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
        (state.value, now().isoformat(), deployment_id, _QUEUED),
    )


def _set_steps(
    connection: sqlite3.Connection, deployment_id: str, steps: list[StepRecord] | tuple[StepRecord, ...], step: Step
) -> None:
    connection.execute(
        "UPDATE deployments SET steps = ?, step = ? WHERE id = ?",
        (json.dumps(to_json(steps)), step.value, deployment_id),
    )


def _deployment(row: sqlite3.Row) -> Deployment:
    created_at = time_of(row["created_at"])
    assert created_at is not None
    state = DeploymentState(row["state"])
    return Deployment(
        id=DeploymentId(row["id"]),
        service_id=ServiceId(row["service_id"]),
        number=row["number"],
        state=state,
        trigger=Trigger(row["trigger"]),
        asked_by=row["asked_by"],
        created_at=created_at,
        started_at=time_of(row["started_at"]),
        ended_at=time_of(row["ended_at"]),
        steps=tuple(from_json(StepRecord, each) for each in json.loads(row["steps"])),
        commit=row["commit"],
        commit_message=row["commit_message"],
        commit_author=row["commit_author"],
        release=row["release"],
        branch=row["branch"],
        superseded_by=row["superseded_by"],
        upload=row["upload"],
        queue_position=row["ahead"] if state is DeploymentState.QUEUED else None,
        is_cancelling=bool(row["cancel_requested"]),
        problem=None if row["problem"] is None else from_json(Problem, json.loads(row["problem"])),
        plan=None if row["plan"] is None else from_json(BuildPlan, json.loads(row["plan"])),
    )
