"""Recreate: the release that serves ends before the next one starts, and starts again if that one does not work.

For services whose volumes and ports only one may hold. There is a gap, and the log says so.
"""

from __future__ import annotations

from typing import Final

from godploy_server.contract import GodployError
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.starting import await_healthy, start_release, stop_others
from godploy_server.runtime.release_containers import containers_of, stop_containers
from godploy_server.state import deployments, services

MAKING_WAY: Final = "ending the release that served"
"""The detail of a step that may have told the old programs to end already."""


async def make_way(attempt: Attempt) -> None:
    """End whatever of the service runs besides the release that is to start."""
    number, _ = attempt.the_release()
    running = [each for each in await containers_of(attempt.engine.docker, attempt.name) if each.is_running]
    if all(each.release == number for each in running):
        return
    attempt.log.say(f"Only one release can use its volumes and ports: what runs ends before release {number} starts")
    deployments.note_step(attempt.engine.connection, attempt.deployment.id, MAKING_WAY)
    stopped = await stop_others(attempt.engine, attempt.name, number)
    names = ", ".join(each.name for each in stopped)
    attempt.log.say(f"Stopped {names}; the service is away until release {number} is healthy")


async def bring_back(attempt: Attempt) -> None:
    """Start the release that served before and wait until it is healthy; what came of it is the attempt's `outcome`.

    The new release's containers must have ended. A service that a person had stopped stays so.
    """
    engine, previous = attempt.engine, attempt.previous
    if previous is None or services.find(engine.connection, attempt.service.id).is_stopped:
        return
    try:
        if _was_making_way(attempt):
            await _await_end(attempt, previous)
        started = await start_release(engine, attempt.name, previous)
        if not started:
            return
        attempt.log.say(f"Started {', '.join(started)} again")
        await await_healthy(engine, attempt.name, previous, attempt.log.say)
    except GodployError as error:
        attempt.outcome = f"release {previous} was started again, but: {error.problem.why}"
        raise
    attempt.outcome = f"release {previous} was started again and is healthy"
    attempt.log.say(f"Release {previous} is healthy again")


def _was_making_way(attempt: Attempt) -> bool:
    steps = deployments.find(attempt.engine.connection, attempt.deployment.id).steps
    return bool(steps) and steps[-1].detail == MAKING_WAY


async def _await_end(attempt: Attempt, release: int) -> None:
    """Wait until a release's programs ended that were told to: until then Docker says that they run, and starting
    them does nothing."""
    docker = attempt.engine.docker
    containers = await containers_of(docker, attempt.name, release)
    await stop_containers(docker, [each for each in containers if each.is_running])
