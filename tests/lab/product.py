"""The product as the scenarios use it: the headless command with a profile of its own, and a browser's eyes."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.lab.labkit.git_host import GitHost, Repository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.warm_start import run_warm

T = TypeVar("T")
_ROOT = Path(__file__).parents[2]
SHOP = "shop/web"


class CommandRefused(AssertionError):
    """The headless command ended with another code than 0; `problem` is what it said with --json."""

    def __init__(self, arguments: tuple[str, ...], code: int, output: str, errors: str) -> None:
        super().__init__(f"godploy {' '.join(arguments)} ended with {code}:\n{output[-4000:]}\n{errors[-4000:]}")
        self.code = code
        self.output = output
        self.errors = errors


@dataclass(frozen=True)
class Godploy:
    """The headless command of one person: `godploy("server", "list")`. Everything it remembers is below `home`;
    `variables` are added to its environment."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the command: a profile of its own, and none of this machine's SSH settings."""
        self.home.mkdir(parents=True, exist_ok=True)
        passphrase = self.home / "passphrase"
        passphrase.write_text("a passphrase for the lab")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GODPLOY_", "SSH_AUTH"))}
        return kept | {
            "HOME": str(self.home),
            "GODPLOY_HOME": str(self.home / "godploy"),
            "GODPLOY_PASSPHRASE_FILE": str(passphrase),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",  # never this machine's own
            **self.variables,
        }

    def __call__(self, *arguments: str, stdin: str = "", timeout_s: float = 300) -> str:
        """Run it and give back its standard output. Raises CommandRefused for any exit code but 0."""
        done = run_warm("godploy_desktop.cli", arguments, self.environment, stdin=stdin, timeout_s=timeout_s)
        if done.returncode != 0:
            raise CommandRefused(arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *arguments: str, stdin: str = "", timeout_s: float = 300) -> Any:
        """Run it with --json and give back the decoded answer."""
        return json.loads(self(*arguments, "--json", stdin=stdin, timeout_s=timeout_s))

    def lines(self, *arguments: str) -> list[Any]:
        """Run it with --json and give back what a stream printed, an item a line."""
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it and go on; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "godploy_desktop.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=_ROOT,
            env=self.environment,
        )


@dataclass(frozen=True)
class Page:
    """What a visitor got."""

    status: int
    version: str
    body: str


def visit_page(server: Server, host: str, path: str = "/", *, tls_root: str = "", method: str = "GET") -> Page:
    """Ask a server for a page of `host`; over HTTPS with the certificate checked when a root is given."""
    channel = socket.create_connection((server.host, 443 if tls_root else 80), timeout=20)
    if tls_root:
        channel = ssl.create_default_context(cadata=tls_root).wrap_socket(channel, server_hostname=host)
    connection = http.client.HTTPConnection(host)
    connection.sock = channel
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return Page(answer.status, answer.headers.get("X-Version", ""), answer.read().decode(errors="replace"))
    finally:
        connection.close()


def soon(question: Callable[[], T], timeout_s: float = 30, every_s: float = 0.25) -> T:
    """Ask until the answer is true (or no longer raises), and give it back. Fails with the last answer or error."""
    give_up = time.monotonic() + timeout_s
    while True:
        last: object
        try:
            if answer := question():
                return answer
            last = answer
        except (OSError, ssl.SSLError, http.client.HTTPException, CommandRefused, KeyError, IndexError) as error:
            last = error
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {timeout_s} s; last: {last}")
        time.sleep(every_s)


@dataclass(frozen=True)
class Shop:
    """The sample application as service shop/web on one lab server, from its private repository."""

    godploy: Godploy
    server: Server
    repository: Repository
    host: str
    tls_root: str = ""

    def page(self, path: str = "/", method: str = "GET") -> Page:
        """What a visitor of its domain sees."""
        return visit_page(self.server, self.host, path, tls_root=self.tls_root, method=method)

    def push(self, version: str, **files: str) -> str:
        """Commit a new version; gives back the commit's id."""
        return self.repository.commit({"VERSION": version + "\n", **files}, f"Version {version}")

    def deploy(self, *, timeout_s: float = 300) -> str:
        """Deploy and follow to the end; gives back the log. Raises CommandRefused."""
        return self.godploy("deploy", SHOP, timeout_s=timeout_s)

    def service(self) -> Any:
        """The service as the agent tells it."""
        return self.godploy.json("service", "show", SHOP)

    def deployments(self) -> list[Any]:
        """Its deployments, newest first."""
        found = self.godploy.json("deployments", SHOP)
        return list(found)

    def serves(self, version: str) -> bool:
        """Whether a visitor gets this version now."""
        page = self.page()
        return page.status == 200 and page.version == version


def add_server(godploy: Godploy, server: Server, lab: Lab) -> None:
    """Put a lab server into the list, its host key checked as a person would: by its fingerprint."""
    godploy(
        "server", "add", f"root@{server.host}:{server.ssh_port}", "--name", server.name,
        "--identity-file", str(lab.key), "--accept-host-key", server.host_key_fingerprint,
    )  # fmt: skip


def trust_git_host(godploy: Godploy, git_host: GitHost) -> None:
    """Let the server accept the lab's git host, its key compared as a person would: by its fingerprint."""
    godploy("git", "host-keys", "trust", git_host.name, "--fingerprint", git_host.host_key_fingerprint)


def use_lab_acme(godploy: Godploy, lab: Lab) -> None:
    """Let the server obtain certificates from the lab's ACME server."""
    acme = lab.internet.acme
    certificate = godploy.home / "acme-ca.pem"
    certificate.write_text(acme.ca_certificate)
    godploy(
        "settings", "--acme-email", "ops@lab.test", "--acme-ca-url", acme.directory_url,
        "--acme-ca-certificate", str(certificate),
    )  # fmt: skip


def open_shop(
    godploy: Godploy, server: Server, repository: Repository, *options: str, tls: bool = False, label: str = "shop"
) -> Shop:
    """Make project, service and domain and let the deploy key read the repository; nothing is deployed yet."""
    host = server.domain(label)
    godploy("project", "create", "shop")
    trusted = ("--trust-host-key", repository.host_key_fingerprint)
    godploy("service", "create", SHOP, "--git", repository.url, "--port", "8080", *trusted, *options)
    repository.allow(godploy("service", "deploy-key", SHOP).strip())
    godploy("service", "domains", "add", SHOP, host, *([] if tls else ["--no-tls"]))
    return Shop(godploy, server, repository, host)
