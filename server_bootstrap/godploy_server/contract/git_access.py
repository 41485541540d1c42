"""Reaching git hosts: which host keys a server trusts, and whether it can read a service's source now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from godploy_server.contract.problem import BadInput

SSH_PORT: Final = 22
_SCHEMES: Final = ("ssh", "git+ssh", "ssh+git")  # git takes all three
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45}")
_IN_BRACKETS: Final = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_WITH_PORT: Final = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")


class HostKeyOrigin(str, Enum):
    """Why a host key is trusted."""

    SHIPPED = "shipped"  # published by the host, and part of this program
    CONFIRMED = "confirmed"  # a person compared it


@dataclass(frozen=True)
class HostKey:
    """A host key that a git host shows. `host` is named as in known_hosts: "git.example.org", or
    "[git.example.org]:2222" on another port than 22; `key` is the key in base64, `fingerprint` as ssh-keygen -l prints
    it ("SHA256:...")."""

    host: str
    key_type: str  # "ssh-ed25519"
    key: str
    fingerprint: str


@dataclass(frozen=True)
class TrustedHostKey:
    """A host key that a server accepts of a git host, by whom and since when."""

    id: str
    host: str
    key_type: str
    key: str
    fingerprint: str
    origin: HostKeyOrigin
    trusted_at: datetime  # confirmed then; of a shipped key when it was compared with what the host publishes
    trusted_by: str = ""  # who confirmed it
    published_at: str = ""  # the page where the host publishes it, of a shipped key


@dataclass(frozen=True)
class ScanGitHost:
    """Look at the host keys of a git host. `address` is that of a repository, or HOST or HOST:PORT."""

    address: str


@dataclass(frozen=True)
class GitHostScan:
    """The keys that a git host shows to the server now, the best first, and those that are trusted."""

    host: str
    offered: tuple[HostKey, ...]
    trusted: tuple[TrustedHostKey, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether one of the keys is trusted: git may connect."""
        trusted = {(each.key_type, each.key) for each in self.trusted}
        return any((each.key_type, each.key) in trusted for each in self.offered)

    @property
    def is_changed(self) -> bool:
        """Whether others were trusted: the host was made anew, or somebody else answers in its place."""
        return bool(self.trusted) and not self.is_known


@dataclass(frozen=True)
class TrustHostKey:
    """Accept a key of a git host from now on. `address` as for ScanGitHost, `key` as "ssh-ed25519 AAAA..."."""

    address: str
    key: str


@dataclass(frozen=True)
class SourceCheck:
    """What a server found when it asked for a service's source with the service's own key: nothing was fetched."""

    url: str  # without a password
    reference: str  # branch, tag or commit as a person calls it
    commit: str  # what it stands at; "" where that shows only when it is fetched
    default_branch: str  # of the repository; "" if it does not tell
    detail: str  # one sentence


def ssh_host(url: str) -> str:
    """Give the host that git reaches by SSH for an address, as known_hosts names it; "" for another kind of address.

    Raises BadInput for an address whose host cannot be told. Source: git's connect.c, parse_connect_url.
    """
    scheme, has_scheme, rest = url.partition("://")
    if has_scheme:
        return _named(rest.partition("/")[0].rpartition("@")[2], url) if scheme.lower() in _SCHEMES else ""
    if url.startswith("/"):
        return ""
    before = re.match(r"(?:[^@/\[\]]*@)?(\[[^\]]*\]|[^:/\[\]]*):", url)
    if before is None:
        return ""
    host = before[1]
    # git takes user@[host:port]:path as well as user@[::1]:path
    if host.startswith("["):
        inner = host[1:-1].rpartition("@")[2]
        host = inner if inner.count(":") == 1 else f"[{inner}]"
    return _named(host, url)


def git_host(address: str) -> str:
    """Give the host that a person means by HOST, HOST:PORT or the address of a repository, as known_hosts names it.

    Raises BadInput for what is not reached by SSH.
    """
    address = address.strip()
    found = "" if "://" in address else _bare(address)
    named = found or ssh_host(address)
    if not named:
        raise BadInput(
            f"“{address[:200]}” has no SSH host key",
            "it is not the address of a repository that is reached by SSH, nor a host",
            "Give git@HOST:PATH, ssh://HOST/PATH, HOST or HOST:PORT",
        )
    return named


def host_and_port(host: str) -> tuple[str, int]:
    """Give name and port of a host as known_hosts names it."""
    found = _IN_BRACKETS.fullmatch(host)
    return (found[1], int(found[2] or SSH_PORT)) if found else (host, SSH_PORT)


def host_words(host: str) -> str:
    """Give a host as a person writes it: "git.example.org:2222", with brackets only around an IPv6 address."""
    name, port = host_and_port(host)
    shown = f"[{name}]" if ":" in name else name
    return shown if port == SSH_PORT else f"{shown}:{port}"


def _bare(text: str) -> str:
    if _IN_BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text):
        return "" if "@" in text or "/" in text else _named(text, text)
    return ""


def _named(host: str, shown: str) -> str:
    found = _IN_BRACKETS.fullmatch(host) or _WITH_PORT.fullmatch(host)
    if found is not None and _HOST.fullmatch(found[1]):
        port = int(found[2] or SSH_PORT)
        name = found[1].lower()
        if 0 < port < 65536:
            return name if port == SSH_PORT else f"[{name}]:{port}"
    raise BadInput(
        "The git host cannot be told", f"“{shown[:200]}” names none that SSH can reach", "Correct the address"
    )
