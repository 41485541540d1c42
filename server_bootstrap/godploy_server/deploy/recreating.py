"""Recreate: the release that serves ends before the next one starts, and starts again if that one does not work.

For services whose volumes and ports only one may hold. There is a gap, and the log says so.
"""

from __future__ import annotations

from godploy_server.contract import GodployError
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.starting import await_healthy, start_release, stop_others
from godploy_server.state import services


async def make_way(attempt: Attempt) -> None:
    """End whatever of the service runs besides the release that is to start."""
    number, _ = attempt.the_release()
    attempt.log.say(f"Only one release can use its volumes and ports: what runs ends before release {number} starts")
    stopped = await stop_others(attempt.engine, attempt.name, number)
    if stopped:
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
