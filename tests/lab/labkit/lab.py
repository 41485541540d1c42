"""The whole lab: brought up once, shared by every test run on this machine."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.base_images import Debian, ensure_base
from tests.lab.labkit.cache import locked
from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.docker_engine import (
    docker,
    engine_answers,
    ensure_engine,
    names_of,
    own_engine_left_traces,
    remove,
    stop_own_engine,
)
from tests.lab.labkit.git_host import GitHost, ensure_git_host
from tests.lab.labkit.host_names import forget_names
from tests.lab.labkit.images import ensure_image, offers, publish, server_image
from tests.lab.labkit.internet import Internet, ensure_internet
from tests.lab.labkit.keys import ensure_key
from tests.lab.labkit.machine import install_missing
from tests.lab.labkit.network import NETWORK, ensure_network
from tests.lab.labkit.servers import Server, existing_servers, remove_abandoned, rent

_PROGRAMS = {"mmdebstrap": "mmdebstrap debian-archive-keyring", "ssh": "openssh-client", "ip": "iproute2"}


@dataclass(frozen=True)
class Lab:
    """The lab as it runs. Servers come from `rent` and go with `Server.remove`."""

    internet: Internet
    git_host: GitHost
    key: Path

    def rent(
        self,
        debian: Debian = Debian.TRIXIE,
        *,
        number: int | None = None,
        owner: str | None = None,
        prepared: bool = False,
    ) -> Server:
        """A new server; see `servers.rent`."""
        return rent(self.internet, self.key, debian, number=number, owner=owner, prepared=prepared)

    def servers(self) -> list[Server]:
        """The servers that there are."""
        return existing_servers(self.internet, self.key)


def bring_up(say: Callable[[str], None] = lambda _: None) -> Lab:
    """Start whatever of the lab is not running. Raises LabUnavailable with the reason where it cannot run."""
    if shutil.which("apt-get") is None:
        raise LabUnavailable("the lab builds its Debian images with apt, which this machine does not have")
    say("Docker Engine")
    ensure_engine()
    try:
        with locked("lab"):
            install_missing(_PROGRAMS)
            remove_abandoned()
            return _bring_up(say)
    except CommandFailed as failure:
        raise LabUnavailable(str(failure)) from failure


def _bring_up(say: Callable[[str], None]) -> Lab:
    key = ensure_key()
    say("base images")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ensure_base, Debian))
        say("servers, hub, DNS, ACME, git host")
        others = [pool.submit(ensure_image, server_image(debian)) for debian in Debian]
        internet = ensure_internet(ensure_network())
        git_host = ensure_git_host(internet.addresses)
        say("images of the hub")
        others += [pool.submit(publish, offer) for offer in offers()]
        for work in others:
            work.result()
    return Lab(internet, git_host, key)


def take_down() -> None:
    """Remove every container, volume and network of the lab, and end the Docker Engine if the lab started it and
    nobody else uses it. Images and caches stay."""
    with locked("lab"):
        if not engine_answers():
            if not own_engine_left_traces():
                return
            ensure_engine()  # a killed engine leaves its containers running
        remove(names_of("container"), names_of("volume"))
        forget_names()
        for network in names_of("network"):
            docker("network", "rm", network)
        stop_own_engine()


def is_up() -> bool:
    """Whether the lab's network exists on a Docker that answers."""
    return engine_answers() and NETWORK in names_of("network")
