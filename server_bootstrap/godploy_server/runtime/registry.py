"""Which registry an image comes from, and how Docker is told a login: pure functions.

Source: distribution/reference (grammar of image names), Docker Engine API 1.41, "Authentication".
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final

from godploy_server.contract import BadInput

DOCKER_HUB: Final = "docker.io"
_HUB_ADDRESS: Final = "https://index.docker.io/v1/"
_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "hub.docker.com"})
_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$)({_LABEL}(\.{_LABEL})*|\[[0-9a-f:]+\])(:[0-9]{{1,5}})?")


def registry_of(image: str) -> str:
    """Give the registry that an image's name means: its host with port, "docker.io" where it names none."""
    first, slash, _ = image.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return check_registry(first) if is_host else DOCKER_HUB


def check_registry(host: str) -> str:
    """Give the name under which a registry's login is kept: host with port, in lower case. Raises BadInput."""
    plain = re.sub(r"^https?://", "", host.strip().lower()).rstrip("/")
    plain = re.sub(r"/v[12]$", "", plain).removesuffix(":443")
    if plain in _HUB_NAMES:
        return DOCKER_HUB
    if not _HOST.fullmatch(plain):
        raise BadInput(
            f"“{host[:100]}” is not a registry",
            "host: should be a host name, with a port where it is not 443, such as ghcr.io or registry.test:5000",
            "Correct the host",
        )
    return plain


def server_address(host: str) -> str:
    """Give the address under which Docker and its tools look for a registry's login."""
    return _HUB_ADDRESS if host == DOCKER_HUB else host


def auth_header(host: str, user: str, password: str) -> str:
    """Give the value of X-Registry-Auth: URL-safe base64, padded (Docker takes an unpadded one for no login)."""
    login = {"username": user, "password": password, "serveraddress": server_address(host)}
    return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()
