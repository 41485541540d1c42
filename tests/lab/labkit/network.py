"""The lab's network: a bridge that hides no address this machine needs, and who has which address on it."""

import ipaddress
import json
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.lab.labkit import machine
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run
from tests.lab.labkit.docker_engine import LABEL, docker

NETWORK: Final = "godploy-lab"
ZONE: Final = "lab.test"
_CANDIDATES: Final = ("10.231.77.0/24", "10.233.77.0/24", "172.30.77.0/24", "192.168.231.0/24", "10.77.231.0/24")
HUB, DNS, ACME, GIT, MIRROR, REGISTRY, GITEA = 2, 3, 4, 5, 6, 7, 8  # last number of each part's address
_FIRST_SERVER = 100
_OTHER_SSH_PORT = 2222
_LISTENS = "0A"  # state of a socket: proc_pid_net(5)
LAST_SERVER = 99


class Addresses:
    """Addresses on the lab's network and on loopback. Servers are numbered from 1 to LAST_SERVER."""

    def __init__(self, subnet: ipaddress.IPv4Network) -> None:
        self.subnet = subnet

    def of(self, host_number: int) -> str:
        """The address of one of the lab's own parts on the bridge."""
        return str(self.subnet.network_address + host_number)

    def of_server(self, number: int) -> str:
        """A server's address on the bridge."""
        return self.of(_FIRST_SERVER + number)


def loopback_of(host_number: int) -> str:
    """Where one of the lab's own parts is published on this machine."""
    return f"127.10.0.{200 + host_number}"


def loopback_of_server(number: int) -> str:
    """Where a server's ports 22, 80 and 443 are published on this machine."""
    return f"127.10.0.{number}"


def published_ssh_port() -> int:
    """Where sshd of a server and of the git host is published on their loopback addresses: 22, unless this machine's
    own sshd listens on every address."""
    tables = [path.read_text() for name in ("tcp", "tcp6") if (path := Path("/proc/net", name)).exists()]
    return _OTHER_SSH_PORT if any(listens_everywhere(table, 22) for table in tables) else 22


def listens_everywhere(table: str, port: int) -> bool:
    """Whether a table such as /proc/net/tcp shows a socket that takes a port on all addresses."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return any(row[3] == _LISTENS and set(row[1][:-5]) == {"0"} and int(row[1][-4:], 16) == port for row in rows)


def ensure_network() -> Addresses:
    """Make the bridge unless it is there, on the first subnet that is free. Raises LabUnavailable if none is."""
    try:
        listed = json.loads(docker("network", "inspect", NETWORK))
    except CommandFailed:
        subnet = free_subnet(_CANDIDATES, _used_networks(), _needed_addresses())
        options = ["--subnet", str(subnet), "--gateway", str(subnet.network_address + 1), "--label", LABEL]
        # A path with a smaller MTU behind a bridge of 1500 would lose large answers.
        options += ["-o", f"com.docker.network.driver.mtu={_smallest_mtu()}"]
        options += ["-o", "com.docker.network.bridge.name=godploy-lab0"]
        docker("network", "create", *options, NETWORK)
        return Addresses(subnet)
    return Addresses(ipaddress.IPv4Network(listed[0]["IPAM"]["Config"][0]["Subnet"]))


def free_subnet(
    candidates: Iterable[str], used: Iterable[ipaddress.IPv4Network], needed: Iterable[ipaddress.IPv4Address]
) -> ipaddress.IPv4Network:
    """The first candidate that overlaps no used network and holds no needed address. Raises LabUnavailable."""
    used, needed = list(used), list(needed)
    for text in candidates:
        subnet = ipaddress.IPv4Network(text)
        if not any(subnet.overlaps(other) for other in used) and not any(address in subnet for address in needed):
            return subnet
    raise LabUnavailable("every subnet that the lab may use hides an address that this machine needs")


def _used_networks() -> list[ipaddress.IPv4Network]:
    routes = json.loads(run(["ip", "-j", "-4", "route"]))
    used = [ipaddress.IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]
    for name in docker("network", "ls", "-q").split():
        configs = json.loads(docker("network", "inspect", name))[0]["IPAM"]["Config"] or []
        used += [ipaddress.IPv4Network(config["Subnet"]) for config in configs if ":" not in config.get("Subnet", ":")]
    return used


def _needed_addresses() -> list[ipaddress.IPv4Address]:
    """Addresses of the resolver and of every package mirror that this machine is set up with."""
    listing = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]) + machine.pip_settings()
    hosts = set(re.findall(r"://(?:[^/@\s]*@)?([^/\s:]+)", listing))
    found = {machine.nameserver()} - {""}
    for host in hosts:
        try:
            found |= {str(entry[4][0]) for entry in socket.getaddrinfo(host, 80, socket.AF_INET)}
        except OSError:
            continue  # a mirror whose name does not resolve has no address to hide
    return [ipaddress.IPv4Address(address) for address in found if ":" not in address]


def _smallest_mtu() -> int:
    links = json.loads(run(["ip", "-j", "link"]))
    up = [link for link in links if link["operstate"] == "UP" and link["ifname"].startswith(("e", "w"))]
    real: list[int] = [link["mtu"] for link in up]
    return min([1500, *real])
