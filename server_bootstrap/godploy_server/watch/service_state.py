"""What is true of a service: a pure function of what Docker says, which release serves and whether it was stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from godploy_server.contract.entities import ServiceState
from godploy_server.watch.container_facts import ContainerFacts, Health, Phase

SETTLED_AFTER: Final = timedelta(seconds=10)
"""How long a container that Docker had to restart must run before it counts as running again."""


@dataclass(frozen=True)
class ServiceStatus:
    """The state of a service, one sentence why, and how many of its containers run."""

    state: ServiceState
    detail: str
    running: int
    wanted: int


def status_of(
    containers: Sequence[ContainerFacts],
    release: int | None,
    wanted: int,
    is_stopped: bool,
    docker_answers: bool,
    at: datetime,
    bad_answers: Mapping[str, str] | None = None,
) -> ServiceStatus:
    """Give the status of a service at the time `at`.

    `containers`: all of the service's, of any release; `release`: the number of the one that serves; `wanted`: the
    replicas of that release; `is_stopped`: a person stopped it; `bad_answers`: why, by the ids of containers whose
    health check through the proxy fails.
    """
    if not docker_answers:
        return ServiceStatus(ServiceState.UNKNOWN, "Docker does not answer", 0, wanted)
    if release is None:
        return ServiceStatus(ServiceState.NEVER_DEPLOYED, "It was not deployed yet", 0, 0)
    serving = [each for each in containers if each.release == release]
    up = [each for each in serving if each.phase is Phase.RUNNING and not _keeps_crashing(each, at)]
    running = len(up)
    wanted_now = 0 if is_stopped else wanted

    def status(state: ServiceState, detail: str) -> ServiceStatus:
        return ServiceStatus(state, detail, running, wanted_now)

    if is_stopped and running == 0:
        return status(ServiceState.STOPPED, "It was stopped")
    if running == 0:
        if serving and all(each.phase is Phase.CREATED for each in serving):
            return status(ServiceState.STARTING, "Its containers are being started")
        return status(ServiceState.CRASHED, _why_not_running(serving))
    reasons = {**{each.id: each.complaint for each in up if each.complaint}, **(bad_answers or {})}
    failing = [each for each in up if each.health is Health.UNHEALTHY or each.id in reasons]
    unhealthy = len(failing)
    why = next((f": {reasons[each.id]}" for each in failing if each.id in reasons), "")
    if unhealthy == running:
        return status(ServiceState.UNHEALTHY, f"It runs, but its health check fails{why}")
    if running < wanted and not is_stopped:
        return status(ServiceState.DEGRADED, f"{running} of {wanted} containers run; {_why_not_running(serving)}")
    if unhealthy:
        return status(ServiceState.DEGRADED, f"The health check of {unhealthy} of {running} containers fails{why}")
    if any(each.health is Health.STARTING for each in up):
        return status(ServiceState.STARTING, "Its health check has not answered yet")
    if is_stopped:
        return status(ServiceState.RUNNING, "It is being stopped")
    return status(ServiceState.RUNNING, "It runs")


def reconsider_at(containers: Sequence[ContainerFacts], at: datetime) -> datetime | None:
    """Give the time at which the status may change without any event, None if it will not."""
    times = [
        each.started_at + SETTLED_AFTER
        for each in containers
        if _keeps_crashing(each, at) and each.started_at is not None
    ]
    return min(times, default=None)


def _keeps_crashing(container: ContainerFacts, at: datetime) -> bool:
    return (
        container.phase is Phase.RUNNING
        and container.restarts > 0
        and container.started_at is not None
        and at - container.started_at < SETTLED_AFTER
    )


def _why_not_running(serving: Sequence[ContainerFacts]) -> str:
    """Say why the newest container that does not run does not."""
    down = [each for each in serving if each.phase is not Phase.RUNNING]
    if not serving:
        return "its containers are gone"
    if not down:
        if any(each.restarts for each in serving):
            most = max(each.restarts for each in serving)
            return f"it ended by itself and was restarted {most} {'time' if most == 1 else 'times'}"
        return "some of its containers are gone"
    worst = max(down, key=lambda each: (each.is_out_of_memory, each.exit_code != 0, each.restarts))
    if worst.phase is Phase.PAUSED:
        return f"container {worst.short_name} is paused"
    if worst.phase is Phase.CREATED:
        return f"container {worst.short_name} was not started yet"
    reason = "ran out of memory" if worst.is_out_of_memory else f"ended with code {worst.exit_code}"
    again = f", restarted {worst.restarts} {'time' if worst.restarts == 1 else 'times'}" if worst.restarts else ""
    return f"container {worst.short_name} {reason}{again}"
