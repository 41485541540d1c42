"""What Docker's inspection of one of our containers says, reduced to what matters here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from godploy_server.runtime.names import PROJECT_LABEL, RELEASE_LABEL, REPLICA_LABEL, SERVICE_LABEL

_DOCKER_TIME: Final = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d)"
)


class Phase(str, Enum):
    """Where a container is in its life. Source: Docker Engine API, ContainerState.Status."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(str, Enum):
    """What a container's health check says. Source: Docker Engine API, Health.Status."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class ContainerFacts:
    """One container of one release. `pid` is 0 unless it runs; `restarts` counts those by Docker, not by a person;
    `complaint` is what the health command of an unhealthy one printed last."""

    id: str
    project_id: str
    service_id: str
    release: int
    replica: int
    phase: Phase
    exit_code: int = 0
    is_out_of_memory: bool = False
    started_at: datetime | None = None
    restarts: int = 0
    health: Health = Health.NONE
    pid: int = 0
    complaint: str = ""

    @property
    def short_name(self) -> str:
        """The container as a log line names it: release and replica."""
        return f"r{self.release}-{self.replica}"


def facts_of(inspected: Mapping[str, Any]) -> ContainerFacts | None:
    """Give the facts of an inspected container; None if it belongs to no release of a service."""
    labels = inspected["Config"].get("Labels") or {}
    release, replica = labels.get(RELEASE_LABEL, ""), labels.get(REPLICA_LABEL, "1")
    if SERVICE_LABEL not in labels or not (release.isdigit() and replica.isdigit()):
        return None
    state = inspected["State"]
    health = Health((state.get("Health") or {}).get("Status", "none") or "none")
    return ContainerFacts(
        id=inspected["Id"],
        project_id=labels.get(PROJECT_LABEL, ""),
        service_id=labels[SERVICE_LABEL],
        release=int(release),
        replica=int(replica),
        phase=Phase(state["Status"]),
        exit_code=state.get("ExitCode", 0),
        is_out_of_memory=bool(state.get("OOMKilled")),
        started_at=_started_at(state),
        restarts=inspected.get("RestartCount", 0),
        health=health,
        pid=state.get("Pid", 0),
        complaint=_complaint(state) if health is Health.UNHEALTHY else "",
    )


def docker_time(text: str) -> datetime:
    """Give the time that Docker wrote as RFC 3339 with up to nine digits after the second (cut to six).

    Raises ValueError.
    """
    match = _DOCKER_TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time of Docker's: {text[:40]!r}")
    zone = "+00:00" if match["zone"] == "Z" else match["zone"]
    return datetime.fromisoformat(f"{match['second']}.{(match['fraction'] or '')[:6]:0<6}{zone}")


def _complaint(state: Mapping[str, Any]) -> str:
    runs = state["Health"].get("Log") or [{}]
    printed = str(runs[-1].get("Output") or "").strip().splitlines()
    return printed[-1].strip()[:200] if printed else ""


def _started_at(state: Mapping[str, Any]) -> datetime | None:
    text = state.get("StartedAt", "")
    return None if not text or text.startswith("0001-") else docker_time(text)
