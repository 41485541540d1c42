"""Commit states: what is told to a git host about the commit of a deployment, and who of the two sides tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from godploy_server.contract.entities import Deployment, DeploymentState, ServiceId, Step, Trigger
from godploy_server.contract.hooks import HookHost
from godploy_server.contract.problem import Problem

_WHOLE_HASH: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FAILED_AT: Final = {
    Step.FETCH: "Fetching the source failed",
    Step.BUILD: "The build failed",
    Step.RELEASE: "Making the release failed",
    Step.START: "Starting the new release failed",
    Step.PROBE: "The new release did not answer",
    Step.SWITCH: "Switching to the new release failed",
    Step.DRAIN: "Ending the old release failed",
    Step.SETTLE: "The new release did not stay up",
}


class CommitState(str, Enum):
    """What is told about a commit."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    STOPPED = "stopped"  # ended without a verdict on the commit: a person cancelled it, or it was interrupted


@dataclass(frozen=True)
class CommitStatus:
    """A state, and the short sentence beside it. It holds no address and nothing of the deployment's log: whoever may
    read the repository reads it."""

    state: CommitState
    text: str


def status_name(project: str, service: str) -> str:
    """Give the name under which a host shows the states of a service."""
    return f"godploy/{project}/{service}"


def status_of(deployment: Deployment) -> CommitStatus | None:
    """Give what there is to tell about a deployment's commit now; None for nothing.

    Nothing is told while a deployment waits, so that one which was replaced or cancelled there needs no end; nor of a
    rollback, which brings out a release, or before the whole hash of the commit is known.
    """
    if deployment.trigger is Trigger.ROLLBACK or not _WHOLE_HASH.fullmatch(deployment.commit):
        return None
    has_begun = deployment.started_at is not None
    match deployment.state:
        case DeploymentState.RUNNING:
            return CommitStatus(CommitState.PENDING, "Being deployed")
        case DeploymentState.SUCCEEDED:
            return CommitStatus(CommitState.SUCCESS, f"Deployed{_took(deployment)}")
        case DeploymentState.FAILED:
            step = deployment.steps[-1].step if deployment.steps else None
            return CommitStatus(CommitState.FAILURE, _FAILED_AT[step] if step else "The deployment failed")
        case DeploymentState.CANCELLED if has_begun:
            return CommitStatus(CommitState.STOPPED, "Cancelled")
        case DeploymentState.INTERRUPTED if has_begun:
            return CommitStatus(CommitState.STOPPED, "Interrupted")
        case _:
            return None


def _took(deployment: Deployment) -> str:
    if deployment.started_at is None or deployment.ended_at is None:
        return ""
    seconds = max(0, round((deployment.ended_at - deployment.started_at).total_seconds()))
    return f" in {seconds // 60} min {seconds % 60} s" if seconds >= 60 else f" in {seconds} s"


@dataclass(frozen=True)
class ToldState:
    """The newest state that a host took."""

    at: datetime
    commit: str
    state: CommitState


@dataclass(frozen=True)
class StatusWriter:
    """How the server itself tells the states of a service's commits, with a token of its own that is never shown.

    `api` is the address of the host's API, `repository` its full name there. `problem` says why the newest state was
    not taken; `waiting` counts the states that are still tried.
    """

    service_id: ServiceId
    host: HookHost
    api: str
    repository: str
    name: str
    allows_http: bool
    told: ToldState | None = None
    problem: Problem | None = None
    waiting: int = 0


@dataclass(frozen=True)
class SetStatusWriter:
    """Let the server tell states, or change what is named. `token` "" keeps the one that is stored, which is possible
    only while `api` stays the same: a stored token goes to no other address than the one it was given for.

    `name` "" is that of `status_name`. http:// is for the loopback, and for others only with `allows_http`.
    """

    host: HookHost
    api: str
    repository: str
    token: str = field(default="", repr=False)
    name: str = ""
    allows_http: bool = False
