"""Every builder with its real program: what it builds is served, and no secret of a build is left anywhere.

Nixpacks' base image and the builder image of Buildpacks are the lab's own under their real names, since their content
comes from the internet; nixpacks, pack and the lifecycle are the real ones.
"""

import hashlib
import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import RentServer
from tests.lab.labkit.applications import application
from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.buildpacks import BUILDER, RUN
from tests.lab.labkit.command import CommandFailed
from tests.lab.labkit.git_host import GitHost, Repository
from tests.lab.labkit.hub_images import NIXPACKS_BASE
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.labkit.tool_mirror import ToolMirror
from tests.lab.labkit.visitors import Traffic
from tests.lab.product import CommandRefused, Godploy, Page, add_server, soon, visit_page
from tests.lab.secret_scan import ProcessWatch, places_that_hold

PROJECT = "works"
NOTE = "a note for the build"
DOCKERFILE = b"""FROM python:3.12-slim
ARG BUILD_NOTE
WORKDIR /app
COPY . .
RUN --mount=type=secret,id=BUILD_TOKEN python3 record_build.py
CMD ["python3", "main.py"]
"""
HOG = b"""FROM python:3.12-slim
COPY main.py /main.py
RUN python3 -c "parts = [bytearray(50_000_000) for _ in range(40)]; print(len(parts))"
CMD ["python3", "/main.py"]
"""
HOG_OF_NODE = {
    "package.json": b'{"name": "hog", "scripts": {"build": "node build.js", "start": "node build.js"}}',
    "build.js": b"const parts = []; for (;;) parts.push(Buffer.alloc(20_000_000, 1));",
}


@dataclass
class Workshop:
    """A server whose builders' programs come from the lab's mirror, and the services that a test makes there."""

    godploy: Godploy
    server: Server
    git_host: GitHost
    repositories: list[Repository] = field(default_factory=list)

    def service(self, name: str, files: dict[str, bytes], *options: str) -> Repository:
        """Make works/NAME from a repository with these files, served at NAME.sN.lab.test."""
        repository = self.git_host.create(f"{name}-{secrets.token_hex(3)}", files)
        self.repositories.append(repository)
        full = f"{PROJECT}/{name}"
        quick = ("--health-path", "/health", "--drain", "1", "--settle", "0")
        trusted = ("--trust-host-key", repository.host_key_fingerprint)
        self.godploy("service", "create", full, "--git", repository.url, *trusted, *quick, *options)
        repository.allow(self.godploy("service", "deploy-key", full).strip())
        self.godploy("service", "domains", "add", full, self.server.domain(name), "--no-tls")
        return repository

    def tell_build(self, name: str, token: str) -> None:
        """Give a service's build a plain variable and a secret."""
        full = f"{PROJECT}/{name}"
        self.godploy("service", "variables", "set", full, f"BUILD_NOTE={NOTE}", "--build-only")
        self.godploy("service", "variables", "set", full, "--build-only", "--secret", "BUILD_TOKEN", stdin=token)

    def deploy(self, name: str) -> str:
        """Deploy to the end; gives the log."""
        return self.godploy("deploy", f"{PROJECT}/{name}", timeout_s=600)

    def last(self, name: str) -> Any:
        """The newest deployment."""
        return self.godploy.json("deployments", f"{PROJECT}/{name}")[0]

    def page(self, name: str, path: str = "/") -> Page:
        """What a visitor sees."""
        return visit_page(self.server, self.server.domain(name), path)


@pytest.fixture
def workshop(
    bootstrapped_server: Server,
    godploy: Godploy,
    git_host: GitHost,
    tool_mirror: ToolMirror,
    offer_images: Callable[..., None],
) -> Iterator[Workshop]:
    tools = tool_mirror.tools
    offer_images("nginx:1.29-alpine", "node:22-slim", BUILDER, RUN)
    options = [word for tool in tools.values() for word in ("--tool", tool.name, tool.url, tool.sha256)]
    godploy("settings", *options)
    if NIXPACKS_BASE not in bootstrapped_server.inside("docker", "images", "--format", "{{.Repository}}:{{.Tag}}"):
        bootstrapped_server.load_image(NIXPACKS_BASE)
    godploy("project", "create", PROJECT)
    made = Workshop(godploy, bootstrapped_server, git_host)
    yield made
    godploy("settings", "--tool", "--build-memory", "0")
    for repository in made.repositories:
        repository.delete()


