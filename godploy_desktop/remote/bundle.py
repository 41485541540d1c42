"""The server bundle: one zipapp made of the installed `godploy_server` and h11, so that versions always match.

The archive is the same, byte for byte, wherever it is made from the same sources: sorted names, one fixed time.
It carries the bootstrap scripts and unit files too, so that a bundle alone installs and removes itself by hand.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from godploy_desktop.assets import asset
from godploy_server import __version__
from godploy_server.contract import GodployError

BUNDLED_PACKAGES: Final = ("godploy_server", "h11")
_LICENSED: Final = ("godploy", "h11")
_SCRIPTS: Final = ("install.sh", "uninstall.sh")
_UNITS: Final = "systemd"
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold
# The link that starts it may lead to another version by the time a module is imported, so the link is followed once.
_MAIN: Final = b"""import os
import sys

sys.argv[0] = sys.path[0] = os.path.realpath(sys.path[0])

from godploy_server.__main__ import main

sys.exit(main())
"""


class BundleIncomplete(GodployError):
    """The installed program lacks sources that a server needs."""

    code = "bundle-incomplete"


@dataclass(frozen=True)
class Bundle:
    """A server bundle on this computer. `digest` is 12 hex digits over the names and contents of all its files."""

    version: str
    digest: str
    path: Path

    @property
    def file_name(self) -> str:
        """What it is called on a server."""
        return bundle_file_name(self.version, self.digest)


def bundle_file_name(version: str, digest: str) -> str:
    """Give back the name of a bundle, which carries its version and its digest."""
    return f"godploy-server-{version}-{digest}.pyz"


def bundle_entries() -> dict[str, bytes]:
    """Read every file of the bundle from the installed packages: archive name to content."""
    entries = {"__main__.py": _MAIN}
    for package in BUNDLED_PACKAGES:
        top = _package_folder(package)
        for source in top.rglob("*.py"):
            entries[f"{package}/{source.relative_to(top).as_posix()}"] = source.read_bytes()
    for name in _SCRIPTS:
        entries[f"bootstrap/{name}"] = asset(f"server_bootstrap/{name}").read_bytes()
    for unit in asset(f"server_bootstrap/{_UNITS}").glob("*.service"):
        entries[f"bootstrap/{_UNITS}/{unit.name}"] = unit.read_bytes()
    for distribution in _LICENSED:
        entries.update(_licence_texts(distribution))
    return entries


def digest_of(entries: dict[str, bytes]) -> str:
    """Give back 12 hex digits that change with any name or content, and not with how the archive is packed."""
    total = hashlib.sha256()
    for name in sorted(entries):
        total.update(f"{name}\0{len(entries[name])}\0".encode())
        total.update(entries[name])
    return total.hexdigest()[:12]


def build_bundle(folder: Path | None = None) -> Bundle:
    """Give back the bundle of the installed program, packed into `folder` unless that very bundle is there already.

    `folder` is the user's cache when None. Blocks for about 50 ms; raises BundleIncomplete when sources are missing.
    """
    entries = bundle_entries()
    digest = digest_of(entries)
    target = (folder or default_folder()) / bundle_file_name(__version__, digest)
    if not target.exists():
        _pack(entries, target)
    return Bundle(__version__, digest, target)


def default_folder() -> Path:
    """Give back where bundles are cached: below GODPLOY_HOME, else below the user's XDG cache folder."""
    if home := os.environ.get("GODPLOY_HOME"):
        return Path(home) / "cache" / "bundles"
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "godploy" / "bundles"


def _pack(entries: dict[str, bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # written beside and renamed, so that two windows at once never read half a bundle
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=".bundle-")
    try:
        with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(entries):
                entry = zipfile.ZipInfo(name, _FIXED_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3  # unix, whatever packs it
                entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
                archive.writestr(entry, entries[name], compresslevel=9)
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places or not (Path(places[0]) / "__init__.py").is_file():
        raise BundleIncomplete(
            "The server side cannot be packed",
            f"the sources of {package} are not installed beside the program",
            "Install Godploy again",
        )
    return Path(places[0])


def _licence_texts(distribution: str) -> dict[str, bytes]:
    try:
        files = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        files = []
    texts = {
        f"licenses/{distribution}/{file.name}": Path(str(file.locate())).read_bytes()
        for file in files
        if ".dist-info" in str(file) and "LICENSE" in file.name.upper()
    }
    if not texts:
        raise BundleIncomplete(
            "The server side cannot be packed",
            f"the licence text of {distribution} is not installed with it",
            "Install Godploy again",
        )
    return texts
