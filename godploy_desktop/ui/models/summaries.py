"""What pages show of many things at once: the state of a project, the totals of all servers. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from godploy_desktop.ui.models import words
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import Deployment, DeploymentState, Service, ServiceState

_WORST_FIRST: Final = (
    ServiceState.CRASHED,
    ServiceState.UNHEALTHY,
    ServiceState.DEGRADED,
    ServiceState.STARTING,
    ServiceState.UNKNOWN,
    ServiceState.RUNNING,
    ServiceState.STOPPED,
    ServiceState.NEVER_DEPLOYED,
)


@dataclass(frozen=True)
class Totals:
    """Counts over services."""

    services: int
    healthy: int
    troubled: int
    idle: int  # stopped or never deployed


def worst_state(services: Iterable[Service]) -> ServiceState | None:
    """Give back the state that deserves attention first; None without services."""
    states = {service.state for service in services}
    return next((state for state in _WORST_FIRST if state in states), None)


def project_state(services: Sequence[Service]) -> tuple[str, State]:
    """Give back (word, tone) of a project: that of its worst service; one of several in trouble means degraded."""
    worst = worst_state(services)
    if worst is None:
        return "Empty", words.NEUTRAL
    if worst in (ServiceState.CRASHED, ServiceState.UNHEALTHY) and any(
        service.state is ServiceState.RUNNING for service in services
    ):
        return "Degraded", "warn"
    return words.service_state(worst)


def totals(services: Iterable[Service]) -> Totals:
    """Count services by how they are."""
    everything = tuple(services)
    healthy = sum(service.state is ServiceState.RUNNING for service in everything)
    idle = sum(service.state in (ServiceState.STOPPED, ServiceState.NEVER_DEPLOYED) for service in everything)
    return Totals(len(everything), healthy, len(everything) - healthy - idle, idle)


def newest(deployments: Iterable[Deployment]) -> Deployment | None:
    """Give back the deployment that was asked for last."""
    return max(deployments, key=lambda each: each.created_at, default=None)


def under_way(deployments: Iterable[Deployment]) -> tuple[Deployment, ...]:
    """Give back those that wait or run."""
    return tuple(each for each in deployments if not each.state.is_final)


def success_share(deployments: Iterable[Deployment]) -> float | None:
    """Give back the share of ended deployments that succeeded; None without any. Cancelled ones count for neither."""
    finished = [each for each in deployments if each.state.is_final]
    judged = [
        each
        for each in finished
        if each.state in (DeploymentState.SUCCEEDED, DeploymentState.FAILED, DeploymentState.INTERRUPTED)
    ]
    if not judged:
        return None
    return sum(each.state is DeploymentState.SUCCEEDED for each in judged) / len(judged)
