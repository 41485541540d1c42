"""Deploying what was sent: folders out of contents, archives, and images that were handed over."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from godploy_server.contract import (
    ArchiveSource,
    FolderSource,
    GodployError,
    ServiceKind,
    ServiceSettings,
    Trigger,
    Upload,
    UploadFile,
    to_json,
)
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.sources import receiving
from godploy_server.deploy.sources.blobs import BlobStore
from godploy_server.deploy.sources.sent import Sent, what_was_sent
from godploy_server.deploy.steps import fetch
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, projects, releases, services, uploads
from godploy_server.state.releases import ReleaseSnapshot
from godploy_server.state.services import ServiceRow
from tests.unit.deploy.conftest import run

FOLDER, ARCHIVE = FolderSource("/home/ada/shop", "laptop"), ArchiveSource("shop.zip")
LINK = UploadFile("current", 0, link="bin/run")


def make_service(engine: Engine, source: Any) -> ServiceRow:
    project = projects.create(engine.connection, "market", "10.210.0.64/26")
    return services.create(engine.connection, project.id, "shop", ServiceKind.APPLICATION, ServiceSettings(source), "")


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(content), 1000):
        yield content[at : at + 1000]


def send(engine: Engine, service: ServiceRow, files: dict[str, bytes], *more: UploadFile) -> Upload:
    listed = [
        UploadFile(path.rstrip("*"), len(content), hashlib.sha256(content).hexdigest(), path.endswith("*"))
        for path, content in files.items()
    ]
    body = json.dumps({"files": to_json([*listed, *more]), "name": "shop"}).encode()

    async def both() -> Upload:
        upload = await receiving.take_list(engine, service.id, pieces(body))
        row = uploads.find(engine.connection, service.id, upload.id)
        contents = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
        frames = b"".join(
            bytes.fromhex(each) + len(contents[each]).to_bytes(8, "big") + contents[each] for each in upload.missing
        )
        return await receiving.take_contents(engine, row, pieces(frames), len(frames))

    return run(both())


def send_archive(engine: Engine, service: ServiceRow, file: Path) -> Upload:
    return run(receiving.take_archive(engine, service.id, file.name, pieces(file.read_bytes()), None))


def fetched(engine: Engine, service: ServiceRow, upload: str = "") -> Attempt:
    row = deployments.enqueue(engine.connection, service.id, Trigger.MANUAL, "ada", upload=upload).deployment
    attempt = Attempt.load(engine, row.id)
    try:
        run(fetch.FETCH.run(attempt))
    finally:
        attempt.log.close()
        deployments.request_cancel(engine.connection, row.id)
    return attempt


def test_a_folder_is_written_as_it_was_sent(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    upload = send(engine, service, {"app.py": b"1", "bin/run*": b"#!/bin/sh", "empty": b"", "copy.py": b"1"}, LINK)
    assert upload.missing == ()
    folder = fetched(engine, service).source_folder
    assert sorted(str(each.relative_to(folder)) for each in folder.rglob("*")) == [
        "app.py", "bin", "bin/run", "copy.py", "current", "empty",
    ]  # fmt: skip
    assert (folder / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (folder / "app.py").stat().st_mode & 0o777 == 0o644
    assert (folder / "current").read_bytes() == b"#!/bin/sh"


def test_what_a_build_does_to_its_files_changes_nothing_that_is_kept(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    send(engine, service, {"app.py": b"1"})
    (fetched(engine, service).source_folder / "app.py").write_bytes(b"changed by the build")
    assert (fetched(engine, service).source_folder / "app.py").read_bytes() == b"1"


def test_the_newest_upload_is_deployed_unless_another_is_named(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    first, second = (send(engine, service, {"version": content}) for content in (b"1", b"2"))
    newest = fetched(engine, service)
    assert (newest.source_folder / "version").read_bytes() == b"2"
    row = deployments.find(engine.connection, newest.deployment.id)
    assert (row.upload, row.commit_message) == (second.id, "shop")
    assert (fetched(engine, service, first.id).source_folder / "version").read_bytes() == b"1"


def test_a_content_that_was_damaged_on_the_disk_is_noticed_and_asked_for_again(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    send(engine, service, {"app.py": b"print(1)"})
    sha256 = hashlib.sha256(b"print(1)").hexdigest()
    BlobStore(engine.paths.blobs).path(sha256).write_bytes(b"print(2)")
    with pytest.raises(GodployError) as raised:
        fetched(engine, service)
    assert "app.py" in raised.value.problem.why
    assert not list((engine.paths.state_dir / "builds").rglob("app.py"))
    assert send(engine, service, {"app.py": b"print(1)"}).missing == ()
    assert (fetched(engine, service).source_folder / "app.py").read_bytes() == b"print(1)"


@pytest.mark.parametrize(
    "links",
    [
        [UploadFile("a/b/up", 0, link="../.."), UploadFile("out", 0, link="a/b/up/../x")],
        [UploadFile("app.py", 0, link="other")],
        [UploadFile("loop", 0, link="."), UploadFile("loop/x", 0, link="app.py")],
        [UploadFile("app.py/x", 0, link="y")],
    ],
)
def test_links_that_lead_out_or_stand_in_the_way_leave_nothing(engine: Engine, links: list[UploadFile]) -> None:
    service = make_service(engine, FOLDER)
    body = json.dumps(
        {"files": to_json([UploadFile("app.py", 0, hashlib.sha256(b"").hexdigest()), *links]), "name": "shop"}
    ).encode()
    with BlobStore(engine.paths.blobs).taking(hashlib.sha256(b"").hexdigest()) as blob:
        blob.write(b"")

    def everything_outside() -> list[Path]:
        found = engine.paths.state_dir.parent.rglob("*")
        return sorted(each for each in found if not each.is_relative_to(engine.paths.state_dir))

    def send_and_fetch() -> None:
        run(receiving.take_list(engine, service.id, pieces(body)))
        fetched(engine, service)

    before = everything_outside()
    with pytest.raises(GodployError) as raised:
        send_and_fetch()
    assert raised.value.code == "bad-input"
    assert everything_outside() == before
    assert not list((engine.paths.state_dir / "builds").rglob("app.py"))


def test_an_archive_is_unpacked_by_the_deployment(engine: Engine, tmp_path: Path) -> None:
    service = make_service(engine, ARCHIVE)
    file = tmp_path / "shop-2.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("shop/app.py", "print(2)")
    upload = send_archive(engine, service, file)
    attempt = fetched(engine, service)
    assert (attempt.source_folder / "app.py").read_text() == "print(2)"
    row = deployments.find(engine.connection, attempt.deployment.id)
    assert (row.upload, row.commit_message) == (upload.id, "shop-2.zip")


def test_where_nothing_was_sent_it_is_said_what_to_do(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    with pytest.raises(GodployError) as raised:
        what_was_sent(engine, service)
    assert "godploy deploy" in raised.value.problem.next_step
    body = json.dumps({"files": to_json([UploadFile("a", 1, "0" * 64)])}).encode()
    half = run(receiving.take_list(engine, service.id, pieces(body)))
    with pytest.raises(GodployError):
        what_was_sent(engine, service)
    with pytest.raises(GodployError) as unfinished:
        what_was_sent(engine, service, half.id)
    assert "did not arrive" in unfinished.value.problem.why
    with pytest.raises(GodployError) as foreign:
        what_was_sent(engine, service, "0123456789ab")
    assert foreign.value.code == "not-found"


def test_an_upload_of_the_other_kind_is_not_taken_for_this_one(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    send(engine, service, {"a": b"1"})
    changed = services.change(engine.connection, service.id, settings=ServiceSettings(ARCHIVE))
    with pytest.raises(GodployError) as raised:
        what_was_sent(engine, changed)
    assert "a folder" in raised.value.problem.why


def add_release(engine: Engine, service: ServiceRow, number: int, image: str, handed_over: str = "") -> None:
    row = deployments.enqueue(engine.connection, service.id, Trigger.MANUAL, "ada", image_id=handed_over).deployment
    snapshot = ReleaseSnapshot(service.settings, {}, 1)
    releases.create(engine.connection, engine.secrets, service.id, row.id, "x", image, "", "", snapshot, number)
    deployments.request_cancel(engine.connection, row.id)


def test_what_was_sent_last_counts_be_it_files_or_an_image(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    upload = send(engine, service, {"a": b"1"})
    add_release(engine, service, 1, "sha256:built-here")
    assert what_was_sent(engine, service) == Sent(upload=upload.id)
    add_release(engine, service, 2, "sha256:built-here", handed_over="sha256:built-here")
    assert what_was_sent(engine, service) == Sent(upload=upload.id), "the same image with other variables is not newer"
    add_release(engine, service, 3, "sha256:by-the-desktop", handed_over="sha256:by-the-desktop")
    assert what_was_sent(engine, service) == Sent(image_id="sha256:by-the-desktop")
    assert what_was_sent(engine, service, upload.id) == Sent(upload=upload.id)
    newer = send(engine, service, {"a": b"2"})
    add_release(engine, service, 4, "sha256:by-the-desktop", handed_over="sha256:by-the-desktop")
    assert what_was_sent(engine, service) == Sent(upload=newer.id)


def test_an_upload_that_is_about_to_be_deployed_stays(engine: Engine) -> None:
    service = make_service(engine, FOLDER)
    first = send(engine, service, {"a": b"first"})
    waiting = deployments.enqueue(engine.connection, service.id, Trigger.MANUAL, "ada", upload=first.id).deployment
    for number in range(uploads.KEPT + 2):
        send(engine, service, {"a": b"%d" % number})
    assert uploads.find(engine.connection, service.id, first.id)
    deployments.request_cancel(engine.connection, waiting.id)
    send(engine, service, {"a": b"last"})
    with pytest.raises(GodployError):
        uploads.find(engine.connection, service.id, first.id)
    assert not engine.paths.upload(first.id).exists()


def test_a_list_waits_while_contents_are_removed(engine: Engine) -> None:
    from godploy_server.deploy.locking import alone_in

    service = make_service(engine, FOLDER)
    body = json.dumps({"files": []}).encode()

    async def story() -> bool:
        async with alone_in(engine.paths.blobs):
            sending = asyncio.ensure_future(receiving.take_list(engine, service.id, pieces(body)))
            await asyncio.sleep(0.3)
            waited = not sending.done()
        await sending
        return waited

    assert run(story())
