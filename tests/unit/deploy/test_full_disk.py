"""A disk that gets full while files arrive: nothing half is taken for whole. On a small real file system."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from godploy_server.deploy.sources.blobs import BlobStore


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """1 MiB, all of it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs to mount a small file system (root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("size", [(1 << 20) + 1, (1 << 20) + 5000, 2 << 20])
def test_a_content_that_does_not_fit_leaves_nothing(small_disk: Path, size: int) -> None:
    content = os.urandom(size)
    store = BlobStore(small_disk)
    sha256 = hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError, match="No space left"), store.taking(sha256) as blob:
        blob.write(content)
    assert not store.has(sha256, size)
    assert [each for each in small_disk.rglob("*") if each.is_file()] == []


def test_a_copy_that_does_not_fit_is_a_failure(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    store, content = BlobStore(tmp_path / "blobs"), os.urandom((1 << 20) + 1)
    sha256 = hashlib.sha256(content).hexdigest()
    with store.taking(sha256) as blob:
        blob.write(content)
    with pytest.raises(OSError, match="No space left"):
        store.copy(sha256, small_disk / "file", 0o644)
