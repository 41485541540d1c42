"""DRAIN: requests under way on the old release finish; then its programs are ended. Its containers stay."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.probing import failure, watch_for_crash
from godploy_server.deploy.starting import await_healthy, start_release
from godploy_server.ingress.static import THROTTLE_S
from godploy_server.runtime.release_containers import containers_of, stop_containers


async def run(attempt: Attempt) -> str:
    """Let requests finish, then stop whatever of the service runs besides the release."""
    engine, name = attempt.engine, attempt.name
    number, snapshot = attempt.the_release()
    rollout = snapshot.settings.rollout
    old = [each for each in await containers_of(engine.docker, name) if each.release != number and each.is_running]
    if not old:
        return "nothing to drain"
    if snapshot.settings.port is not None:
        attempt.log.say(f"Letting requests on the old release finish for {rollout.drain_s} s")
        # Twice the throttle: the time in which the proxy may still have used the old route.
        for_s = rollout.drain_s + 2 * THROTTLE_S
        crashed = await watch_for_crash(engine, name, number, snapshot.settings, for_s, 0)
        if crashed:
            raise await failure(engine, name, number, *crashed, attempt.log.say)
    await stop_containers(engine.docker, old)
    stopped = ", ".join(each.name for each in old)
    attempt.log.say(f"Stopped {stopped}; kept to go back to")
    return f"stopped {stopped}"


async def undo(attempt: Attempt) -> None:
    """Start the old release's containers again and wait until they serve.

    Where only one release may run, undoing START does this: after the new one ended.
    """
    engine, name, previous = attempt.engine, attempt.name, attempt.previous
    if previous is None or attempt.replaces_itself or attempt.is_recreated:
        return
    if await start_release(engine, name, previous):
        await await_healthy(engine, name, previous, attempt.log.say)


DRAIN: Final = DeploymentStep(Step.DRAIN, run, undo, is_cancellable=False)
