"""Keeps the proxy's container as it should be: made when missing, made again only when its configuration changed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator
from typing import Any, Final

from godploy_server.contract import AgentSettings, Conflict, NotReady
from godploy_server.ingress.dynamic import SERVER_FILE, server_routes
from godploy_server.ingress.files import proxy_token, write_dynamic, write_static
from godploy_server.ingress.port_holder import holder_of, port_taken, published_by
from godploy_server.ingress.proxy_api import proxy_version
from godploy_server.ingress.static import CA_FILE, ProxyPorts, as_yaml, proxy_body, proxy_image, static_configuration
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import (
    CONFIG_LABEL,
    INSTANCE_LABEL,
    PROJECT_LABEL,
    ROLE_LABEL,
    edge_network,
    traefik_container,
)
from godploy_server.runtime.networks import connect, ensure_network
from godploy_server.state import settings as settings_rows

_START_TIMEOUT_S: Final = 10.0


def proxy_ports(engine: Engine) -> ProxyPorts:
    """Give where this server's proxy is reached."""
    instance = engine.instance
    return ProxyPorts(instance.http_port, instance.https_port, instance.api_port, instance.probe_port)


async def ensure_traefik(engine: Engine) -> str:
    """Bring the proxy to the wanted configuration and give its version ("3.7.1").

    Does nothing to a proxy that runs with it already. Never touches containers of others. Raises PortTaken (with
    the holder's name), Conflict (a foreign container has its name), NotReady, DockerRefused.
    """
    async with proxy_lock(engine):
        settings = settings_rows.read(engine.connection)
        edge = await _ensure_edge(engine, settings)
        token = proxy_token(engine.paths)
        write_static(engine.paths, engine.paths.traefik_config.name, as_yaml(static_configuration(settings)))
        write_static(engine.paths, CA_FILE, settings.acme_ca_certificate)
        write_dynamic(engine.paths, SERVER_FILE, server_routes(token, edge, engine.instance.relay_port))
        await _ensure_container(engine, settings)
        try:
            return await proxy_version(engine.instance.api_port, token, _START_TIMEOUT_S)
        except NotReady:
            # It hangs, or its mounts lead to a folder that was replaced (a restored backup): a restart helps both.
            name = traefik_container(engine.instance.prefix)
            await engine.docker.request("POST", f"/containers/{name}/restart", {"t": "5"})
            return await proxy_version(engine.instance.api_port, token, _START_TIMEOUT_S)


async def edge_gateway(engine: Engine) -> str:
    """Give the address of the server on the proxy's network, where the relay listens; makes the network if needed."""
    return await _ensure_edge(engine, settings_rows.read(engine.connection))


async def attach_traefik(engine: Engine, network: str) -> None:
    """Attach the proxy to a project's network, if it exists; it is attached to all when it is made."""
    name = traefik_container(engine.instance.prefix)
    async with proxy_lock(engine):  # or it may be on its way out, to be made again after a change of settings
        if await _inspect(engine, name) is not None:
            await connect(engine.docker, network, name)


@contextlib.asynccontextmanager
async def proxy_lock(engine: Engine) -> AsyncIterator[None]:
    """Hold the proxy's lock: the agent and a job may both find it missing, or one removes what the other uses."""
    with (engine.paths.traefik_tmp / "lock").open("w", encoding="ascii") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield


async def _ensure_edge(engine: Engine, settings: AgentSettings) -> str:
    prefix = engine.instance.prefix
    labels = {INSTANCE_LABEL: prefix, ROLE_LABEL: "edge"}
    subnet = await ensure_network(engine.docker, edge_network(prefix), settings.network_pool, labels)
    return str(subnet.network_address + 1)


async def _ensure_container(engine: Engine, settings: AgentSettings) -> None:
    prefix = engine.instance.prefix
    name, image = traefik_container(prefix), proxy_image()
    body = proxy_body(prefix, image, engine.paths.traefik, proxy_ports(engine), settings)
    found = await _inspect(engine, name)
    if found is not None:
        labels = found["Config"].get("Labels") or {}
        if labels.get(INSTANCE_LABEL) != prefix:
            raise Conflict(
                f"A container called {name} exists already",
                "it was made by someone else, and foreign containers are never touched",
                "Remove or rename that container",
            )
        if labels.get(CONFIG_LABEL) == body["Labels"][CONFIG_LABEL]:
            await _attach_everywhere(engine, name)
            if not found["State"]["Running"]:
                await _start(engine, name)
            return
    await ensure_image(engine, image)
    if found is not None:
        await engine.docker.request("POST", f"/containers/{name}/stop")
        await engine.docker.request("DELETE", f"/containers/{name}", {"force": "1"})
    await engine.docker.request("POST", "/containers/create", {"name": name}, body)
    await _attach_everywhere(engine, name)
    try:
        await _start(engine, name)
    except BaseException:
        # A container that never ran holds the name and would be started by Docker at the next boot.
        await engine.docker.request("DELETE", f"/containers/{name}", {"force": "1"})
        raise


async def ensure_image(engine: Engine, image: str) -> None:
    """Pull an image unless it is here. Raises DockerRefused."""
    try:
        await engine.docker.request("GET", f"/images/{image}/json")
    except DockerRefused as refusal:
        if refusal.http_status != 404:
            raise
        async with contextlib.aclosing(engine.docker.pull(image)) as progress:
            async for _ in progress:
                pass


async def _attach_everywhere(engine: Engine, name: str) -> None:
    filters = {"label": [f"{INSTANCE_LABEL}={engine.instance.prefix}", PROJECT_LABEL]}
    for network in await engine.docker.request("GET", "/networks", {"filters": filters}):
        await connect(engine.docker, network["Name"], name)


async def _start(engine: Engine, name: str) -> None:
    try:
        await engine.docker.request("POST", f"/containers/{name}/start")
    except DockerRefused as refusal:
        why = refusal.problem.why
        if "already allocated" not in why and "already in use" not in why:
            raise
        for port in sorted(vars(proxy_ports(engine)).values()):
            if f":{port}" in why or f" {port}/" in why:
                listed = await engine.docker.request("GET", "/containers/json")
                raise port_taken(port, published_by(listed, port, name) or holder_of(port)) from None
        raise


async def _inspect(engine: Engine, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await engine.docker.request("GET", f"/containers/{name}/json")
    except DockerRefused as refusal:
        if refusal.http_status == 404:
            return None
        raise
    return found
