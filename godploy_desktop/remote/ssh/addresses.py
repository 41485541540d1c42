"""Where a server is, as a person writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput

DEFAULT_USER: Final = "root"
"""Who a fresh server is entered as when neither the person nor ~/.ssh/config says otherwise."""
DEFAULT_PORT: Final = 22

_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@\\+-]*\$?")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")


@dataclass(frozen=True)
class ServerAddress:
    """A server as a person named it. What is None is filled from ~/.ssh/config, then from the defaults."""

    host: str  # a host name, an IP address, or an alias of ~/.ssh/config
    user: str | None = None
    port: int | None = None
    identity_file: Path | None = None
    use_agent: bool = True
    jump: ServerAddress | None = None  # reached through this server (ProxyJump)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}:{self.port}" if self.port else f"{user}{host}"


def parse_address(
    text: str,
    *,
    identity_file: Path | None = None,
    use_agent: bool = True,
    jump: ServerAddress | None = None,
) -> ServerAddress:
    """Read `[ssh://][user@]host[:port]`; an IPv6 address with a port is written in brackets. Raises BadInput."""
    stripped = text.strip().removeprefix("ssh://").rstrip("/")
    user, at, rest = stripped.rpartition("@")
    host, port = _split_port(rest)
    if at and not _USER.fullmatch(user):
        raise _bad(text, f"“{user}” is not a user name")
    if not _HOST.fullmatch(host):
        raise _bad(text, f"“{host}” is not a host name or an IP address")
    number = _port_number(text, port) if port is not None else None
    return ServerAddress(host, user or None, number, identity_file, use_agent, jump)


def _split_port(rest: str) -> tuple[str, str | None]:
    if rest.startswith("["):
        host, closed, tail = rest[1:].partition("]")
        if closed and (not tail or tail.startswith(":")):
            return host, tail[1:] if tail else None
        return rest, None
    if rest.count(":") == 1:
        host, _, port = rest.partition(":")
        return host, port
    return rest, None  # no port, or a bare IPv6 address


def _port_number(text: str, port: str) -> int:
    if port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        return int(port)
    raise _bad(text, f"“{port}” is not a port between 1 and 65535")


def _bad(text: str, why: str) -> BadInput:
    return BadInput(f"“{text}” is not the address of a server", why, "Write it as user@host or user@host:port")
