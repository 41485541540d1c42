"""Deploying a service again as it is: the same image with the variables of now, so that nobody's code changes."""

from __future__ import annotations

import sqlite3

from godploy_server.contract import Deployment, DeploymentState, Trigger
from godploy_server.state import deployments, releases, services
from godploy_server.state.database import transaction


def redeploy(connection: sqlite3.Connection, service_id: str, asked_by: str) -> Deployment | None:
    """Queue a deployment of what a service runs (or is about to run) that takes its variables anew.

    One that waits already takes them as they are when its turn comes: then that one is given. None for a service that
    does not run: it was never deployed, or a person stopped it.
    """
    with transaction(connection):
        row = services.find(connection, service_id)
        waiting = [each for each in deployments.queued(connection) if each.service_id == service_id]
        fresh = next((each for each in reversed(waiting) if each.trigger is not Trigger.ROLLBACK), None)
        if fresh is not None:
            return fresh
        running = [
            each for each in deployments.in_state(connection, DeploymentState.RUNNING) if each.service_id == service_id
        ]
        if (row.release is None and not running) or row.is_stopped:
            return None
        before = (*waiting, *running)
        like = before[0] if before else None
        number = like.release if like else row.release
        if number is None:
            assert like is not None  # a first deployment on its way: the same source again
            image_id = deployments.image_id_of(connection, like.id)
            return _queued(connection, like, asked_by, image_id, like.upload)
        release = releases.find(connection, service_id, number)
        made = deployments.find(connection, release.deployment_id)
        return _queued(connection, made, asked_by, release.image_id, "")


def _queued(connection: sqlite3.Connection, like: Deployment, asked_by: str, image_id: str, upload: str) -> Deployment:
    made = deployments.enqueue(
        connection, like.service_id, Trigger.SETTINGS, asked_by, like.commit, upload=upload, image_id=image_id
    ).deployment
    deployments.set_commit(connection, made.id, like.commit, like.commit_message, like.commit_author)
    return deployments.find(connection, made.id)
