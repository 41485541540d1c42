"""FETCH: the source's files at one exact state, or the image that a service runs from."""

from __future__ import annotations

import shutil
from typing import Final

from godploy_server.contract import ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.sources.fetching import fetch_files
from godploy_server.deploy.sources.git_process import cache_to_itself, remove_leftovers
from godploy_server.deploy.sources.image import pull_image, require_built_image
from godploy_server.state import deployments


async def run(attempt: Attempt) -> str:
    """Fetch what the service is made from; gives the commit, the name of what was sent, or the pinned image."""
    engine, deployment = attempt.engine, attempt.deployment
    source = attempt.service.settings.source
    if isinstance(source, ImageSource):
        attempt.image, attempt.image_id = await pull_image(engine, source, attempt.log)
        return attempt.image
    if image_id := deployments.image_id_of(engine.connection, deployment.id):
        attempt.image_id = await require_built_image(engine, attempt.service.id, image_id)
        return "an image that was built from the folder"
    fetched = await fetch_files(
        engine,
        attempt.service,
        attempt.source_folder,
        attempt.log,
        commit=deployment.commit,
        upload=deployment.upload,
    )
    deployments.set_commit(engine.connection, deployment.id, fetched.commit, fetched.subject, fetched.author)
    attempt.deployment = deployments.find(engine.connection, deployment.id)
    attempt.log.deployment_changed()
    return fetched.detail


async def undo(attempt: Attempt) -> None:
    """Remove the fetched files. The cache of the repository stays for the next time, without half a fetch in it."""
    shutil.rmtree(attempt.engine.paths.build(attempt.deployment.id), ignore_errors=True)
    cache = attempt.engine.paths.git(attempt.service.id)
    async with cache_to_itself(cache, waits=False) as is_ours:
        if is_ours:
            remove_leftovers(cache)


FETCH: Final = DeploymentStep(Step.FETCH, run, undo, for_rollback=False)
