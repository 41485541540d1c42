"""Making, finding and removing project networks. The choice of a subnet is in `subnets`; this only executes."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from godploy_server.contract import Conflict
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.names import INSTANCE_LABEL
from godploy_server.runtime.subnets import (
    choose_subnet,
    networks_of_docker,
    networks_of_resolvers,
    networks_of_routes,
    pool_of,
)


async def ensure_network(
    docker: DockerClient, name: str, pool: str, labels: Mapping[str, str], wanted: str = ""
) -> IPv4Network:
    """Make the network `name` if it is missing and give back its subnet.

    Prefers the subnet `wanted` (what the project had before) where it is free. Raises Conflict when the pool is
    used up, or when a network of that name exists that carries another instance's label or none.
    """
    found = await find_network(docker, name)
    if found is not None:
        if found.get("Labels", {}).get(INSTANCE_LABEL) != labels[INSTANCE_LABEL]:
            raise _foreign(name)
        return networks_of_docker([found])[0]
    taken = await taken_networks(docker)
    if wanted and not any(each.overlaps(IPv4Network(wanted)) for each in taken):
        subnet = IPv4Network(wanted)
    else:
        subnet = choose_subnet(pool_of(pool), taken)
    while not await _create_network(docker, network_body(name, subnet, labels)):
        taken = [*taken, subnet]
        subnet = choose_subnet(pool_of(pool), taken)
    return subnet


async def _create_network(docker: DockerClient, body: dict[str, Any]) -> bool:
    """Create a network; False when something in between, or unseen in /proc, overlaps its subnet."""
    try:
        await docker.request("POST", "/networks/create", body=body)
    except DockerRefused as refusal:
        if "overlap" not in refusal.problem.why:
            raise
        return False
    return True


def network_body(name: str, subnet: IPv4Network, labels: Mapping[str, str]) -> dict[str, Any]:
    """Give the body that creates a network; its gateway is the first address."""
    return {
        "Name": name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Labels": dict(labels),
        "IPAM": {"Config": [{"Subnet": str(subnet), "Gateway": str(subnet.network_address + 1)}]},
    }


async def taken_networks(docker: DockerClient) -> list[IPv4Network]:
    """Give every IPv4 network that a new one must not overlap: Docker's, the host's routes, its name servers."""
    return [
        *networks_of_docker(await docker.request("GET", "/networks")),
        *networks_of_routes(_text("/proc/net/route")),
        *networks_of_resolvers(_text("/etc/resolv.conf")),
    ]


async def find_network(docker: DockerClient, name: str) -> dict[str, Any] | None:
    """Give Docker's inspection of the network with exactly this name, None if there is none."""
    try:
        found: dict[str, Any] = await docker.request("GET", f"/networks/{name}")
    except DockerRefused as refusal:
        if refusal.http_status == 404:
            return None
        raise
    return found


async def connect(docker: DockerClient, network: str, container: str) -> bool:
    """Attach a container to a network; whether it was not attached already."""
    found = await docker.request("GET", f"/containers/{container}/json")
    if network in found["NetworkSettings"]["Networks"]:
        return False
    await docker.request("POST", f"/networks/{network}/connect", body={"Container": container})
    return True


async def remove_network(docker: DockerClient, name: str, prefix: str) -> None:
    """Remove a network that this instance made, detaching what is still attached. A missing one is fine."""
    found = await find_network(docker, name)
    if found is None or found.get("Labels", {}).get(INSTANCE_LABEL) != prefix:
        return
    for container in found.get("Containers") or {}:
        await docker.request("POST", f"/networks/{name}/disconnect", body={"Container": container, "Force": True})
    await docker.request("DELETE", f"/networks/{name}")


def _foreign(name: str) -> Conflict:
    return Conflict(
        f"The network {name} exists already",
        "it was made by someone else, and foreign networks are never touched",
        "Remove or rename that network, or choose another project name",
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
