"""Which host keys this server accepts: those that are shipped, and those that a person confirmed.

What was confirmed for a host takes the place of what is shipped for it: so a host that changes its key can be used
before there is a new version of this program.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from godploy_server.contract import (
    BadInput,
    Conflict,
    HostKeyOrigin,
    HostKeyUnknown,
    TrustedHostKey,
    host_words,
    ssh_host,
)
from godploy_server.deploy.git_hosts.keys import host_key, known_hosts
from godploy_server.deploy.git_hosts.shipped import CHECKED_ON, SHIPPED, ShippedKey
from godploy_server.runtime.engine import Engine
from godploy_server.state import git_host_keys
from godploy_server.state.git_host_keys import HostKeyRow

_SHIPPED_ID = "shipped-"


def every(engine: Engine) -> list[TrustedHostKey]:
    """Give all keys that are accepted, by host."""
    confirmed = [_confirmed(row) for row in git_host_keys.every(engine.connection)]
    taken = {each.host for each in confirmed}
    shipped = [_shipped(each, host) for each in SHIPPED for host in each.hosts if host not in taken]
    return sorted([*confirmed, *shipped], key=lambda each: (each.host.strip("["), each.key_type))


def of_host(engine: Engine, host: str) -> tuple[TrustedHostKey, ...]:
    """Give the keys that are accepted of one host."""
    return tuple(each for each in every(engine) if each.host == host)


def trust(engine: Engine, host: str, text: str, by: str) -> TrustedHostKey:
    """Accept a key of a host from now on because `by` confirmed it; again is harmless.

    Raises BadInput for what is no key, Conflict where another one was confirmed: that has to be forgotten first.
    """
    wanted = host_key(host, text)
    for known in of_host(engine, host):
        if known.fingerprint == wanted.fingerprint:
            return known
        if known.origin is HostKeyOrigin.SHIPPED:
            continue
        raise Conflict(
            f"Another host key of {host_words(host)} is trusted",
            f"{described(known)}; the new one is {wanted.fingerprint}",
            f"If the host changed its key, forget the old one first: godploy git host-keys forget {host_words(host)}",
        )
    return _confirmed(git_host_keys.add(engine.connection, host, wanted.key_type, wanted.key, by))


def forget(engine: Engine, key_id: str) -> TrustedHostKey:
    """Accept a confirmed key no more; gives what it was. Raises NotFound, and BadInput for one that is shipped."""
    if key_id.startswith(_SHIPPED_ID):
        raise BadInput(
            "A shipped host key cannot be forgotten",
            "it is part of this program, as its host publishes it",
            "If the host has another one now, trust that: it takes the place of the shipped one",
        )
    row = git_host_keys.find(engine.connection, key_id)
    git_host_keys.delete(engine.connection, row.id)
    return _confirmed(row)


def require_known(engine: Engine, url: str) -> Path:
    """Write what ssh is to accept and give the file. Raises HostKeyUnknown if nothing is accepted of the host of
    `url`, before anything is sent to it; addresses that are not reached by SSH pass."""
    trusted = every(engine)
    host = ssh_host(url)
    if host and not any(each.host == host for each in trusted):
        raise unknown(host)
    return _write(engine.paths.known_hosts, known_hosts(trusted))


def unknown(host: str) -> HostKeyUnknown:
    """Give the error for a host that nothing is accepted of."""
    name = host_words(host)
    return HostKeyUnknown(
        f"The host key of {name} was not confirmed yet",
        "without it the server cannot tell that host from somebody in between, so it sent nothing there",
        f"Compare its fingerprint and trust it, in the window or with: godploy git host-keys trust {name}",
        host,
    )


def replacing_words(host: str, known: Sequence[TrustedHostKey]) -> str:
    """Give how a person accepts another key of a host in place of those that are accepted."""
    name = host_words(host)
    way = f"godploy git host-keys trust {name}"
    is_confirmed = any(each.origin is HostKeyOrigin.CONFIRMED for each in known)
    return f"godploy git host-keys forget {name}, then {way}" if is_confirmed else way


def described(key: TrustedHostKey) -> str:
    """Give a trusted key in words, with who is behind it."""
    day = f"{key.trusted_at:%Y-%m-%d}"
    origin = f"shipped, as published on {day}" if key.origin is HostKeyOrigin.SHIPPED else (
        f"confirmed by {key.trusted_by} on {day}"
    )  # fmt: skip
    return f"{key.fingerprint} ({key.key_type}, {origin})"


def _write(file: Path, content: str) -> Path:
    """Put the content in place at once: another job's ssh may be reading it."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write(content)
    beside.replace(file)
    return file


def _confirmed(row: HostKeyRow) -> TrustedHostKey:
    key = host_key(row.host, f"{row.key_type} {row.key}")
    return TrustedHostKey(
        row.id, row.host, row.key_type, row.key, key.fingerprint, HostKeyOrigin.CONFIRMED, row.trusted_at,
        row.trusted_by,
    )  # fmt: skip


def _shipped(key: ShippedKey, host: str) -> TrustedHostKey:
    at = datetime(CHECKED_ON.year, CHECKED_ON.month, CHECKED_ON.day, tzinfo=timezone.utc)
    name = "".join(each if each.isalnum() else "-" for each in host).strip("-")
    return TrustedHostKey(
        _SHIPPED_ID + name, host, key.key_type, key.key, key.fingerprint, HostKeyOrigin.SHIPPED, at,
        published_at=key.page,
    )  # fmt: skip
