"""What the lab makes only when it is asked for: images, programs, the tool mirror, the private registry and Gitea."""

import hashlib
import json
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.labkit import host_names
from tests.lab.labkit.applications import FOLDER
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run
from tests.lab.labkit.docker_engine import docker
from tests.lab.labkit.gitea import GiteaPerson
from tests.lab.labkit.hub_images import NIXPACKS_BASE, NotOffered, find_offer
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.private_registry import PrivateRegistry
from tests.lab.labkit.servers import Server
from tests.lab.labkit.tool_mirror import ToolMirror
from tests.lab.labkit.tools import TOOLS, Tool, ensure_tool

# What Nixpacks makes of each sample: the provider it names, and the command that starts the application.
NIXPACKS_FINDS = {
    "python": ("python", "python main.py"),
    "python-requirements": ("python", "python3 main.py"),
    "node": ("node", "npm run start"),
    "node-npm": ("node", "npm run start"),
    "static-built": ("node", ""),
    "static-plain": ("staticfile", "nginx"),
    "go": ("go", "./out"),
    "php": ("php", "php-fpm"),
    "ruby": ("ruby", "bundle exec rackup"),
    "rust": ("rust", "./bin/lab-rust"),
    "deno": ("deno", "deno run"),
    "elixir": ("elixir", "mix"),
    "java": ("java", "java"),
}


def test_the_real_nixpacks_plans_each_sample_application(nixpacks: Path) -> None:
    for name, (provider, start) in NIXPACKS_FINDS.items():
        assert run([str(nixpacks), "detect", str(FOLDER / name)]).strip() == provider
        plan = json.loads(run([str(nixpacks), "plan", "--format", "json", str(FOLDER / name)]))
        assert start in (plan.get("start") or {}).get("cmd", "")
        base = plan["buildImage"]
        assert base == NIXPACKS_BASE, "the hub's stand-in has another name than the base image that Nixpacks names"
    assert run([str(nixpacks), "detect", str(FOLDER / "unknown")]).strip() == ""


def test_an_image_is_on_the_hub_once_it_is_asked_for(
    lab: Lab, offer_images: Callable[..., None], prepared_server: Server
) -> None:
    offer_images("redis:7")
    prepared_server.run("docker run -d --name redis redis:7 --requirepass secret")
    ping = "docker exec redis redis-cli -a secret ping 2>/dev/null"
    assert prepared_server.run(f"for i in $(seq 50); do {ping} && exit; sleep 0.1; done").strip() == "PONG"
    assert "NOAUTH" in prepared_server.run("docker exec redis redis-cli ping")
    with pytest.raises(NotOffered, match=r"no nothing:1; it has .*postgres:16"):
        lab.internet.offer("nothing:1")


def test_the_stand_in_for_the_base_image_of_nixpacks_refuses_packages_that_it_has_not(
    nixpacks: Path, offer_images: Callable[..., None], tmp_path: Path
) -> None:
    offer_images(NIXPACKS_BASE)
    run([str(nixpacks), "build", str(FOLDER / "python-requirements"), "--out", str(tmp_path)])
    expression = next((tmp_path / ".nixpacks").glob("*.nix")).read_text()
    image = find_offer(NIXPACKS_BASE).source
    install = ["run", "--rm", "-i", "--entrypoint", "bash", image, "-c", "cat > plan.nix && nix-env -if plan.nix"]
    assert "python3 is Python 3" in docker(*install, stdin=expression.encode())
    with pytest.raises(CommandFailed, match="nothing for the Nix package 'cobol'"):
        docker(*install, stdin=expression.replace(" python3\n", " cobol\n").encode())


