"""Contents that no upload refers to. Found, and removed, by whoever has the blobs to itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from godploy_server.deploy.sources.blobs import BlobStore
from godploy_server.deploy.sources.manifest import Manifest
from godploy_server.deploy.sources.receiving import MANIFEST
from godploy_server.state.paths import Paths


@dataclass(frozen=True)
class BlobWaste:
    """Contents that nobody needs, and when the newest of them came."""

    paths: tuple[Path, ...] = ()
    size_bytes: int = 0
    changed_at: datetime | None = None


def find_blob_waste(paths: Paths, before: datetime) -> BlobWaste:
    """Give the contents older than `before` that no list of files in `uploads` names."""
    needed = set()
    for manifest in paths.uploads.glob(f"*/{MANIFEST}"):
        needed |= {bytes.fromhex(sha256) for sha256, _ in Manifest(manifest).contents()}
    found, size, newest = [], 0, 0.0
    for path in BlobStore(paths.blobs).every():
        facts = path.stat()
        if facts.st_mtime < before.timestamp() and not (len(path.name) == 64 and bytes.fromhex(path.name) in needed):
            found.append(path)
            size += facts.st_blocks * 512
            newest = max(newest, facts.st_mtime)
    changed_at = datetime.fromtimestamp(newest, timezone.utc) if found else None
    return BlobWaste(tuple(found), size, changed_at)
