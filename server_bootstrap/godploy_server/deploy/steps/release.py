"""RELEASE: the image and the exact configuration that it will run with, under one number, immutable."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import DeploymentFailed, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.runtime.images import find_image
from godploy_server.state import releases, variables
from godploy_server.state.releases import ReleaseSnapshot


async def run(attempt: Attempt) -> str:
    """Write the release; gives its number and the image's id."""
    engine, service, deployment = attempt.engine, attempt.service, attempt.deployment
    assert attempt.release is not None
    found = await find_image(engine.docker, attempt.name.image(attempt.release))
    if found is None:
        raise DeploymentFailed("The image that was built is gone", "something on the server removed it", "Deploy again")
    attempt.image_id = found["Id"]
    environment = variables.environment(engine.connection, engine.secrets, service.id)
    release = releases.create(
        engine.connection,
        engine.secrets,
        service.id,
        deployment.id,
        attempt.image,
        attempt.image_id,
        deployment.commit,
        deployment.commit_message,
        ReleaseSnapshot(service.settings, environment, service.config_version),
        attempt.release,
    )
    attempt.take_release(release.number)
    attempt.log.say(f"Release {release.number}: {attempt.image_id}")
    return f"release {release.number}"


async def undo(attempt: Attempt) -> None:
    """Forget the release: it never served, so nobody can go back to it."""
    if attempt.release is not None and not attempt.is_rollback:
        releases.delete(attempt.engine.connection, attempt.service.id, attempt.release)


RELEASE: Final = DeploymentStep(Step.RELEASE, run, undo, for_rollback=False)