def test_each_builder_serves_what_it_built_and_no_secret_of_the_build_is_left(workshop: Workshop) -> None:
    token = secrets.token_hex(24)
    python = application("python")
    kinds = {
        "dockerfile": ({**python, "Dockerfile": DOCKERFILE}, ()),
        "nixpacks": (python, ()),
        "buildpacks": (application("node"), ("--builder", "buildpacks")),
        "static": (
            application("static-built"),
            ("--builder", "static", "--build-command", "npm run build", "--output", "dist"),
        ),
    }
    for kind, (files, options) in kinds.items():
        workshop.service(kind, files, *options)
        workshop.tell_build(kind, token)
    with ProcessWatch(workshop.server, token) as watch:
        logs = {kind: workshop.deploy(kind) for kind in kinds}
    for kind in kinds:
        built = json.loads(workshop.page(kind, "/built").body)
        assert built["BUILD_TOKEN"]["sha256"] == hashlib.sha256(token.encode()).hexdigest()[:12], kind
        assert built["BUILD_NOTE"]["length"] == len(NOTE), kind
        deployment = workshop.last(kind)
        assert deployment["plan"]["builder"] == kind
        assert token not in logs[kind] + json.dumps(deployment)
        assert "-- plan: " in logs[kind]
        environment = workshop.server.run(
            f"docker inspect $(docker ps -qf name=godploy-{PROJECT}-{kind}-) -f '{{{{json .Config}}}}'"
        )
        assert "BUILD_TOKEN" not in environment, kind
    print(f"\nsecret scan: {watch.samples} looks at {watch.processes} processes")
    assert watch.samples > 100
    assert watch.found == []
    assert places_that_hold(workshop.server, token) == []
    assert workshop.server.run("docker ps -aq --filter label=godploy.build") == ""
    assert "pack.local" not in workshop.server.run("docker images")


def test_docker_20_10_gives_a_build_its_secret_and_holds_it_to_the_cap(
    lab: Lab, rent_server: RentServer, git_host: GitHost, tmp_path: Path
) -> None:
    """Debian 12: BuildKit inside the docker command, which takes no cgroup of ours."""
    server = rent_server(Debian.BOOKWORM, prepared=True)
    godploy = Godploy(tmp_path / "person")
    add_server(godploy, server, lab)
    godploy("server", "bootstrap", timeout_s=600)
    godploy("settings", "--build-memory", "300M")
    godploy("project", "create", PROJECT)
    workshop = Workshop(godploy, server, git_host)
    token = secrets.token_hex(24)
    try:
        repository = workshop.service("old", {**application("python"), "Dockerfile": DOCKERFILE})
        workshop.tell_build("old", token)
        with ProcessWatch(server, token) as watch:
            workshop.deploy("old")
        built = json.loads(workshop.page("old", "/built").body)
        assert built["BUILD_TOKEN"]["sha256"] == hashlib.sha256(token.encode()).hexdigest()[:12]
        assert watch.found == []
        assert places_that_hold(server, token) == []
        repository.commit({"Dockerfile": HOG})
        with pytest.raises(CommandRefused) as refused:
            workshop.deploy("old")
        assert "needed more memory than it may use" in refused.value.errors
        assert workshop.page("old").body == "python\n"
    finally:
        for each in workshop.repositories:
            each.delete()


@pytest.mark.parametrize(
    ("name", "options", "builder"),
    [
        ("go", (), "nixpacks"),
        ("python-requirements", ("--builder", "buildpacks", "--process", "web"), "buildpacks"),
        ("static-plain", (), "static"),
    ],
)
def test_a_small_application_is_built_and_served(
    workshop: Workshop, name: str, options: tuple[str, ...], builder: str
) -> None:
    workshop.service(name, application(name), *options)
    log = workshop.deploy(name)
    page = workshop.page(name)
    assert page.status == 200
    assert name.partition("-")[0] in page.body
    assert workshop.last(name)["plan"]["builder"] == builder
    assert "Builds may use" in log


