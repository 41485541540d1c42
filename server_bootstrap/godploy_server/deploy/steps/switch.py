"""SWITCH: visitors are sent to the new release. From here on a deployment goes forward, or back as a whole."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.ingress.switch import close_probe, switch_to
from godploy_server.runtime.containers import upstreams
from godploy_server.state import releases, services


async def run(attempt: Attempt) -> str:
    """Route the service to the release and record that it serves."""
    engine = attempt.engine
    number, snapshot = attempt.the_release()
    targets = upstreams(attempt.name, number, snapshot.settings)
    if targets or attempt.previous is not None:
        await switch_to(engine, attempt.service.id, targets)
    releases.set_serving(engine.connection, attempt.service.id, number)
    services.set_stopped(engine.connection, attempt.service.id, False)
    close_probe(engine, attempt.service.id)
    attempt.log.say(f"Release {number} serves")
    return f"release {number} serves"


async def undo(attempt: Attempt) -> None:
    """Route the service back to the release that served before, or to none."""
    engine = attempt.engine
    if attempt.replaces_itself:
        return
    targets: tuple[str, ...] = ()
    if attempt.previous is not None:
        before = releases.snapshot_of(engine.connection, engine.secrets, attempt.service.id, attempt.previous)
        targets = upstreams(attempt.name, attempt.previous, before.settings)
    await switch_to(engine, attempt.service.id, targets)
    releases.set_serving(engine.connection, attempt.service.id, attempt.previous)
    attempt.log.say(f"Back on release {attempt.previous}" if attempt.previous else "Nothing serves")


SWITCH: Final = DeploymentStep(Step.SWITCH, run, undo, is_cancellable=False)
