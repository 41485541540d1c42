"""Takes the proxy away again: for this computer, when a person removes it from the list of servers."""

from __future__ import annotations

from godploy_server.contract import Leftovers
from godploy_server.ingress.traefik import proxy_lock
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import INSTANCE_LABEL, edge_network, traefik_container
from godploy_server.runtime.networks import remove_network


async def remove_proxy(engine: Engine) -> None:
    """Remove the proxy's container and network, unless another container of this instance is left that may need
    them. Containers and networks of others are never touched. Raises DockerRefused, NotReady."""
    name = traefik_container(engine.instance.prefix)
    async with proxy_lock(engine):
        left = await leftovers(engine)
        if any(each != name for each in left.containers):
            return
        if name in left.containers:
            try:
                await engine.docker.request("DELETE", f"/containers/{name}", {"force": "1", "v": "1"})
            except DockerRefused as refusal:
                if refusal.http_status != 404:
                    raise
        await remove_network(engine.docker, edge_network(engine.instance.prefix), engine.instance.prefix)


async def leftovers(engine: Engine) -> Leftovers:
    """Give what this instance has in Docker now. Raises DockerRefused, NotReady."""
    filters = {"label": [f"{INSTANCE_LABEL}={engine.instance.prefix}"]}
    containers = await engine.docker.request("GET", "/containers/json", {"all": "1", "filters": filters})
    networks = await engine.docker.request("GET", "/networks", {"filters": filters})
    return Leftovers(
        containers=tuple(sorted(each["Names"][0].removeprefix("/") for each in containers)),
        networks=tuple(sorted(each["Name"] for each in networks)),
    )
