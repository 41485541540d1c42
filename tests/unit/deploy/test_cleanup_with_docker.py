"""Cleaning up for real: images, containers, folders and contents of one agent on this machine's Docker."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from godploy_server.contract import ChangeSettings, FolderSource, ServiceKind, ServiceSettings, UploadFile
from godploy_server.deploy.sources.blobs import BlobStore
from godploy_server.deploy.sources.manifest import line_of
from godploy_server.runtime.engine import Engine
from godploy_server.state import projects, services, settings, uploads
from godploy_server.state.releases import ReleaseSnapshot
from tests.unit.deploy.conftest import has_images, make_engine, run, take_down

IMAGE = "python:3.12-slim"
pytestmark = pytest.mark.lab


def docker(*arguments: str, text: str = "") -> str:
    done = subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    if not has_images(IMAGE):
        pytest.skip(f"needs a Docker that has {IMAGE} (python -m tests.lab up --local-images makes it)")
    prefix = f"godploy-t{secrets.token_hex(3)}"
    made = make_engine(tmp_path, is_embedded=False, prefix=prefix)
    # no build cache of this machine is as old as that: it is not this test's to remove
    settings.change(made.connection, ChangeSettings(kept_build_days=20 * 365))
    yield made
    for row in services.every(made.connection):
        take_down(prefix, row.id)
    for each in docker("images", "-q", "--filter", f"label=godploy.instance={prefix}").split():
        subprocess.run(["docker", "rmi", "-f", each], capture_output=True, check=False)
    made.close()


def make_service(engine: Engine) -> str:
    project = projects.create(engine.connection, "market", "10.210.0.64/26")
    wanted = ServiceSettings(FolderSource("/home/ada/shop", "laptop"))
    return services.create(engine.connection, project.id, "shop", ServiceKind.APPLICATION, wanted, "").id


def build(engine: Engine, service_id: str, tag: str) -> str:
    """Make an image of 3 MB of its own; gives its id."""
    labels = {"godploy.instance": engine.instance.prefix, "godploy.service": service_id}
    options = [word for name, value in labels.items() for word in ("--change", f"LABEL {name}={value}")]
    random = Path(engine.paths.state_dir / "tmp.tar")
    content = engine.paths.state_dir / "random"
    content.write_bytes(os.urandom(3_000_000))
    subprocess.run(["tar", "-C", str(content.parent), "-cf", str(random), content.name], check=True)
    docker("import", *options, str(random), f"godploy/{service_id}:{tag}")
    content.unlink()
    random.unlink()
    return docker("image", "inspect", "--format", "{{.Id}}", f"godploy/{service_id}:{tag}")


def add_upload(engine: Engine, service_id: str, upload_id: str, *contents: bytes) -> None:
    import hashlib

    folder = engine.paths.upload(upload_id)
    folder.mkdir(parents=True)
    with (folder / "manifest").open("w") as lines:
        for number, content in enumerate(contents):
            sha256 = hashlib.sha256(content).hexdigest()
            lines.write(line_of(UploadFile(f"f{number}", len(content), sha256)))
            if not BlobStore(engine.paths.blobs).has(sha256, len(content)):
                with BlobStore(engine.paths.blobs).taking(sha256) as blob:
                    blob.write(content)
    uploads.create(engine.connection, upload_id, service_id, "shop", 1, is_archive=False, is_whole=True)


def grow_old(folder: Path) -> None:
    past = time.time() - 21 * 365 * 86400
    for each in (folder, *folder.rglob("*")):
        os.utime(each, (past, past))


def ask(engine: Engine, what: str) -> dict[str, object]:
    folders = ["--state-dir", str(engine.paths.state_dir), "--run-dir", str(engine.paths.run_dir)]
    done = subprocess.run(
        [sys.executable, "-m", "godploy_server", "cleanup", what, *folders], capture_output=True, text=True, check=False
    )
    told: dict[str, dict[str, object]] = json.loads(done.stdout)
    assert "cleanup" in told, told
    return told["cleanup"]


def of_ours(cleanup: dict[str, object]) -> dict[str, int]:
    """What it names by name and bytes; the cache that all builds of this Docker share is none of this test's."""
    items = cleanup["items"]
    assert isinstance(items, list)
    return {f"{each['what']} {each['name']}": each["size_bytes"] for each in items if each["name"] != "BuildKit"}


def test_what_the_preview_shows_goes_and_all_else_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from godploy_server.deploy.cleanup import process, waste

    service_id = make_service(engine)
    kept = build(engine, service_id, "2")
    build(engine, service_id, "1")
    _add_release(engine, service_id, 2, kept)
    add_upload(engine, service_id, "a1", b"needed" * 1000)
    add_upload(engine, service_id, "a2", b"needed" * 1000, b"alone" * 5000)
    engine.connection.execute("DELETE FROM uploads WHERE id = 'a2'")
    (engine.paths.build("gone") / "source").mkdir(parents=True)
    (engine.paths.build("gone") / "source" / "file").write_bytes(b"x" * 50_000)
    (engine.paths.git("gone") / "objects").mkdir(parents=True)
    for folder in (
        engine.paths.uploads,
        engine.paths.blobs,
        engine.paths.state_dir / "builds",
        engine.paths.git("gone"),
    ):
        grow_old(folder)
    assert f"image godploy/{service_id}:1" not in of_ours(ask(engine, "preview"))  # tagged a moment ago

    monkeypatch.setattr(waste, "GRACE", -waste.GRACE)  # as if an hour had gone by since the image got its name

    def cleaned(what: str) -> dict[str, int]:
        found = run(process.clean_up(engine, what))
        return {f"{each.what} {each.name}": each.size_bytes for each in found.items if each.name != "BuildKit"}

    expected = {
        f"image godploy/{service_id}:1", "build files gone", "upload a2", "git cache gone"
    }  # fmt: skip
    shown = cleaned("preview")
    assert set(shown) == expected
    assert shown[f"image godploy/{service_id}:1"] >= 3_000_000
    assert shown["build files gone"] >= 50_000
    gone = of_ours(ask(engine, "old"))
    assert set(gone) == expected - {f"image godploy/{service_id}:1"}
    assert docker("images", "-q", f"godploy/{service_id}:1")

    contents = cleaned("preview")  # with its list gone, nobody needs what it alone had
    assert set(contents) == {f"image godploy/{service_id}:1", "upload contents of 1 files"}
    done = run(process.clean_up(engine, "all"))
    assert {each.what for each in done.items} >= {"image", "upload"}
    assert cleaned("preview") == {}
    assert docker("images", "--format", "{{.Tag}}", f"godploy/{service_id}") == "2"
    assert engine.paths.upload("a1").exists()
    assert len([each for each in engine.paths.blobs.rglob("*") if each.is_file()]) == 1


def _add_release(engine: Engine, service_id: str, number: int, image_id: str) -> None:
    from godploy_server.contract import Trigger
    from godploy_server.state import deployments, releases

    row = deployments.enqueue(engine.connection, service_id, Trigger.MANUAL, "ada").deployment
    snapshot = ReleaseSnapshot(services.find(engine.connection, service_id).settings, {}, 1)
    releases.create(engine.connection, engine.secrets, service_id, row.id, "x", image_id, "", "", snapshot, number)
    deployments.request_cancel(engine.connection, row.id)
