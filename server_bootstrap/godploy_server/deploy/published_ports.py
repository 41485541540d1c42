"""Published ports: whether they are free, and who holds them if not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from godploy_server.contract import GodployError, NotFound, PublishedPort, ServiceSettings
from godploy_server.ingress.port_holder import PortTaken, holder_of
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import INSTANCE_LABEL, SERVICE_LABEL, ServiceName
from godploy_server.state import projects, services

_TAKEN: Final = ("port is already allocated", "address already in use", "ports are not available")


async def require_free_ports(engine: Engine, name: ServiceName, settings: ServiceSettings) -> None:
    """Raise PortTaken when another one than this service holds a port that it publishes."""
    if not settings.published:
        return
    running = await engine.docker.request("GET", "/containers/json")
    for published in settings.published:
        publisher = publisher_of(published, running)
        if publisher is not None and _service_of(publisher) == name.service_id:
            continue  # a release of its own, which ends first
        holder = "" if publisher is None else _described(engine, publisher)
        if not holder and published.protocol == "tcp":
            holder = holder_of(published.host_port)
        if holder:
            raise port_taken(published, holder)


def publisher_of(published: PublishedPort, running: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Give the container of Docker's list that publishes a port of the server, None if none does."""
    for container in running:
        for each in container.get("Ports") or ():
            if each.get("PublicPort") == published.host_port and each.get("Type") == published.protocol:
                return container
    return None


def port_taken(published: PublishedPort, holder: str) -> PortTaken:
    """Give the error for a published port that `holder` (a phrase such as "nginx (pid 812)") has."""
    port = f"{published.host_port}{'/udp' if published.protocol == 'udp' else ''}"
    return PortTaken(
        f"Port {port} on this server is already in use",
        f"{holder or 'another program'} has it",
        "Stop that program, or publish another port in the service's settings",
    )


def refused_port(why: str, settings: ServiceSettings) -> GodployError | None:
    """Give the error for Docker's refusal to start a container, if it says that a published port is taken."""
    if not any(each in why for each in _TAKEN):
        return None
    named = (each for each in settings.published if f":{each.host_port}" in why)
    published = next(named, settings.published[0] if settings.published else None)
    return None if published is None else port_taken(published, holder_of(published.host_port))


def _service_of(container: Mapping[str, Any]) -> str:
    return str((container.get("Labels") or {}).get(SERVICE_LABEL, ""))


def _described(engine: Engine, container: Mapping[str, Any]) -> str:
    labels = container.get("Labels") or {}
    if labels.get(INSTANCE_LABEL) == engine.instance.prefix and _service_of(container):
        try:
            service = services.find(engine.connection, _service_of(container))
            return f"the service {projects.find(engine.connection, service.project_id).name}/{service.name}"
        except NotFound:
            pass  # its rows are gone: the container's name says as much
    names = [each.lstrip("/") for each in container.get("Names") or ()]
    return f"the container {names[0] if names else str(container['Id'])[:12]}"
