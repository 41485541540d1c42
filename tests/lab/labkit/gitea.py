"""A real Gitea on the lab's network: accounts, repositories over HTTPS and its own SSH server, API, webhooks, OAuth.

It keeps everything in its container; `Gitea.reset` makes it new in a few seconds. Tests need not: each signs up a
person of its own.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.cache import cache_folder, locked, write_atomically
from tests.lab.labkit.certificates import ensure_public_certificates
from tests.lab.labkit.command import LabUnavailable
from tests.lab.labkit.containers import PREFIX, ensure_container
from tests.lab.labkit.docker_engine import docker, remove
from tests.lab.labkit.host_names import ensure_name
from tests.lab.labkit.images import Image, ensure_image
from tests.lab.labkit.network import DNS, GITEA, ZONE, Addresses, loopback_of, published_ssh_port
from tests.lab.labkit.tools import GITEA as PROGRAM
from tests.lab.labkit.tools import ensure_tool

HOST: Final = f"gitea.{ZONE}"
ADMIN: Final = ("lab", "only-for-the-labs-gitea")
_CONTAINER: Final = f"{PREFIX}gitea"
_READY_S: Final = 60
_SYSTEM_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")


class Refused(Exception):
    """Gitea's API answered with an error; `status` is HTTP's."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        super().__init__(f"{method} {path} was answered with {status}: {text[:500]}")
        self.status = status


@dataclass(frozen=True)
class Gitea:
    """The running Gitea. `bundle`: certificates for programs on this machine, the usual ones and its own (PEM)."""

    addresses: Addresses
    bundle: Path

    @property
    def name(self) -> str:
        """Its host name."""
        return HOST

    @property
    def url(self) -> str:
        """Its address, the same for servers and for this machine."""
        return f"https://{HOST}"

    @property
    def host_key(self) -> str:
        """The key of its SSH server, as `type base64`."""
        line = docker("exec", _CONTAINER, "cat", "/srv/gitea/data/ssh/host.rsa.pub")
        return " ".join(line.split()[:2])

    @property
    def host_key_fingerprint(self) -> str:
        """`SHA256:...`, as its administrator would read it."""
        digest = hashlib.sha256(b64decode(self.host_key.split()[1])).digest()
        return "SHA256:" + b64encode(digest).decode().rstrip("=")

    def ask(self, method: str, path: str, body: object = None, *, login: tuple[str, str] = ADMIN) -> Any:
        """Call its API, as the administrator unless told otherwise; gives back the decoded answer. Raises Refused."""
        headers = {"Authorization": "Basic " + b64encode(":".join(login).encode()).decode()}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", content, headers, method=method)
        context = ssl.create_default_context(cafile=str(self.bundle))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            raise Refused(method, path, refused.code, refused.read().decode(errors="replace")) from None
        return json.loads(text) if text.strip() else None

    def sign_up(self) -> GiteaPerson:
        """A new account with a password."""
        name, password = f"person-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        self.ask(
            "POST", "admin/users",
            {"username": name, "email": f"{name}@{ZONE}", "password": password, "must_change_password": False},
        )  # fmt: skip
        return GiteaPerson(self, name, password)

    def reset(self) -> None:
        """Begin anew: without accounts and repositories."""
        remove([_CONTAINER])
        _start(self.addresses)


@dataclass(frozen=True)
class GiteaPerson:
    """An account at Gitea."""

    gitea: Gitea
    login: str
    password: str

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the API in this account's name; see `Gitea.ask`."""
        return self.gitea.ask(method, path, body, login=(self.login, self.password))

    def register_application(self, name: str = "Godploy") -> str:
        """Have a public OAuth application with a redirect to loopback (RFC 8252); gives back its client id."""
        for each in self.ask("GET", "user/applications/oauth2"):
            if each["name"] == name:
                return str(each["client_id"])
        made = self.ask(
            "POST", "user/applications/oauth2",
            {"name": name, "redirect_uris": ["http://127.0.0.1/"], "confidential_client": False},
        )  # fmt: skip
        return str(made["client_id"])

    def make_token(self) -> str:
        """A new access token for reading and changing repositories."""
        scopes = ["read:user", "write:repository"]
        made = self.ask("POST", f"users/{self.login}/tokens", {"name": secrets.token_hex(4), "scopes": scopes})
        return str(made["sha1"])

    def create(self, name: str, files: Mapping[str, bytes]) -> GiteaRepository:
        """A new private repository with `files` as its first commit on main."""
        self.ask("POST", "user/repos", {"name": name, "private": True, "default_branch": "main"})
        operations = [
            {"operation": "create", "path": path, "content": b64encode(content).decode()}
            for path, content in files.items()
        ]
        change = {"branch": "main", "message": "First version", "files": operations}
        self.ask("POST", f"repos/{self.login}/{name}/contents", change)
        return GiteaRepository(self, name)

    def delete(self) -> None:
        """Take the account away with all that is its."""
        self.gitea.ask("DELETE", f"admin/users/{self.login}?purge=true")