def test_the_tool_mirror_serves_the_real_programs_in_their_released_form(
    tool_mirror: ToolMirror, fresh_server: Server, tmp_path: Path
) -> None:
    for name, tool in tool_mirror.tools.items():
        fetched = fresh_server.run(f"curl -sSf {tool.url} -o /tmp/{name}.tgz && sha256sum /tmp/{name}.tgz")
        assert fetched.split()[0] == tool.sha256
        # on a Debian without a compiler or libraries of any kind
        version = fresh_server.run(f"tar xzf /tmp/{name}.tgz -C /usr/local/bin {name} && {name} --version")
        assert tool.version in version


def test_the_private_registry_gives_its_image_to_who_logs_in_and_to_nobody_else(
    private_registry: PrivateRegistry, prepared_server: Server
) -> None:
    with pytest.raises(CommandFailed, match="no basic auth credentials"):
        prepared_server.run(f"docker pull {private_registry.image}")
    login = f"docker login -u {private_registry.user} --password-stdin {private_registry.host}"
    with pytest.raises(CommandFailed, match="401 Unauthorized"):
        prepared_server.run(login, stdin=b"another password")
    prepared_server.run(login, stdin=private_registry.password.encode())
    shown = "docker run -d --name shop -p 8080:8080 {} >/dev/null && sleep 0.5 && curl -s http://127.0.0.1:8080/"
    assert prepared_server.run(shown.format(private_registry.image)).strip() == "private 1"
    exact = f"{private_registry.repository}@{private_registry.digests['2']}"
    assert prepared_server.run(f"docker rm -f shop >/dev/null; {shown.format(exact)}").strip() == "private 2"


def test_gitea_is_found_here_and_on_a_server_which_trusts_it(
    gitea_person: GiteaPerson, prepared_server: Server
) -> None:
    repository = gitea_person.create("kit", {"README.md": b"a kit\n"})
    url = repository.https_url.replace("://", f"://{gitea_person.login}:{gitea_person.password}@")
    assert prepared_server.run(f"git clone -q {url} /tmp/kit && cat /tmp/kit/README.md") == "a kit\n"
    scanned = prepared_server.run(f"ssh-keyscan {gitea_person.gitea.name} 2>/dev/null")
    assert gitea_person.gitea.host_key in scanned
    assert [each["full_name"] for each in gitea_person.ask("GET", "user/repos")] == [repository.full_name]


def test_a_name_of_the_lab_on_this_machine_is_one_line_that_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    monkeypatch.setattr(host_names, "_HOSTS", hosts)
    for address in ("127.10.0.1", "127.10.0.2", "127.10.0.2"):
        host_names.ensure_name("kit.lab.test", address)
    assert hosts.read_text() == "127.0.0.1 localhost\n127.10.0.2 kit.lab.test # godploy lab\n"
    host_names.forget_names()
    assert hosts.read_text() == "127.0.0.1 localhost\n"


def test_the_lifecycle_is_packed_as_a_builder_takes_it(lab: Lab) -> None:
    with tarfile.open(ensure_tool("lifecycle")) as archive:
        names = set(archive.getnames())
    assert {"lifecycle.toml", "lifecycle/lifecycle", "lifecycle/launcher", "lifecycle/creator"} <= names


def test_a_program_that_several_want_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GODPLOY_LAB_CACHE", str(tmp_path))
    builds = []

    def build(version: str, target: Path) -> None:
        builds.append(version)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(hashlib.sha256(version.encode()).digest())

    monkeypatch.setitem(TOOLS, "some", Tool("some", "1.0", build))
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(ensure_tool, ["some"] * 8))
    assert builds == ["1.0"]
    assert found == {tmp_path / "tools" / "some-1.0"}


def test_a_program_that_cannot_be_built_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GODPLOY_LAB_CACHE", str(tmp_path))

    def build(version: str, target: Path) -> None:
        raise CommandFailed(["cargo"], 101, "", "no such crate")

    monkeypatch.setitem(TOOLS, "some", Tool("some", "1.0", build))
    with pytest.raises(LabUnavailable, match=r"some 1\.0 cannot be built here(.|\n)*no such crate"):
        ensure_tool("some")
