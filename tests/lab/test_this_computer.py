"""First run on a computer with Docker: the embedded agent, the sample application, and nothing left afterwards."""

import asyncio
import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from godploy_desktop.ui.models.route import Route
from tests.lab.labkit.lab import Lab
from tests.lab.product import Godploy, soon
from tests.lab.window import Person, at_the_window

SAMPLE = "samples/hello"


@pytest.fixture
def person(lab: Lab, tmp_path: Path) -> Iterator[Godploy]:
    """A person at a computer whose Docker serves nothing of theirs yet; the lab's hub has the images."""
    assert of_this_computer() == [], "an embedded agent of someone serves on this Docker already"
    godploy = Godploy(tmp_path)
    yield godploy
    if godploy.json("server", "list"):
        godploy("server", "remove", "this-computer", "--purge", "--yes")


def of_this_computer() -> list[str]:
    """What carries the embedded agent's label in this computer's Docker."""
    label = "label=godploy.instance=godploy-local"
    commands = (
        ["docker", "ps", "-a", "--filter", label, "--format", "container {{.Names}}"],
        ["docker", "network", "ls", "--filter", label, "--format", "network {{.Name}}"],
    )
    found = [subprocess.run(each, capture_output=True, text=True, check=True).stdout for each in commands]
    return sorted("".join(found).splitlines())


def page(port: int) -> str:
    """What a browser gets for the sample's address: hello.localhost is always loopback (RFC 6761)."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"hello.localhost:{port}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def test_the_sample_is_served_on_loopback_and_purging_leaves_nothing(person: Godploy, tmp_path: Path) -> None:
    person("server", "add", "this-computer")
    assert of_this_computer() == []  # a proxy comes with the first project
    deployed = person.lines("sample")[-1]
    status = person.json("server", "status")
    port = status["info"]["http_port"]
    assert f"hello.localhost{'' if port == 80 else f':{port}'}" in json.dumps(deployed)
    assert "Hello from Godploy" in soon(lambda: page(port), 20)
    assert soon(lambda: [each for each in person.lines("logs", SAMPLE) if "GET" in json.dumps(each)], 20)
    assert person.json("server", "remove", "this-computer", "--purge", "--yes")["left"] == {
        "containers": [],
        "networks": [],
    }
    assert of_this_computer() == []
    assert person.json("server", "list") == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    left = [path for path in (tmp_path / "godploy").rglob("*") if path.is_file() and "embedded" in path.parts]
    assert left == []


def test_taking_this_computer_off_the_list_keeps_its_services_and_says_so(person: Godploy) -> None:
    person("server", "add", "this-computer")
    person("sample")
    port = person.json("server", "status")["info"]["http_port"]
    said = person("server", "remove", "this-computer", "--yes")
    assert "godploy-local-samples-hello-r1-1" in said
    assert "godploy-local-traefik" in said
    assert "--purge" in said
    assert "Hello from Godploy" in soon(lambda: page(port), 20)
    person("server", "add", "this-computer")
    assert [each["name"] for each in person.json("service", "list")] == ["hello"]
    person("service", "delete", SAMPLE, "--yes")
    person("project", "delete", "samples", "--yes")
    person("server", "remove", "this-computer", "--yes")
    assert of_this_computer() == []


def test_a_first_run_at_the_window_serves_the_sample_in_one_click(
    person: Godploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GODPLOY_HOME", person.environment["GODPLOY_HOME"])

    async def first_run(at_window: Person) -> None:
        await at_window.see_text("Welcome to Godploy")
        await at_window.click("deploy-sample")
        await at_window.see_text("The sample runs", 180)
        await at_window.see(lambda: at_window.workspace.servers[0].model.services, "the sample's service")
        await at_window.see_text("hello.localhost")
        info = at_window.workspace.servers[0].model.info
        assert info is not None
        assert "Hello from Godploy" in await asyncio.to_thread(page, info.http_port)
        await at_window.picture(tmp_path / "sample.png")

    async def leave(at_window: Person) -> None:
        await at_window.see(lambda: at_window.workspace.servers, "this computer, remembered")
        server = at_window.workspace.servers[0]
        await at_window.see(lambda: server.model.is_live, "this computer, live", 30)
        await at_window.go(Route("server", server=server.id, tab="settings"))
        await at_window.click("remove-server")
        await at_window.see_text("unless they are deleted: hello")
        await at_window.tick("purge-this-computer", True)
        await at_window.picture(tmp_path / "remove.png")
        await at_window.click("confirm-remove-server")
        await at_window.see(lambda: not at_window.workspace.servers, "an empty list", 60)

    at_the_window(first_run)
    assert any("samples-hello" in each for each in of_this_computer())  # closing the window ends no service
    at_the_window(leave)
    assert of_this_computer() == []