def test_a_static_site_answers_as_a_web_server_should(workshop: Workshop) -> None:
    files = {
        **application("static-built"),
        "page.html": b"<!doctype html><title>shop</title>" + b"<p>shop</p>" * 200,
        ".env": b"PASSWORD=x\n",
    }
    workshop.service("site", files, "--builder", "static", "--build-command", "npm run build && cp .env dist/.env",
                     "--output", "dist")  # fmt: skip
    workshop.deploy("site")

    def ask(path: str, *headers: str) -> str:
        options = [word for each in (f"Host: {workshop.server.domain('site')}", *headers) for word in ("-H", each)]
        answer = subprocess.run(
            ["curl", "-s", "-D", "-", "-o", "/dev/null", *options, f"http://{workshop.server.host}{path}"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return answer.stdout.lower()

    assert "cache-control: no-cache" in ask("/")
    assert "content-encoding: gzip" in ask("/", "Accept-Encoding: gzip")
    hashed = ask("/assets/app-1a2b3c4d.js", "Accept-Encoding: gzip")
    assert "immutable" in hashed
    assert "content-encoding: gzip" in hashed
    assert workshop.page("site", "/any/where").body.startswith("<!doctype html>")
    assert workshop.page("site", "/assets/").body.startswith("<!doctype html>")
    assert workshop.page("site", "/assets/gone-1a2b3c4d.js").status == 404
    assert workshop.page("site", "/.env").status == 404


def test_plans_are_those_that_the_real_nixpacks_prints(
    workshop: Workshop, nixpacks: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Twelve applications in one repository, each planned as the folder that is the service's root."""
    names = ("python", "python-requirements", "node", "node-npm", "go", "php", "ruby", "rust", "deno", "elixir", "java",
             "static-built")  # fmt: skip
    files = {f"{name}/{path}": content for name in names for path, content in application(name).items()}
    workshop.service("all", files, "--builder", "nixpacks")
    folder = tmp_path_factory.mktemp("applications")
    for path, content in files.items():
        here = folder / path.rstrip("*")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_bytes(content)
    for name in names:
        workshop.godploy("service", "change", f"{PROJECT}/all", "--root", name)
        ours = workshop.godploy.json("service", "plan", f"{PROJECT}/all")
        printed = subprocess.run(
            [str(nixpacks), "plan", ".", "--format", "json"],
            cwd=folder / name, check=True, capture_output=True, text=True,
        )  # fmt: skip
        theirs = json.loads(printed.stdout)
        assert ours["builder"] == "nixpacks"
        lines = ours["detail"].splitlines()
        assert f"image: {theirs['buildImage']}" in lines
        for phase, what in theirs["phases"].items():
            for command in what.get("cmds") or ():
                assert f"{phase}: {command}" in lines, name
            packages = [*(what.get("nixPkgs") or ()), *(what.get("aptPkgs") or ())]
            assert not packages or f"{phase}: {', '.join(packages)}" in lines, name
        if start := (theirs.get("start") or {}).get("cmd"):
            assert f"start: {start}" in lines, name


def test_a_source_that_nothing_fits_says_what_was_looked_for(workshop: Workshop) -> None:
    workshop.service("unknown", application("unknown"))
    with pytest.raises(CommandRefused) as refused:
        workshop.godploy("service", "plan", f"{PROJECT}/unknown")
    for word in ("No builder fits", "a Dockerfile", "package.json", "index.html", "project.toml"):
        assert word in refused.value.errors


def test_a_build_that_wants_too_much_memory_fails_and_the_service_goes_on(
    workshop: Workshop, visitors: Callable[..., Traffic]
) -> None:
    workshop.godploy("settings", "--build-memory", "300M")
    python = application("python")
    repository = workshop.service(
        "hog", {**python, "Dockerfile": DOCKERFILE.replace(b"--mount=type=secret,id=BUILD_TOKEN ", b"")}
    )
    workshop.deploy("hog")
    domain = workshop.server.domain("hog")
    limits = {"slowest_s": 5, "most_seconds": 120, "most_requests": 50_000}
    with visitors(workshop.server.host, domain, methods=("GET",), **limits) as traffic:
        traffic.wait_for(50)
        repository.commit({"Dockerfile": HOG})
        with pytest.raises(CommandRefused) as refused:
            workshop.deploy("hog")
        gone = dict.fromkeys(("Dockerfile", "main.py", "nixpacks.toml", "record_build.py", "bin/post_compile"))
        repository.commit({**gone, **HOG_OF_NODE})
        workshop.godploy("service", "change", f"{PROJECT}/hog", "--builder", "buildpacks")
        with pytest.raises(CommandRefused) as refused_too:
            workshop.deploy("hog")
    for each in (refused, refused_too):
        assert "needed more memory than it may use" in each.value.errors
        assert "300 MiB" in each.value.errors
    assert traffic.lost == []
    assert workshop.page("hog").body == "python\n"


def test_a_cancelled_build_of_pack_leaves_no_container_and_no_image(workshop: Workshop) -> None:
    files = {**application("node"), "record-build.js": b"setTimeout(() => {}, 120000); console.log('building slowly')"}
    workshop.service("slow", files, "--builder", "buildpacks")
    workshop.godploy("deploy", f"{PROJECT}/slow", "--no-follow")
    marked = "docker ps -aq --filter label=godploy.build"
    soon(lambda: workshop.server.run(f"{marked} --filter status=running"), timeout_s=90)
    soon(lambda: "building slowly" in workshop.godploy("deployments", f"{PROJECT}/slow", "--log", "1"), timeout_s=60)
    workshop.godploy("cancel", f"{PROJECT}/slow")
    soon(lambda: workshop.last("slow")["state"] == "cancelled", timeout_s=20)
    assert workshop.server.run(marked) == ""
    images = workshop.server.run("docker images --format '{{.Repository}}:{{.Tag}}'")
    assert "pack.local" not in images
    assert "-packed" not in images


def test_a_wrong_checksum_installs_nothing(workshop: Workshop, tool_mirror: ToolMirror) -> None:
    pack = tool_mirror.tools["pack"]
    workshop.godploy("settings", "--tool", "nixpacks", pack.url, "0" * 64)
    workshop.service("strict", application("node"))
    with pytest.raises(CommandRefused) as refused:
        workshop.deploy("strict")
    assert "not what was asked for" in refused.value.errors
    assert pack.sha256 in refused.value.errors
    with pytest.raises(CommandFailed):
        workshop.server.run(f"ls -d /var/lib/godploy/tools/nixpacks-{'0' * 16}")