@dataclass(frozen=True)
class GiteaRepository:
    """A repository of an account, as Gitea has it."""

    owner: GiteaPerson
    name: str

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def url(self) -> str:
        """Its address for servers, as Gitea shows it under SSH."""
        return f"git@{HOST}:{self.full_name}.git"

    @property
    def local_ssh_url(self) -> str:
        """Its SSH address for git on this machine."""
        return f"ssh://git@{HOST}:{published_ssh_port()}/{self.full_name}.git"

    @property
    def https_url(self) -> str:
        """Its HTTPS address, the same everywhere."""
        return f"https://{HOST}/{self.full_name}.git"

    def ask(self, method: str, path: str = "", body: object = None) -> Any:
        """Call the API about this repository in its owner's name: `ask("GET", "keys")`."""
        return self.owner.ask(method, f"repos/{self.full_name}/{path}".rstrip("/"), body)


def ensure_gitea(addresses: Addresses) -> Gitea:
    """Build and start Gitea unless it runs, and wait until it answers. Raises LabUnavailable, CommandFailed."""
    ensure_image(Image("godploy-lab/gitea:1", "gitea", Debian.BOOKWORM, _add_program, pins=PROGRAM.version))
    with locked("gitea"):
        ensure_name(HOST, loopback_of(GITEA))
        return _start(addresses)


def _add_program(context: Path) -> None:
    (context / "gitea.tar").hardlink_to(ensure_tool(PROGRAM.name))


def _start(addresses: Addresses) -> Gitea:
    certificates = ensure_public_certificates()
    options = ["--ip", addresses.of(GITEA), "--dns", addresses.of(DNS), "-v", f"{certificates}:/certificates:ro"]
    here = loopback_of(GITEA)
    options += ["-p", f"{here}:443:443", "-p", f"{here}:{published_ssh_port()}:22"]
    # it serves as a plain user, on the ports of a published host
    options += ["--sysctl", "net.ipv4.ip_unprivileged_port_start=0"]
    ensure_container(_CONTAINER, "godploy-lab/gitea:1", options, [])
    gitea = Gitea(addresses, _bundle(certificates / "ca.pem"))
    _wait_for_admin(gitea)
    return gitea


def _wait_for_admin(gitea: Gitea) -> None:
    """Wait until it answers; the administrator is made by its own command at the first start."""
    give_up = time.monotonic() + _READY_S
    while True:
        try:
            gitea.ask("GET", "user")
            return
        except Refused as refused:
            if refused.status != 401:
                raise LabUnavailable(f"Gitea does not start: {refused}") from refused
            name, password = ADMIN
            command = ["/opt/gitea/gitea", "--config", "/srv/gitea/app.ini", "admin", "user", "create", "--admin"]
            command += ["--username", name, "--password", password, "--email", f"{name}@{ZONE}"]
            docker("exec", "-u", "git", _CONTAINER, *command, "--must-change-password=false")
        except OSError as failure:
            if time.monotonic() > give_up:
                said = docker("logs", "--tail", "3", _CONTAINER)
                raise LabUnavailable(f"Gitea does not answer within {_READY_S} s: {failure}\n{said}") from failure
            time.sleep(0.1)


def _bundle(authority: Path) -> Path:
    """A file with the certificates that this machine trusts and the lab's own."""
    usual = _SYSTEM_BUNDLE.read_bytes() if _SYSTEM_BUNDLE.exists() else b""
    target = cache_folder() / "certificates" / "this-machine.pem"
    content = usual + b"\n" + authority.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        write_atomically(target, content)
    return target
