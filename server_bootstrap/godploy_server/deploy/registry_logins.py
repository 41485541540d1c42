"""Logins at registries: tried before they are kept, and handed to pulls and builds without touching a disk.

Docker's tools ask a *credential helper* (a program `docker-credential-NAME`) for logins. Ours answers from its
environment, which only the build's own processes have. Source: docker/docker-credential-helpers, README, "Usage".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput, NotAllowed, Registry, SetRegistry, Unreachable
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.registry import auth_header, check_registry, registry_of, server_address
from godploy_server.state import registries

LOGINS_VARIABLE: Final = "GODPLOY_REGISTRY_LOGINS"
"""The logins for the credential helper: JSON, registry address to user and password."""

_HELPER: Final = "godploy"
_REFUSALS: Final = ("unauthorized", "incorrect username or password", "denied", "forbidden", "authentication required")
_PROGRAM: Final = """#!{python} -IS
import json, os, sys
logins = json.loads(os.environ.get("{variable}") or "{{}}")
if sys.argv[1:] == ["list"]:
    print(json.dumps({{address: login[0] for address, login in logins.items()}}))
    sys.exit(0)
asked = sys.stdin.readline().strip()
plain = asked.split("://", 1)[-1].rstrip("/")
login = logins.get(asked) or logins.get(plain)
if sys.argv[1:] != ["get"] or login is None:
    print("credentials not found in native keychain")
    sys.exit(1)
print(json.dumps({{"ServerURL": asked, "Username": login[0], "Secret": login[1]}}))
"""


@dataclass(frozen=True)
class PullLogin:
    """A login for one pull; `header` is the value of X-Registry-Auth."""

    host: str
    user: str
    header: str

    def __repr__(self) -> str:
        return f"PullLogin({self.host}, {self.user}, [REDACTED])"


async def set_registry(engine: Engine, wanted: SetRegistry) -> Registry:
    """Log in at a registry and keep the login; nothing is kept if it refuses. Raises BadInput, NotAllowed,
    Unreachable."""
    host = check_registry(wanted.host)
    if not wanted.user or not wanted.password or not wanted.user.isprintable():
        raise BadInput("The login cannot be used", "user, password: should both be there", "Give both")
    await _log_in(engine, host, wanted.user, wanted.password)
    return registries.put(engine.connection, engine.secrets, host, wanted.user, wanted.password)


async def check_login(engine: Engine, registry: Registry) -> Registry:
    """Log in again with a kept login. Raises NotAllowed, Unreachable."""
    password = registries.password(engine.connection, engine.secrets, registry)
    await _log_in(engine, registry.host, registry.user, password)
    registries.set_checked(engine.connection, registry.id)
    return registries.find(engine.connection, registry.id)


def pull_login(engine: Engine, image: str) -> PullLogin | None:
    """Give the login for the registry of an image, None if none is kept. Raises NotReady if it cannot be decrypted."""
    host = registry_of(image)
    for each in registries.every(engine.connection):
        if each.host == host:
            password = registries.password(engine.connection, engine.secrets, each)
            return PullLogin(host, each.user, auth_header(host, each.user, password))
    return None


def build_environment(engine: Engine, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give what lets `docker build` and `pack` pull from private registries: {} if there is no login.

    A configuration folder that names our credential helper and holds no secret, the helper on the PATH, and the logins
    in a variable. Raises NotReady if a password cannot be decrypted.
    """
    logins = {
        server_address(each.host): [each.user, registries.password(engine.connection, engine.secrets, each)]
        for each in registries.every(engine.connection)
    }
    if not logins:
        return {}
    folder = engine.paths.state_dir / "tools" / "registry-logins"
    program = _PROGRAM.format(python=sys.executable, variable=LOGINS_VARIABLE)
    _write(folder / f"docker-credential-{_HELPER}", program, 0o755)
    _write(folder / "config.json", json.dumps({"credHelpers": dict.fromkeys(sorted(logins), _HELPER)}), 0o644)
    return {
        "DOCKER_CONFIG": str(folder),
        "PATH": f"{folder}:{own.get('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')}",
        LOGINS_VARIABLE: json.dumps(logins),
    }


async def _log_in(engine: Engine, host: str, user: str, password: str) -> None:
    login = {"username": user, "password": password, "serveraddress": server_address(host)}
    try:
        await engine.docker.request("POST", "/auth", body=login)
    except DockerRefused as refusal:
        said = refusal.problem.why
        if refusal.http_status in (401, 403) or any(sign in said.lower() for sign in _REFUSALS):
            raise NotAllowed(
                f"{host} does not accept this login", f"it answered: {said}", "Check the user and the password or token"
            ) from None
        raise Unreachable(
            f"The login at {host} could not be tried",
            said,
            "Check the host, and that this server reaches it (a registry without HTTPS must be among Docker's"
            " insecure-registries)",
        ) from None


def _write(file: Path, text: str, mode: int) -> None:
    """Write a file whole, beside builds that may be reading it."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(mode)
    beside.rename(file)
