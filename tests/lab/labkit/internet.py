"""The shared parts that servers find on the lab's network: image hub, nameserver and ACME server."""

import contextlib
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit import machine
from tests.lab.labkit.cache import cache_folder
from tests.lab.labkit.certificates import ensure_certificates
from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.containers import PREFIX, ensure_container
from tests.lab.labkit.dns import Dns, ask
from tests.lab.labkit.docker_engine import HUB_ON_LOOPBACK
from tests.lab.labkit.gitea import Gitea, ensure_gitea
from tests.lab.labkit.hub_images import find_offer
from tests.lab.labkit.images import INTERNET, ensure_image, publish
from tests.lab.labkit.network import (
    ACME,
    DNS,
    GIT,
    GITEA,
    HUB,
    LAST_SERVER,
    MIRROR,
    REGISTRY,
    ZONE,
    Addresses,
    loopback_of,
)
from tests.lab.labkit.private_registry import PrivateRegistry, ensure_private_registry
from tests.lab.labkit.tool_mirror import ToolMirror, ensure_tool_mirror

_READY_S = 30
_AT_ONCE = 2  # images made side by side


@dataclass(frozen=True)
class Acme:
    """The lab's ACME server. `ca_certificate` (PEM) vouches for `directory_url`; it is not the issuing CA."""

    directory_url: str
    local_directory_url: str
    ca_certificate: str
    management_url: str

    def issuing_root(self) -> str:
        """PEM of the root that this run of the ACME server issues from; a browser would have to trust it."""
        return fetch(f"{self.management_url}/roots/0", self.ca_certificate).decode()


@dataclass(frozen=True)
class Internet:
    """Where the shared parts are. `hub` is host:port as servers see it, `hub_on_loopback` as this machine does."""

    addresses: Addresses
    hub: str
    hub_on_loopback: str
    dns: Dns
    acme: Acme

    def offer(self, *names: str) -> None:
        """Let the hub offer images such as `postgres:16`; made on first use. Raises LabUnavailable, NotOffered."""
        with _or_unavailable(), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(publish, [find_offer(name) for name in names]))

    @property
    def private_registry(self) -> PrivateRegistry:
        """A registry that wants a login, started on first use. Raises LabUnavailable."""
        with _or_unavailable():
            return ensure_private_registry(self.addresses)

    @property
    def tool_mirror(self) -> ToolMirror:
        """A site with the builders' programs as their makers release them, started on first use; waits until they are
        built. Raises LabUnavailable."""
        with _or_unavailable():
            return ensure_tool_mirror(self.addresses)

    @property
    def gitea(self) -> Gitea:
        """A real git host with accounts, API, webhooks and OAuth, started on first use; waits until it is built. Raises
        LabUnavailable."""
        with _or_unavailable():
            return ensure_gitea(self.addresses)


@contextlib.contextmanager
def _or_unavailable() -> Iterator[None]:
    try:
        yield
    except CommandFailed as failure:
        raise LabUnavailable(str(failure)) from failure


def fetch(url: str, ca_certificate: str = "") -> bytes:
    """GET an address of the lab; trusts the certificate given and no other."""
    context = ssl.create_default_context(cadata=ca_certificate) if ca_certificate else None
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])
    )
    with opener.open(url, timeout=5) as answer:
        content: bytes = answer.read()
        return content


def ensure_internet(addresses: Addresses) -> Internet:
    """Start whatever part is not running and wait until each answers. Raises LabUnavailable."""
    ensure_image(INTERNET)
    certificates = ensure_certificates(addresses.of(ACME))
    blobs, names = cache_folder() / "hub", cache_folder() / "names"
    for folder in (blobs, names):
        folder.mkdir(exist_ok=True)
    _start_hub(addresses, blobs)
    _start_dns(addresses, names)
    _start_acme(addresses, certificates)
    acme = Acme(
        directory_url=f"https://acme.{ZONE}:14000/dir",
        local_directory_url=f"https://{loopback_of(ACME)}:14000/dir",
        ca_certificate=(certificates / "ca.pem").read_text(),
        management_url=f"https://{loopback_of(ACME)}:15000",
    )
    _wait_for_answers(addresses, acme)
    dns = Dns(addresses.of(DNS), f"{PREFIX}dns", names)
    return Internet(addresses, f"{addresses.of(HUB)}:5000", HUB_ON_LOOPBACK, dns, acme)


def _start_hub(addresses: Addresses, blobs: Path) -> None:
    options = ["--ip", addresses.of(HUB), "-p", f"{HUB_ON_LOOPBACK}:5000", "-v", f"{blobs}:/var/lib/registry"]
    ensure_container(f"{PREFIX}hub", INTERNET.name, options, ["docker-registry", "serve", "/etc/lab/registry.yml"])


def _start_dns(addresses: Addresses, names: Path) -> None:
    upstream = machine.nameserver()
    servers = [f"--address=/s{n}.{ZONE}/{addresses.of_server(n)}" for n in range(1, LAST_SERVER + 1)]
    parts = {"hub": HUB, "acme": ACME, "git": GIT, "mirror": MIRROR, "registry": REGISTRY, "gitea": GITEA}
    records = [f"--host-record={name}.{ZONE},{addresses.of(number)}" for name, number in parts.items()]
    arguments = ["--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts", "--local-ttl=1"]
    arguments += [f"--server={upstream}"] if upstream else []
    arguments += ["--addn-hosts=/names", f"--local=/{ZONE}/", *servers, *records]
    options = ["--ip", addresses.of(DNS), "-v", f"{names}:/names:ro"]
    ensure_container(f"{PREFIX}dns", INTERNET.name, options, ["dnsmasq", *arguments])


def _start_acme(addresses: Addresses, certificates: Path) -> None:
    options = ["--ip", addresses.of(ACME), "-v", f"{certificates}:/certificates:ro"]
    options += ["-p", f"{loopback_of(ACME)}:14000:14000", "-p", f"{loopback_of(ACME)}:15000:15000"]
    # Pebble otherwise waits and refuses at random, to harden clients; the lab measures the product instead.
    options += ["-e", "PEBBLE_VA_NOSLEEP=1", "-e", "PEBBLE_WFE_NONCEREJECT=0"]
    nameserver = f"{addresses.of(DNS)}:53"
    command = ["pebble", "-config", "/etc/lab/pebble.json", "-dnsserver", nameserver]
    ensure_container(f"{PREFIX}acme", INTERNET.name, options, command)


def _wait_for_answers(addresses: Addresses, acme: Acme) -> None:
    checks: dict[str, Callable[[], object]] = {
        "the hub": lambda: fetch(f"http://{HUB_ON_LOOPBACK}/v2/"),
        "DNS": lambda: ask(addresses.of(DNS), f"s1.{ZONE}"),
        "the ACME server": lambda: fetch(acme.local_directory_url, acme.ca_certificate),
    }
    give_up = time.monotonic() + _READY_S
    for name, check in checks.items():
        while True:
            try:
                check()
                break
            except OSError as failure:
                if time.monotonic() > give_up:
                    raise LabUnavailable(f"{name} does not answer within {_READY_S} s: {failure}") from failure
                time.sleep(0.1)
