"""Deploying a service again with the variables of now and the image that it runs, so that nobody's code changes."""

from __future__ import annotations

import sqlite3
from typing import Final

from godploy_server.contract import Deployment, DeploymentFailed, DeploymentState, Trigger
from godploy_server.state import deployments, releases, services
from godploy_server.state.database import transaction

THE_SERVING_IMAGE: Final = "serving"
"""In place of an image's id: the one of the release that serves when the deployment begins. Known only then, because
another deployment may be under way when this one is asked for."""


def redeploy(connection: sqlite3.Connection, service_id: str, asked_by: str) -> Deployment | None:
    """Queue a deployment that takes a service's variables anew and keeps its image.

    One that waits already takes the variables as they are when its turn comes: then that one is given. Where the
    source itself was changed since the release that serves, it is a deployment as a person would ask for. None for a
    service that does not run: it was never deployed, or a person stopped it.
    """
    with transaction(connection):
        row = services.find(connection, service_id)
        waiting = [each for each in deployments.queued(connection) if each.service_id == service_id]
        fresh = next((each for each in reversed(waiting) if each.trigger is not Trigger.ROLLBACK), None)
        if fresh is not None:
            return fresh
        running = deployments.in_state(connection, DeploymentState.RUNNING)
        is_running = any(each.service_id == service_id for each in running)
        if row.is_stopped or (row.release is None and not is_running):
            return None
        image_id = THE_SERVING_IMAGE
        if row.release is not None:
            served = releases.settings_of(connection, service_id, row.release)
            if (served.source, served.builder) != (row.settings.source, row.settings.builder):
                image_id = ""
        return deployments.enqueue(connection, service_id, Trigger.SETTINGS, asked_by, image_id=image_id).deployment


def take_serving_image(connection: sqlite3.Connection, deployment: Deployment, serving: int | None) -> str:
    """Give the id of the image that a redeployment keeps, and record the commit that it was built from.

    `serving` is the release that serves. Raises DeploymentFailed if none does.
    """
    if serving is None:
        raise DeploymentFailed(
            "There is nothing to deploy again", "no release of this service serves", "Deploy it from its source"
        )
    release = releases.find(connection, deployment.service_id, serving)
    made = next(
        (
            each
            for each in deployments.of_service(connection, deployment.service_id)
            if each.id == release.deployment_id
        ),
        None,  # its history was trimmed
    )
    author = made.commit_author if made else ""
    deployments.set_commit(connection, deployment.id, release.commit, release.commit_message, author)
    return release.image_id
