"""Starting, stopping, removing and asking about the containers of a service: the thin layer that executes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from godploy_server.contract import Conflict
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.names import INSTANCE_LABEL, RELEASE_LABEL, REPLICA_LABEL, SERVICE_LABEL, ServiceName

LONGEST_STOP_GRACE_S: Final = 600
_LAST_LINES: Final = 30
_LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True)
class ReleaseContainer:
    """One container of a service as Docker lists it."""

    id: str
    name: str
    release: int
    replica: int
    is_running: bool


@dataclass(frozen=True)
class ContainerHealth:
    """What Docker says of a container's program. `check` is Docker's Health.Status: "none" without a health command,
    else "starting", "healthy" or "unhealthy"; `said` is what the command printed last."""

    is_running: bool
    restarts: int
    exit_code: int
    is_out_of_memory: bool
    error: str
    check: str = "none"
    said: str = ""


async def containers_of(docker: DockerClient, name: ServiceName, release: int | None = None) -> list[ReleaseContainer]:
    """Give the containers of a service, or of one release of it, running or not, by release and replica."""
    listed = await docker.request("GET", "/containers/json", {"all": "1", "filters": name.filters(release)})
    return sorted((_container(each) for each in listed), key=lambda each: (each.release, each.replica))


def _container(listed: dict[str, Any]) -> ReleaseContainer:
    labels = listed["Labels"]
    return ReleaseContainer(
        id=listed["Id"],
        name=listed["Names"][0].lstrip("/"),
        release=int(labels.get(RELEASE_LABEL, "0")),
        replica=int(labels.get(REPLICA_LABEL, "0")),
        is_running=listed["State"] in ("running", "restarting"),
    )


async def create_container(docker: DockerClient, container_name: str, body: dict[str, Any]) -> None:
    """Create a container unless one of the same release exists under that name.

    Raises Conflict when the name belongs to something else, DockerRefused (404: the image is gone).
    """
    try:
        await docker.request("POST", "/containers/create", {"name": container_name}, body)
    except DockerRefused as refusal:
        if refusal.http_status != 409:
            raise
        found = await docker.request("GET", f"/containers/{container_name}/json")
        labels = found["Config"].get("Labels") or {}
        if any(labels.get(each) != body["Labels"][each] for each in (INSTANCE_LABEL, SERVICE_LABEL, RELEASE_LABEL)):
            raise Conflict(
                f"A container called {container_name} exists already",
                "it belongs to something else, and foreign containers are never touched",
                "Rename this service, or remove that container",
            ) from None


async def start_container(docker: DockerClient, container: str) -> None:
    """Start a container; one that runs stays as it is."""
    await docker.request("POST", f"/containers/{container}/start")


async def stop_containers(
    docker: DockerClient, containers: Sequence[ReleaseContainer], grace_s: int | None = None
) -> None:
    """End the programs of containers, all at once: SIGTERM, then SIGKILL after `grace_s`. They stay, stopped.

    `grace_s` None: as long as the release's settings give each of them.
    """
    await asyncio.gather(*(_stop(docker, each.id, grace_s) for each in containers))


async def _stop(docker: DockerClient, container: str, grace_s: int | None) -> None:
    query = {} if grace_s is None else {"t": str(grace_s)}
    longest_s = (LONGEST_STOP_GRACE_S if grace_s is None else grace_s) + 60
    await docker.request("POST", f"/containers/{container}/stop", query, timeout_s=longest_s)


async def restart_container(docker: DockerClient, container: str) -> None:
    """End a container's program, in the time that its settings give it, and start it again."""
    await docker.request("POST", f"/containers/{container}/restart", timeout_s=LONGEST_STOP_GRACE_S + 60)


async def remove_containers(docker: DockerClient, containers: Sequence[ReleaseContainer]) -> None:
    """Remove containers with their anonymous volumes, running or not; a missing one is fine."""
    await asyncio.gather(*(_remove(docker, each.id) for each in containers))


async def _remove(docker: DockerClient, container: str) -> None:
    try:
        await docker.request("DELETE", f"/containers/{container}", {"force": "1", "v": "1"})
    except DockerRefused as refusal:
        if refusal.http_status not in (404, 409):  # 409: it is being removed already
            raise


async def health_of(docker: DockerClient, container: str) -> ContainerHealth:
    """Ask Docker how a container's program does."""
    found = await docker.request("GET", f"/containers/{container}/json")
    state = found["State"]
    health = state.get("Health") or {}
    runs = health.get("Log") or [{}]
    return ContainerHealth(
        is_running=bool(state["Running"]) and not state.get("Restarting"),
        restarts=int(found.get("RestartCount", 0)),
        exit_code=int(state.get("ExitCode", 0)),
        is_out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error", "")),
        check=str(health.get("Status") or "none"),
        said=str(runs[-1].get("Output") or "").strip()[-300:],
    )


async def run_inside(docker: DockerClient, container: str, command: Sequence[str]) -> int | None:
    """Run a command in a container and give its exit code; None while the container does not run."""
    try:
        made = await docker.request("POST", f"/containers/{container}/exec", body={"Cmd": list(command)})
        await docker.request("POST", f"/exec/{made['Id']}/start", body={"Detach": True})
        while True:
            found = await docker.request("GET", f"/exec/{made['Id']}/json")
            if not found["Running"]:
                return int(found.get("ExitCode") or 0)
            await asyncio.sleep(_LOOK_EVERY_S)
    except DockerRefused as refusal:
        if refusal.http_status in (404, 409):  # it is being started, restarted, or is gone
            return None
        raise


async def last_lines(docker: DockerClient, container: str, count: int = _LAST_LINES, since: float = 0) -> list[str]:
    """Give the last lines that a container's program wrote, both streams in order; none when it cannot be asked."""
    lines: list[str] = []
    with contextlib.suppress(DockerRefused):
        async with contextlib.aclosing(docker.log_frames(container, tail=count, since=since)) as frames:
            lines = [frame.decode(errors="replace") async for _, frame in frames]
    return "".join(lines).splitlines()[-count:]
