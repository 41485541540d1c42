"""Where the lab keeps what is slow to make, and the locks around it.

Everything lives in `~/.cache/godploy-lab` (`GODPLOY_LAB_CACHE` names another folder); deleting it means a cold start.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def cache_folder() -> Path:
    """The lab's own folder, made if it is missing."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("GODPLOY_LAB_CACHE") or Path(home) / "godploy-lab")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def being_written(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to; it becomes `target` only when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-", suffix=target.suffix)
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def write_atomically(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that no reader ever sees half of it."""
    with being_written(target) as fresh:
        fresh.write_bytes(content)
        fresh.chmod(mode)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold one of the lab's machine-wide locks; the system frees it if this process dies."""
    with (cache_folder() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
