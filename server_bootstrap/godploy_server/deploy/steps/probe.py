"""PROBE: the new containers must be healthy before a visitor is sent to them."""

from __future__ import annotations

import shlex
from typing import Final

from godploy_server.contract import Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.probing import failure, probe_release, watch_for_crash


async def run(attempt: Attempt) -> str:
    """Wait until every replica is healthy; a worker, which serves nothing, must run for the settling time."""
    number, snapshot = attempt.the_release()
    chosen = snapshot.settings
    if chosen.health.command:
        attempt.log.say(f"Running the health command inside: {shlex.join(chosen.health.command)}")
        await probe_release(attempt.engine, attempt.name, number, chosen, attempt.log.say)
        return "its health command is successful"
    if chosen.port is not None:
        attempt.log.say(f"Asking GET {chosen.health.path} on port {chosen.port} through the proxy")
        await probe_release(attempt.engine, attempt.name, number, chosen, attempt.log.say)
        return f"GET {chosen.health.path} is healthy"
    crashed = await watch_for_crash(attempt.engine, attempt.name, number, chosen, chosen.rollout.settle_s, 0)
    if crashed:
        raise await failure(attempt.engine, attempt.name, number, *crashed, attempt.log.say)
    return f"ran for {chosen.rollout.settle_s} s"


PROBE: Final = DeploymentStep(Step.PROBE, run)
