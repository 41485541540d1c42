"""What becomes of a deployment whose job was killed: decided by a pure function, then executed.

Before SWITCH the old release still serves: the new one is taken away again. From SWITCH on the new one serves, or is
about to: going on is the quickest way to a service that runs, and if the new one fails after all, the old one is
brought back. Either way the history says which release serves.

Where only one release may run (recreate), going back ends the new one before it starts the old one again, and going on
ends the old one before it starts the new one: never both at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from godploy_server.contract import (
    Deployment,
    DeploymentId,
    DeploymentState,
    GodployError,
    NotReady,
    Problem,
    Step,
    StepState,
)
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.children import end_session
from godploy_server.deploy.deployment import (
    DOCKER_WENT_AWAY,
    STEPS,
    CancelRequest,
    DockerWentAwayError,
    deploy,
    finish,
    undo,
    with_outcome,
)
from godploy_server.deploy.steps.drain import DRAIN
from godploy_server.deploy.steps.start import START
from godploy_server.deploy.steps.switch import SWITCH
from godploy_server.ingress.files import proxy_token
from godploy_server.ingress.proxy_api import upstreams_served
from godploy_server.runtime.containers import upstreams
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.release_containers import containers_of
from godploy_server.state import deployments, releases

_under_way: Final[set[DeploymentId]] = set()
_ORDER: Final = tuple(each.step for each in STEPS)


class NewContainers(str, Enum):
    """What Docker says of the containers of the release that was being rolled out."""

    UNKNOWN = "unknown"  # Docker does not answer
    MISSING = "missing"
    INCOMPLETE = "incomplete"  # fewer than wanted, or not all running
    RUNNING = "running"


class ProxyRoute(str, Enum):
    """Which release Traefik sends requests to."""

    UNKNOWN = "unknown"  # Traefik does not answer
    NONE = "none"
    OLD = "old"
    NEW = "new"


class Action(str, Enum):
    """What to do with a deployment that its row says is running."""

    LEAVE = "leave"  # its job lives
    WAIT = "wait"  # nothing can be known or done before Docker answers
    BACK = "back"  # undo: the old release serves
    FORWARD = "forward"  # go on: the new release serves


@dataclass(frozen=True)
class Found:
    """What is true of a deployment that its row says is running."""

    job_is_alive: bool
    step: Step | None  # the last one that began; None: not even the first
    new_containers: NewContainers
    route: ProxyRoute
    is_undoing: bool = False  # that step failed or was cancelled, and what was done is being undone


def decide(found: Found) -> Action:
    """Give what to do; total over every combination.

    Visitors who are sent to the new release already count more than the row: it may lag behind by one write.
    """
    if found.job_is_alive:
        return Action.LEAVE
    if found.new_containers is NewContainers.UNKNOWN:
        return Action.WAIT
    if found.new_containers is NewContainers.MISSING or found.is_undoing:
        return Action.BACK
    has_switched = found.step is not None and _ORDER.index(found.step) >= _ORDER.index(Step.SWITCH)
    if found.route is ProxyRoute.NEW or has_switched:
        return Action.FORWARD
    return Action.BACK


async def recover(engine: Engine, job_is_alive: Callable[[DeploymentId], bool]) -> list[DeploymentId]:
    """Bring every deployment whose job is gone to an end; gives the ids of those that ended.

    Called when the agent starts and whenever a job ended without ending its deployment. What has to wait for Docker
    stays as it is: call again when Docker answers.
    """
    ended = []
    for each in deployments.in_state(engine.connection, DeploymentState.RUNNING):
        if each.id in _under_way:  # an earlier call, in another task, is at it
            continue
        is_alive = job_is_alive(each.id)
        row = deployments.find(engine.connection, each.id)  # it may have ended while another one was recovered
        if row.state.is_final:
            continue
        _under_way.add(row.id)
        try:
            if await _recover_one(engine, row, is_alive):
                ended.append(row.id)
        finally:
            _under_way.discard(row.id)
    return ended


async def _recover_one(engine: Engine, row: Deployment, is_alive: bool) -> bool:
    try:
        attempt = Attempt.load(engine, row.id)
    except GodployError as error:  # its release is gone, or cannot be read: nothing can be undone or gone on with
        return deployments.finish(engine.connection, row.id, DeploymentState.INTERRUPTED, error.problem)
    try:
        job = deployments.job_of(engine.connection, row.id)
        if not is_alive and job is not None:
            end_session(job.pid)  # its build would go on otherwise
        found = await _look(attempt, row, is_alive)
        action = decide(found)
        if action is Action.FORWARD:
            await _go_on(attempt, row)
        elif action is Action.BACK:
            await _go_back(attempt, found, row)
        if action not in (Action.FORWARD, Action.BACK):
            return False
        shutil.rmtree(engine.paths.build(row.id), ignore_errors=True)  # as the job itself does at its end
        return True
    except DockerWentAwayError:
        return False  # again
    finally:
        attempt.log.close()


async def _look(attempt: Attempt, row: Deployment, job_is_alive: bool) -> Found:
    step = row.steps[-1].step if row.steps else None
    if job_is_alive:
        return Found(True, step, NewContainers.UNKNOWN, ProxyRoute.UNKNOWN)
    is_undoing = bool(row.steps) and row.steps[-1].state in (StepState.FAILED, StepState.CANCELLED)
    return Found(False, step, await _new_containers(attempt), await _route(attempt), is_undoing)


async def _new_containers(attempt: Attempt) -> NewContainers:
    if attempt.release is None or attempt.snapshot is None:
        try:
            await attempt.engine.docker.version()
        except NotReady:
            return NewContainers.UNKNOWN
        return NewContainers.MISSING
    try:
        found = await containers_of(attempt.engine.docker, attempt.name, attempt.release)
    except NotReady:
        return NewContainers.UNKNOWN
    if not found:
        return NewContainers.MISSING
    is_whole = sum(each.is_running for each in found) >= attempt.snapshot.settings.replicas
    return NewContainers.RUNNING if is_whole else NewContainers.INCOMPLETE


async def _route(attempt: Attempt) -> ProxyRoute:
    if attempt.release is None or attempt.snapshot is None:
        return ProxyRoute.OLD
    engine = attempt.engine
    try:
        served = await upstreams_served(engine.instance.api_port, proxy_token(engine.paths), attempt.service.id)
    except OSError:
        return ProxyRoute.UNKNOWN
    if not served:
        return ProxyRoute.NONE
    new = upstreams(attempt.name, attempt.release, attempt.snapshot.settings)
    return ProxyRoute.NEW if set(served) == set(new) else ProxyRoute.OLD


async def _go_on(attempt: Attempt, row: Deployment) -> None:
    """Take the steps from START on again: they use what is there, and a probe says whether it still serves."""
    attempt.previous = await _release_to_go_back_to(attempt)
    attempt.log.say(f"{_sentence(row)}; going on where it was")
    steps = STEPS[_ORDER.index(Step.START) :]
    await deploy(attempt, CancelRequest(), steps)


async def _go_back(attempt: Attempt, found: Found, row: Deployment) -> None:
    step = found.step
    attempt.log.say(f"{_sentence(row)}; undoing it")
    begun = [] if step is None else list(STEPS[: _ORDER.index(step) + 1])
    if step is not None and _ORDER.index(step) >= _ORDER.index(Step.SWITCH):
        attempt.previous = await _release_to_go_back_to(attempt)
        begun = [each for each in begun if each not in (START, SWITCH, DRAIN)] + [START, SWITCH, DRAIN]
    await undo(attempt, begun)
    if row.is_cancelling:
        finish(attempt, DeploymentState.CANCELLED, with_outcome(attempt, None))
        return
    finish(attempt, DeploymentState.INTERRUPTED, interruption(cause_of(row), attempt.previous, attempt.outcome))


async def _release_to_go_back_to(attempt: Attempt) -> int | None:
    """Give the release that served before: the rows may name the new one already."""
    if attempt.previous is not None and not attempt.replaces_itself:
        return attempt.previous
    connection, service_id = attempt.engine.connection, attempt.service.id
    known = {each.number for each in releases.of_service(connection, service_id)}
    before = deployments.last_release(connection, service_id, attempt.deployment.number)
    if before in known and before != attempt.release:
        return before
    containers = await containers_of(attempt.engine.docker, attempt.name)
    others = [each for each in containers if each.release != attempt.release and each.release in known]
    running = [each.release for each in others if each.is_running]
    return max(running or [each.release for each in others], default=None)


def cause_of(row: Deployment) -> str:
    """Give why a deployment that did not end has no job: "its job was killed during build"."""
    if not row.steps:
        return "its job was killed during its start"
    last = row.steps[-1]
    what = DOCKER_WENT_AWAY if last.detail == DOCKER_WENT_AWAY else "its job was killed"
    return f"{what} during {last.step.value}"


def interruption(cause: str, serving: int | None, outcome: str = "") -> Problem:
    """Give what the history says of a deployment that was undone because its job is gone (`cause_of`)."""
    serves = f"release {serving} serves as before" if serving is not None else "nothing serves, as before"
    return Problem("interrupted", "The deployment was interrupted", f"{cause}; {outcome or serves}", "Deploy again")


def _sentence(row: Deployment) -> str:
    cause = cause_of(row)
    return cause[0].upper() + cause[1:]
