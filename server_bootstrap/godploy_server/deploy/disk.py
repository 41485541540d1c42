"""Whether there is space for what is about to be written, asked before it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from godploy_server.contract import NotReady
from godploy_server.runtime.engine import Engine

FREE_FOR_BUILD_BYTES: Final = 1 << 30
FREE_BESIDE_BYTES: Final = 256 << 20
"""What must stay free beside what is written: rows, logs and certificates need it."""


def free_bytes(folder: Path) -> int:
    """Give what is free for this process on the file system of `folder`, or of the folder that it would be made in."""
    while not folder.exists():  # a rootless Docker may hide its folder: its file system is what counts
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_space(folder: Path, needed_bytes: int, doing: str) -> None:
    """Raise NotReady, with the figures, unless `needed_bytes` can be written to `folder`. `doing`: "A build"."""
    free = free_bytes(folder)
    if free < needed_bytes:
        raise NotReady(
            "There is too little disk space on the server",
            f"{doing} needs {_mebibytes(needed_bytes)} MiB on the disk of {folder}, and {free >> 20} MiB are free",
            "See what can go with `godploy server cleanup --dry-run`, or keep fewer releases",
        )


def require_source_space(engine: Engine) -> None:
    """Raise NotReady unless the state folder has room for the files of a source."""
    require_space(engine.paths.state_dir, FREE_BESIDE_BYTES, "Fetching the source")


def require_build_space(engine: Engine, docker_folder: Path) -> None:
    """Raise NotReady unless both the state folder and Docker's own have room for a build."""
    require_space(engine.paths.state_dir, FREE_BESIDE_BYTES, "A build")
    require_space(docker_folder, FREE_FOR_BUILD_BYTES, "A build")


def _mebibytes(size_bytes: int) -> int:
    return -(-size_bytes >> 20)
