"""Hashes that are remembered, lists of files, contents as frames."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from godploy_desktop.remote.source_folder.hashes import HashCache, cache_file
from godploy_desktop.remote.source_folder.listing import list_folder
from godploy_desktop.remote.source_folder.manifest import Manifest, frames, make_manifest
from godploy_desktop.remote.source_folder.reading import SourceChanged
from godploy_server.contract import UploadFile
from tests.unit.source_folder.conftest import MakeFolder


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def manifest_of(top: Path, cache: Path) -> tuple[Manifest, int]:
    hashes = HashCache(cache, top)
    return make_manifest(top, list_folder(top), hashes), hashes.read_files


async def in_thread(work: Callable[[], list[bytes]]) -> list[bytes]:
    return await asyncio.to_thread(work)


def sent(manifest: Manifest, missing: list[str]) -> list[bytes]:
    async def collect() -> list[bytes]:
        return [piece async for piece in frames(manifest, missing, in_thread)]

    return asyncio.run(collect())


def unframed(content: bytes) -> dict[str, bytes]:
    found = {}
    while content:
        digest, size = content[:32], int.from_bytes(content[32:40], "big")
        found[digest.hex()] = content[40 : 40 + size]
        content = content[40 + size :]
    return found


def grow_old(top: Path) -> None:
    """As if everything had been written a while ago, so that its times tell its states apart. A file's change time
    cannot be set, so the wait is real."""
    long_ago = time.time() - 60
    for path in top.rglob("*"):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    time.sleep(2.1)


def test_files_links_and_modes_are_listed_and_folders_are_not(make_folder: MakeFolder, tmp_path: Path) -> None:
    top = make_folder("a/b", "run.sh")
    (top / "run.sh").chmod(0o755)
    (top / "link").symlink_to("a/b")
    made, _ = manifest_of(top, tmp_path / "cache")
    assert made.files == (
        UploadFile("a/b", 3, sha256("a/b")),
        UploadFile("link", 0, link="a/b"),
        UploadFile("run.sh", 6, sha256("run.sh"), is_executable=True),
    )


def test_unchanged_files_are_not_read_again(make_folder: MakeFolder, tmp_path: Path) -> None:
    top, cache = make_folder("a", "b", "c"), cache_file(tmp_path / "caches", tmp_path / "source")
    grow_old(top)
    assert manifest_of(top, cache)[1] == 3
    assert manifest_of(top, cache)[1] == 0
    (top / "b").write_text("B")
    made, read = manifest_of(top, cache)
    assert read == 1
    assert made.files[1].sha256 == sha256("B")


def test_a_file_that_was_just_written_is_read_again(make_folder: MakeFolder, tmp_path: Path) -> None:
    top = make_folder("a")
    assert manifest_of(top, tmp_path / "cache")[1] == 1
    assert manifest_of(top, tmp_path / "cache")[1] == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format":1,"folder":"/elsewhere","files":{}}', '{"format":9}'])
def test_a_broken_cache_only_costs_time(content: str, make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text(content)
    assert manifest_of(make_folder("a"), tmp_path / "cache")[0].files[0].sha256 == sha256("a")


def test_frames_hold_each_missing_content_once(make_folder: MakeFolder, tmp_path: Path) -> None:
    top = make_folder(a="same", b="same", c="other", d="x" * 3_000_000, e="", f="there already")
    made, _ = manifest_of(top, tmp_path / "cache")
    missing = [sha256("same"), sha256("x" * 3_000_000), sha256(""), sha256("other")]
    pieces = sent(made, missing)
    assert unframed(b"".join(pieces)) == {
        sha256("same"): b"same",
        sha256("other"): b"other",
        sha256("x" * 3_000_000): b"x" * 3_000_000,
        sha256(""): b"",
    }
    assert max(map(len, pieces)) < 2_000_000


def test_many_small_contents_go_together(make_folder: MakeFolder, tmp_path: Path) -> None:
    top = make_folder(**{f"{number:04}": f"content {number}" for number in range(1000)})
    made, _ = manifest_of(top, tmp_path / "cache")
    pieces = sent(made, list(made.contents))
    assert len(pieces) == 1
    assert len(unframed(pieces[0])) == 1000


def test_a_content_that_changed_with_its_times_kept_is_not_sent_as_the_old_one(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    made, _ = manifest_of(make_folder(a="old"), tmp_path / "cache")
    (entry,) = made.contents.values()
    lying = Manifest(made.top, made.files, {sha256("new"): entry})
    with pytest.raises(SourceChanged, match="a is not what it was"):
        sent(lying, [sha256("new")])
