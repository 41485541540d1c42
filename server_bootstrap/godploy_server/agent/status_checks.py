"""Where the server may tell commit states: pure checks that raise BadInput with the value's path."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from godploy_server.agent.requiring import require
from godploy_server.contract.commit_status import SetStatusWriter

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]{2,45}")
_PATH: Final = re.compile(r"[A-Za-z0-9._~/-]*")
_REPOSITORY: Final = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.~-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9_.~-]+)+")
_TOKEN: Final = re.compile(r"[!-~]{1,1000}")


def check_status_writer(wanted: SetStatusWriter) -> SetStatusWriter:
    """Give back what may be stored, the address without a slash at its end."""
    api = wanted.api.strip().rstrip("/")
    _check_api(api, allows_http=wanted.allows_http)
    require(
        len(wanted.repository) <= 300 and bool(_REPOSITORY.fullmatch(wanted.repository)),
        "repository",
        "OWNER/NAME, as the git host names it",
    )
    require(len(wanted.name) <= 100 and wanted.name.isprintable(), "name", "at most 100 printable characters")
    token = wanted.token.strip()
    require(not token or bool(_TOKEN.fullmatch(token)), "token", "at most 1000 letters, digits and signs")
    return replace(wanted, api=api, token=token, name=wanted.name.strip())


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _check_api(api: str, *, allows_http: bool) -> None:
    expected = "an https:// address without user, query or fragment, such as https://api.github.com"
    try:
        parts = urlsplit(api)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    require(parts.scheme in ("https", "http") and bool(_HOST.fullmatch(host)) and port != 0, "api", expected)
    require(parts.username is None and parts.password is None and "?" not in api and "#" not in api, "api", expected)
    require(len(api) <= 500 and bool(_PATH.fullmatch(parts.path)) and ".." not in parts.path, "api", expected)
    require(
        parts.scheme == "https" or allows_http or is_loopback(host),
        "api",
        "an https:// address, because the token would go over the network unencrypted (allows_http accepts that)",
    )
