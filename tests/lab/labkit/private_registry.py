"""A registry of images that wants a login, with HTTPS that the lab's servers trust, and one private image in it."""

import json
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from tests.lab.labkit.cache import cache_folder, locked, write_atomically
from tests.lab.labkit.certificates import ensure_public_certificates
from tests.lab.labkit.command import CommandFailed, run
from tests.lab.labkit.containers import PREFIX, ensure_container
from tests.lab.labkit.docker_engine import LABEL, docker
from tests.lab.labkit.images import INTERNET, RECIPES, ensure_busybox, folder_hash
from tests.lab.labkit.network import REGISTRY, ZONE, Addresses, loopback_of

HOST = f"registry.{ZONE}"
_USER, _PASSWORD = "shop", "only-for-the-labs-registry"
_REPOSITORY = "shop/private"
_VERSIONS = ("1", "2")
_RECIPE = RECIPES / "private"
_READY_S = 20


@dataclass(frozen=True)
class PrivateRegistry:
    """Where it is and how to log in. `image` answers HTTP on $PORT (8080) with `private VERSION`, /health with `ok`.

    `image` is version 1 by its tag; `digests` has the digest of each version, for `repository@sha256:...`.
    """

    host: str
    user: str
    password: str
    repository: str
    digests: dict[str, str]

    @property
    def image(self) -> str:
        return self.tagged("1")

    def tagged(self, version: str) -> str:
        """The image of a version, by its tag."""
        return f"{self.repository}:{version}"


def ensure_private_registry(addresses: Addresses) -> PrivateRegistry:
    """Start the registry unless it runs, and put the private image in. Raises CommandFailed, LabUnavailable."""
    folder = cache_folder() / "private-registry"
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    with locked("private-registry"):
        if not (folder / "htpasswd").exists():
            hashed = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(5)).decode()
            write_atomically(folder / "htpasswd", f"{_USER}:{hashed}\n".encode())
        _start(addresses, folder)
        digests = {version: _push(folder, version) for version in _VERSIONS}
    return PrivateRegistry(HOST, _USER, _PASSWORD, f"{HOST}/{_REPOSITORY}", digests)


def _start(addresses: Addresses, folder: Path) -> None:
    certificates = ensure_public_certificates()
    settings = {
        "HTTP_ADDR": ":443",
        "HTTP_TLS_CERTIFICATE": "/certificates/public.pem",
        "HTTP_TLS_KEY": "/certificates/public.key",
        "AUTH_HTPASSWD_REALM": HOST,
        "AUTH_HTPASSWD_PATH": "/private/htpasswd",
        "STORAGE_FILESYSTEM_ROOTDIRECTORY": "/private/blobs",
    }
    options = ["--ip", addresses.of(REGISTRY), "-p", f"{loopback_of(REGISTRY)}:443:443"]
    options += ["-v", f"{folder}:/private", "-v", f"{certificates}:/certificates:ro"]
    options += [word for name, value in settings.items() for word in ("-e", f"REGISTRY_{name}={value}")]
    command = ["docker-registry", "serve", "/etc/lab/registry.yml"]
    ensure_container(f"{PREFIX}registry", INTERNET.name, options, command)


def _push(folder: Path, version: str) -> str:
    """Push a version unless it is there as its recipe stands now; gives back its digest."""
    mark = folder / f"pushed-{version}.json"
    recipe = folder_hash(_RECIPE, version)
    if mark.exists() and (pushed := json.loads(mark.read_text()))["recipe"] == recipe:
        return str(pushed["digest"])
    ensure_busybox()
    # loopback, which Docker talks to without asking for a certificate that it trusts
    address = f"{loopback_of(REGISTRY)}:443"
    name = f"{address}/{_REPOSITORY}:{version}"
    build = ["build", "-q", "--label", LABEL, "--build-arg", f"VERSION={version}", "-t", name, str(_RECIPE)]
    run(["docker", *build], environment={"DOCKER_BUILDKIT": "0"})
    with tempfile.TemporaryDirectory(dir=cache_folder()) as home:
        login = b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
        write_atomically(Path(home) / "config.json", json.dumps({"auths": {address: {"auth": login}}}).encode(), 0o600)
        _patiently("--config", home, "push", "-q", name)
    digest = docker("image", "inspect", "-f", "{{index .RepoDigests 0}}", name).rpartition("@")[2]
    docker("rmi", name)
    write_atomically(mark, json.dumps({"recipe": recipe, "digest": digest}).encode())
    return digest


def _patiently(*arguments: str) -> None:
    """A Docker command against a registry that may have been started a moment ago."""
    give_up = time.monotonic() + _READY_S
    while True:
        try:
            docker(*arguments)
            return
        except CommandFailed:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
