"""Deployments, releases, rollbacks and logs."""

from __future__ import annotations

import re
from typing import Final

from godploy_server.access.actor import printable
from godploy_server.agent.agent import Agent
from godploy_server.agent.checks import check_commit
from godploy_server.agent.container_logs import service_logs, shown
from godploy_server.agent.messages import BYTES, Answer, Json, Request, Stream
from godploy_server.agent.router import Route
from godploy_server.contract import BadInput, Conflict, Deploy, Deployment, DeploymentState, NotReady, RollBack, Trigger
from godploy_server.state import deployments, releases, services
from godploy_server.state.database import transaction
from godploy_server.watch.container_facts import ContainerFacts

_MOST_LINES: Final = 10_000
_LARGEST: Final = 2**53
_IMAGE_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
_UPLOAD_ID: Final = re.compile(r"[0-9a-f]{1,64}")


async def of_service(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/deployments."""
    service_id = services.find(agent.connection, request.id).id
    before = request.number("before", 0, _LARGEST) or None
    return Json(deployments.of_service(agent.connection, service_id, before))


async def deploy(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/deployments."""
    from godploy_server.deploy.sources.sent import what_was_sent

    wanted = request.value(Deploy)
    service = services.find(agent.connection, request.id)
    if wanted.trigger is Trigger.ROLLBACK:
        raise BadInput("The request cannot be used", "trigger: a rollback has its own request", "Roll back instead")
    commit = check_commit(wanted.commit)
    _check_handed_over(wanted)
    sent = what_was_sent(agent.engine, service, wanted.upload, wanted.image_id)
    asked_by = printable(wanted.asked_by) or request.actor.name
    enqueued = deployments.enqueue(
        agent.connection, service.id, wanted.trigger, asked_by, commit, upload=sent.upload, image_id=sent.image_id
    )
    if wanted.build_log:  # before anybody can start the job, which goes on writing behind it
        agent.paths.log(enqueued.deployment.id).write_text(wanted.build_log, encoding="utf-8", newline="")
    return _start(agent, enqueued)


async def roll_back(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/rollback."""
    wanted = request.value(RollBack)
    service = services.find(agent.connection, request.id)
    release = releases.find(agent.connection, service.id, wanted.release)
    if release.is_serving:
        raise Conflict(
            f"There is nothing to roll back: release {release.number} serves already",
            "a rollback goes to another release than the one that serves",
            "Choose an earlier release, or restart the service",
        )
    asked_by = printable(wanted.asked_by) or request.actor.name
    with transaction(agent.connection):
        enqueued = deployments.enqueue(agent.connection, service.id, Trigger.ROLLBACK, asked_by, release=release.number)
        author = deployments.find(agent.connection, release.deployment_id).commit_author
        deployments.set_commit(agent.connection, enqueued.deployment.id, release.commit, release.commit_message, author)
    return _start(agent, enqueued)


async def queue(agent: Agent, _: Request) -> Answer:
    """GET /v1/queue."""
    running = deployments.in_state(agent.connection, DeploymentState.RUNNING)
    return Json([*running, *deployments.queued(agent.connection)])


async def find(agent: Agent, request: Request) -> Answer:
    """GET /v1/deployments/{id}."""
    return Json(deployments.find(agent.connection, request.id))


async def cancel(agent: Agent, request: Request) -> Answer:
    """POST /v1/deployments/{id}/cancel."""
    deployment = deployments.find(agent.connection, request.id)
    if deployment.state.is_final:
        raise Conflict(
            f"Deployment {deployment.number} cannot be cancelled",
            f"it ended already: {deployment.state.value}",
            "To undo it, roll back to an earlier release",
        )
    return Json(agent.jobs.cancel(deployment.id))


async def log(agent: Agent, request: Request) -> Answer:
    """GET /v1/deployments/{id}/log."""
    deployment = deployments.find(agent.connection, request.id)
    offset = request.number("offset", 0, _LARGEST)
    follow = request.flag("follow", True)

    def is_over() -> bool:
        return not follow or agent.shutdown.is_set() or _is_final(agent, deployment)

    path = agent.paths.log(deployment.id)
    return Stream(agent.log_growth.follow(deployment.id, path, offset, is_over), BYTES)


async def every_release(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/releases."""
    service = services.find(agent.connection, request.id)
    instant = {each.release for each in agent.docker.of_service(service.id)}
    return Json(releases.of_service(agent.connection, service.id, instant))


async def logs(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/logs: of the release that serves and of every other container that runs."""
    service = services.find(agent.connection, request.id)
    if not agent.docker.answers:
        why = agent.docker.problem.why if agent.docker.problem else "it was not asked yet"
        raise NotReady("The log cannot be read", f"Docker does not answer: {why}", "Try again when Docker runs")
    tail = request.number("tail", 200, _MOST_LINES)

    def containers() -> list[ContainerFacts]:
        known = releases.of_service(agent.connection, service.id)
        serving = next((each.number for each in known if each.is_serving), None)
        return shown(agent.docker.of_service(service.id), serving)

    chunks = service_logs(
        agent.engine.docker,
        containers,
        agent.containers_changed,
        tail,
        request.flag("follow", True),
    )
    return Stream(chunks)


def _check_handed_over(wanted: Deploy) -> None:
    expectations = (
        ("image_id", not wanted.image_id or _IMAGE_ID.fullmatch(wanted.image_id), "the id of an image, sha256:..."),
        ("upload", not wanted.upload or _UPLOAD_ID.fullmatch(wanted.upload), "the id of an upload"),
        ("image_id", not (wanted.image_id and wanted.upload), "absent where there is an upload"),
    )
    for path, is_right, expected in expectations:
        if not is_right:
            raise BadInput("The request cannot be used", f"{path}: should be {expected}", "Correct the value")


def _is_final(agent: Agent, deployment: Deployment) -> bool:
    return deployments.is_final(agent.connection, deployment.id)


def _start(agent: Agent, enqueued: deployments.Enqueued) -> Answer:
    if enqueued.superseded:
        agent.publish_deployment(enqueued.superseded.id)
    agent.publish_deployment(enqueued.deployment.id)
    agent.jobs.wake()
    return Json(deployments.find(agent.connection, enqueued.deployment.id), 201)


ROUTES: Final = (
    Route("GET", "/v1/services/{id}/deployments", of_service, ("before",)),
    Route("POST", "/v1/services/{id}/deployments", deploy),
    Route("GET", "/v1/queue", queue),
    Route("GET", "/v1/deployments/{id}", find),
    Route("POST", "/v1/deployments/{id}/cancel", cancel),
    Route("GET", "/v1/deployments/{id}/log", log, ("offset", "follow")),
    Route("GET", "/v1/services/{id}/releases", every_release),
    Route("POST", "/v1/services/{id}/rollback", roll_back),
    Route("GET", "/v1/services/{id}/logs", logs, ("tail", "follow")),
)
