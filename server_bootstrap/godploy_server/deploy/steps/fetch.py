"""FETCH: the source's files at one exact state, or the image that a service runs from."""

from __future__ import annotations

import shutil
from typing import Final

from godploy_server.contract import ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.locking import alone_in
from godploy_server.deploy.redeploying import THE_SERVING_IMAGE, take_serving_image
from godploy_server.deploy.sources.fetching import fetch_files
from godploy_server.deploy.sources.git_process import remove_leftovers
from godploy_server.deploy.sources.image import pull_image, require_own_image
from godploy_server.deploy.sources.sent import what_was_sent
from godploy_server.state import deployments


async def run(attempt: Attempt) -> str:
    """Fetch what the service is made from; gives the commit, the name of what was sent, or the pinned image."""
    engine, deployment = attempt.engine, attempt.deployment
    source = attempt.service.settings.source
    named = deployments.image_id_of(engine.connection, deployment.id)
    if named == THE_SERVING_IMAGE:
        named = take_serving_image(engine.connection, deployment, attempt.previous)
        attempt.deployment = deployments.find(engine.connection, deployment.id)
    sent = what_was_sent(engine, attempt.service, deployment.upload, named)
    deployments.set_sent(engine.connection, deployment.id, sent.upload, sent.image_id)
    if sent.image_id:
        if not named:
            attempt.log.say("Taking the image that was built from the folder last")
        attempt.image_id = await require_own_image(engine, attempt.service.id, sent.image_id)
        return "an image that is here already"
    if isinstance(source, ImageSource):
        attempt.image, attempt.image_id = await pull_image(engine, source, attempt.log)
        return attempt.image
    attempt.ask_about_docker()  # the build wants to know, and this takes a while
    fetched = await fetch_files(
        engine,
        attempt.service,
        attempt.source_folder,
        attempt.log,
        commit=deployment.commit,
        upload=sent.upload,
    )
    deployments.set_commit(engine.connection, deployment.id, fetched.commit, fetched.subject, fetched.author)
    attempt.deployment = deployments.find(engine.connection, deployment.id)
    attempt.log.deployment_changed()
    return fetched.detail


async def undo(attempt: Attempt) -> None:
    """Remove the fetched files. The cache of the repository stays for the next time, without half a fetch in it."""
    shutil.rmtree(attempt.engine.paths.build(attempt.deployment.id), ignore_errors=True)
    cache = attempt.engine.paths.git(attempt.service.id)
    async with alone_in(cache, waits=False) as is_ours:
        if is_ours:
            remove_leftovers(cache)


FETCH: Final = DeploymentStep(Step.FETCH, run, undo, for_rollback=False)
