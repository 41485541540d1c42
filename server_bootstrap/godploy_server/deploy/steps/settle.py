"""SETTLE: the new release must go on running for a while. Then releases that nobody keeps are removed."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.probing import failure, watch_for_crash
from godploy_server.deploy.retention import remove_old_releases


async def run(attempt: Attempt) -> str:
    """Watch the release for the settling time; gives what was removed after it."""
    number, snapshot = attempt.the_release()
    settle_s = snapshot.settings.rollout.settle_s
    crashed = await watch_for_crash(attempt.engine, attempt.name, number, snapshot.settings, settle_s, 0)
    if crashed:
        raise await failure(attempt.engine, attempt.name, number, *crashed, attempt.log.say)
    removed = await remove_old_releases(attempt.engine, attempt.name)
    if not removed:
        return f"ran for {settle_s} s"
    attempt.log.say(f"Removed release {', '.join(map(str, removed))}: more than the server keeps")
    return f"removed release {', '.join(map(str, removed))}"


SETTLE: Final = DeploymentStep(Step.SETTLE, run, is_cancellable=False)
