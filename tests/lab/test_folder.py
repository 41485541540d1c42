"""Folders and archives of the person's own computer, deployed by the headless command."""

from __future__ import annotations

import hashlib
import shutil
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import SAMPLE, RentServer
from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, add_server, soon, visit_page

QUICK = ("--port", "8080", "--drain", "1", "--settle", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample application with what a working copy has beside it."""
    made = tmp_path / "shop"
    shutil.copytree(SAMPLE, made)
    (made / ".git").mkdir()
    (made / ".git/config").write_text("[remote]\n")
    (made / "node_modules").mkdir()
    (made / "node_modules/large.js").write_bytes(b"x" * 2_000_000)
    (made / ".gitignore").write_text("node_modules/\n")
    return made


def open_service(godploy: Godploy, server: Server, *options: str) -> str:
    """Make shop/web with a domain; gives its host name."""
    host = server.domain("shop")
    godploy("project", "create", "shop")
    godploy("service", "create", SHOP, *options, *QUICK)
    godploy("service", "domains", "add", SHOP, host, "--no-tls")
    return host


def deployed(godploy: Godploy, *options: str) -> dict[str, Any]:
    """Deploy shop/web to the end; gives each step's last state, by its key, and the log under "log"."""
    events = godploy.lines("deploy", SHOP, *options)
    steps: dict[str, Any] = {each["step"]["key"]: each["step"] for each in events if each["event"] == "step"}
    assert events[-1]["deployment"]["state"] == "succeeded"
    return steps | {"log": "\n".join(each["text"] for each in events if each["event"] == "log")}


def sent_bytes(step: dict[str, Any]) -> int:
    """How much a step sent; fails where it was more than bytes."""
    return int(str(step["detail"]).partition(" bytes of ")[0])


def version(server: Server, host: str) -> str:
    return soon(lambda: visit_page(server, host).version, 20)


def static_site(folder: Path) -> Path:
    """The same folder as a site of files, without a Dockerfile."""
    (folder / "Dockerfile").unlink()
    (folder / "index.html").write_text("<!doctype html><title>shop</title>first")
    (folder / "picture.png").write_bytes(b"\x89PNG" + bytes(1_000_000))
    return folder


def test_a_folder_with_a_dockerfile_is_built_from_here_and_sends_what_changed(
    bootstrapped_server: Server, godploy: Godploy, folder: Path
) -> None:
    server = bootstrapped_server
    host = open_service(godploy, server, "--folder", str(folder), "--health-path", "/healthz")
    first = deployed(godploy)
    assert "send" not in first
    assert "3 files" in first["image"]["detail"]
    assert "[3/3] COPY app.py VERSION" in first["log"]
    assert first["log"].count("== fetch ==") == 1
    assert version(server, host) == "1"

    (folder / "VERSION").write_text("2\n")
    assert sent_bytes(deployed(godploy)["image"]) < 300
    assert version(server, host) == "2"
    tags = server.run("docker images --format '{{.Tag}}' 'godploy/*'").split()
    assert tags == ["2", "1"]

    # one that waits keeps its image while the one before it ends and clears up
    (folder / "VERSION").write_text("3\n")
    godploy("deploy", SHOP, "--no-follow")
    (folder / "VERSION").write_text("4\n")
    deployed(godploy)
    assert version(server, host) == "4"

    again = deployed(godploy, "--last-upload")
    assert "image" not in again
    assert version(server, host) == "4"

    # a build that needs a secret is the server's own: the folder is sent, without what git ignores
    recipe = (
        folder / "Dockerfile"
    ).read_text() + "USER 0\nRUN --mount=type=secret,id=TOKEN sha256sum /run/secrets/TOKEN\n"
    (folder / "Dockerfile").write_text(recipe)
    godploy("service", "variables", "set", SHOP, "--secret", "TOKEN", "--at-build", stdin="correct horse battery")
    sent = deployed(godploy)
    assert "image" not in sent
    assert "node_modules" not in server.run("cat /var/lib/godploy/uploads/*/manifest")
    assert hashlib.sha256(b"correct horse battery").hexdigest() in sent["log"]
    assert "correct horse" not in sent["log"]


def test_a_folder_without_a_dockerfile_is_sent_and_the_second_time_one_file_of_it(
    bootstrapped_server: Server, godploy: Godploy, folder: Path, offer_images: Callable[..., None]
) -> None:
    offer_images("nginx:1.29-alpine")
    site = static_site(folder)
    host = open_service(godploy, bootstrapped_server, "--folder", str(site), "--builder", "static")
    first = deployed(godploy)
    assert first["send"]["detail"].startswith("1.0 MB of 1.0 MB")
    assert "first" in visit_page(bootstrapped_server, host).body

    (site / "index.html").write_text("<!doctype html><title>shop</title>second")
    second = deployed(godploy)
    assert second["send"]["detail"] == "40 bytes of 40 bytes, 1 of 6 files"
    assert "second" in visit_page(bootstrapped_server, host).body
    assert deployed(godploy)["send"]["detail"].endswith("the server has all of it")

    (site / "index.html").write_text("third, and never sent")
    deployed(godploy, "--last-upload")
    assert "second" in visit_page(bootstrapped_server, host).body


def test_an_archive_is_sent_when_the_service_is_made_and_a_newer_one_with_a_deployment(
    bootstrapped_server: Server, godploy: Godploy, tmp_path: Path
) -> None:
    def pack(name: str, text: str) -> str:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path in SAMPLE.iterdir():
                content = text if path.name == "VERSION" else path.read_text()
                archive.writestr(f"shop-{text}/{path.name}", content)
        return str(tmp_path / name)

    host = open_service(godploy, bootstrapped_server, "--archive", pack("one.zip", "1"), "--health-path", "/healthz")
    assert "send" not in deployed(godploy)
    assert version(bootstrapped_server, host) == "1"
    sent = deployed(godploy, "--archive", pack("two.zip", "2"))
    assert sent["send"]["state"] == "done"
    assert version(bootstrapped_server, host) == "2"
    assert godploy.json("service", "show", SHOP)["settings"]["source"]["name"] == "two.zip"
    with pytest.raises(CommandRefused) as refused:
        godploy("deploy", SHOP, "--last-upload")
    assert refused.value.code == 2


def test_ctrl_c_ends_the_build_on_the_server(bootstrapped_server: Server, godploy: Godploy, folder: Path) -> None:
    server = bootstrapped_server
    (folder / "Dockerfile").write_text("FROM python:3.12-slim\nRUN sleep 8642\n")
    open_service(godploy, server, "--folder", str(folder))
    deploying = godploy.start("deploy", SHOP)
    soon(lambda: server.run("pgrep -f '^sleep 8642' || true").strip(), 120)
    deploying.send_signal(signal.SIGINT)
    assert deploying.wait(20) == 130
    soon(lambda: not server.run("pgrep -f '^sleep 8642' || true").strip(), 10)
    assert godploy.json("deployments", SHOP) == []
    assert "upload-" not in server.run("docker images --format '{{.Repository}}:{{.Tag}}'")


def test_a_folder_is_deployed_to_the_oldest_docker_too(
    lab: Lab, rent_server: RentServer, folder: Path, tmp_path: Path, offer_images: Callable[..., None]
) -> None:
    offer_images("nginx:1.29-alpine")
    server = rent_server(Debian.BOOKWORM, prepared=True)
    godploy = Godploy(tmp_path / "person")
    add_server(godploy, server, lab)
    godploy("server", "bootstrap", timeout_s=600)
    host = open_service(godploy, server, "--folder", str(folder), "--health-path", "/healthz")
    deployed(godploy)
    (folder / "VERSION").write_text("2\n")
    assert sent_bytes(deployed(godploy)["image"]) < 300
    assert version(server, host) == "2"
    godploy(
        "service", "change", SHOP, "--folder", str(static_site(folder)), "--builder", "static", "--health-path", "/"
    )
    assert "send" in deployed(godploy)
    assert "first" in visit_page(server, host).body
