"""Choosing subnets for project networks: small ones out of one pool, clear of everything that the server uses."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Final

from godploy_server.contract import BadInput, Conflict

PROJECT_PREFIX_LENGTH: Final = 26


def pool_of(text: str) -> IPv4Network:
    """Give the pool that a setting names; raises BadInput unless it is an IPv4 network of at least two subnets."""
    try:
        pool = IPv4Network(text)
    except ValueError as error:
        raise BadInput(f"“{text}” is not a pool of networks", str(error), "Use something like 10.210.0.0/16") from None
    if pool.prefixlen >= PROJECT_PREFIX_LENGTH:
        raise BadInput(
            f"The pool {pool} is too small",
            f"each project takes a /{PROJECT_PREFIX_LENGTH} out of it, and the proxy one",
            "Use something like 10.210.0.0/16",
        )
    return pool


def choose_subnet(pool: IPv4Network, taken: Iterable[IPv4Network]) -> IPv4Network:
    """Give the first /26 of `pool` that overlaps nothing in `taken`; raises Conflict when there is none."""
    avoid = sorted(_within(pool, taken))
    for candidate in pool.subnets(new_prefix=PROJECT_PREFIX_LENGTH):
        if not any(candidate.overlaps(each) for each in avoid):
            return candidate
    raise Conflict(
        "No network is free for this project",
        f"every /{PROJECT_PREFIX_LENGTH} of the pool {pool} overlaps a network that exists on the server",
        "Choose a larger network pool in the server's settings, or delete projects",
    )


def _within(pool: IPv4Network, taken: Iterable[IPv4Network]) -> set[IPv4Network]:
    return {each for each in taken if each.overlaps(pool)}


def networks_of_docker(answer: Iterable[dict[str, object]]) -> list[IPv4Network]:
    """Give the IPv4 subnets in Docker's answer to GET /networks."""
    found = []
    for network in answer:
        ipam = network.get("IPAM")
        configs = ipam.get("Config") if isinstance(ipam, dict) else None
        for config in configs or ():
            parsed = _network(config.get("Subnet", ""))
            if parsed:
                found.append(parsed)
    return found


def networks_of_routes(proc_net_route: str) -> list[IPv4Network]:
    """Give the destinations in the text of /proc/net/route, without the default route (which overlaps everything).

    Source: proc(5): destination and mask are hexadecimal in the machine's (little-endian) byte order.
    """
    found = []
    for line in proc_net_route.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[7] != "00000000":
            address = socket.inet_ntoa(struct.pack("<I", int(fields[1], 16)))
            mask = socket.inet_ntoa(struct.pack("<I", int(fields[7], 16)))
            found.append(IPv4Network(f"{address}/{mask}", strict=False))
    return found


def networks_of_resolvers(resolv_conf: str) -> list[IPv4Network]:
    """Give the name servers in the text of /etc/resolv.conf: a bridge over one of them would cut the server's DNS."""
    words = (line.split() for line in resolv_conf.splitlines())
    found = (_network(each[1]) for each in words if len(each) > 1 and each[0] == "nameserver")
    return [each for each in found if each]


def _network(text: object) -> IPv4Network | None:
    try:
        network = ipaddress.ip_network(str(text))
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None
