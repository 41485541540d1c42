"""What a git host shows: its host keys are asked for with ssh-keyscan, which logs in nowhere."""

from __future__ import annotations

import os
from typing import Final

from godploy_server.contract import (
    GitHostScan,
    GodployError,
    HostKeyChanged,
    NotReady,
    Unreachable,
    host_and_port,
    host_words,
)
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.git import one_line
from godploy_server.deploy.git_hosts import trusted
from godploy_server.deploy.git_hosts.keys import scanned_keys
from godploy_server.runtime.engine import Engine

CONNECT_S: Final = 10
_LONGEST_S: Final = 20.0


def scan_arguments(host: str) -> list[str]:
    """Ask a host, named as in known_hosts, for a key of each kind."""
    name, port = host_and_port(host)
    return ["ssh-keyscan", "-T", str(CONNECT_S), "-p", str(port), "-t", "ed25519,ecdsa,rsa", "--", name]


async def scan(engine: Engine, host: str) -> GitHostScan:
    """Give what a host shows now and what is trusted of it. Raises Unreachable, NotReady. Ends when cancelled."""
    said: list[bytes] = []
    try:
        await run_child(
            scan_arguments(host),
            environment=child_environment(os.environ, {}),
            on_output=said.append,
            timeout_s=_LONGEST_S,
        )
    except FileNotFoundError:
        raise NotReady(
            "Host keys cannot be looked at",
            "ssh-keyscan is not installed on the server",
            "Install it (`apt install openssh-client`)",
        ) from None
    except ChildTimeout:
        said.append(b"it did not answer in time\n")
    output = b"".join(said).decode(errors="replace")
    offered = scanned_keys(host, output)
    if not offered:
        words = [line for line in output.splitlines() if line.strip() and not line.startswith("#")]
        raise Unreachable(
            f"{host_words(host)} shows no host key",
            one_line(words[-1].strip()) if words else "no SSH server answers there",
            "Check the address and its port, and that the server may connect there",
        )
    return GitHostScan(host, offered, trusted.of_host(engine, host))


async def refused_key(engine: Engine, host: str) -> GodployError:
    """Say why ssh did not accept the key of a host: it is another one than what is trusted, with both fingerprints."""
    known = trusted.of_host(engine, host)
    if not known:
        return trusted.unknown(host)
    try:
        shown = " and ".join(f"{each.fingerprint} ({each.key_type})" for each in (await scan(engine, host)).offered)
    except GodployError:
        shown = "another one"
    return HostKeyChanged(
        f"The host key of {host_words(host)} is not the one that is trusted",
        f"it shows {shown}; trusted is {' and '.join(map(trusted.described, known))}. Someone may be in between, so"
        " nothing was sent there",
        "Ask whoever runs the host whether its key changed, and compare the new one. If it did:"
        f" {trusted.replacing_words(host, known)}",
        host,
    )
