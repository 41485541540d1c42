"""DRAIN: requests under way on the old release finish; then its programs are ended. Its containers stay."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.probing import failure, probe_release, watch_for_crash
from godploy_server.ingress.static import THROTTLE_S
from godploy_server.ingress.switch import close_probe, open_probe
from godploy_server.runtime.containers import upstreams
from godploy_server.runtime.release_containers import containers_of, start_container, stop_containers
from godploy_server.state import releases


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
    """Start the old release's containers again and wait until they serve."""
    engine, name, previous = attempt.engine, attempt.name, attempt.previous
    if previous is None or attempt.replaces_itself:
        return
    before = releases.snapshot_of(engine.connection, engine.secrets, name.service_id, previous)
    stopped = [each for each in await containers_of(engine.docker, name, previous) if not each.is_running]
    for each in stopped:
        await start_container(engine.docker, each.id)
    if stopped and before.settings.port is not None:
        open_probe(engine, name.service_id, upstreams(name, previous, before.settings))
        try:
            await probe_release(engine, name, previous, before.settings, attempt.log.say)
        finally:
            close_probe(engine, name.service_id)


DRAIN: Final = DeploymentStep(Step.DRAIN, run, undo, is_cancellable=False)
