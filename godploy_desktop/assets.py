"""Where the files that ship with the program are: scripts, units, icons, fonts, templates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from godploy_server.contract import NotFound

_PACKAGE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = _PACKAGE / "_assets"
_ROOT: Final = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent


def asset(path: str) -> Path:
    """Give back the file or folder `path` ("resources/icons/plus.svg", "server_bootstrap/install.sh").

    An installed wheel keeps them inside the package, a checkout at its top: both have the same layout.
    Raises NotFound when the installation is incomplete.
    """
    found = _ROOT / path
    if not found.exists():
        raise NotFound(
            f"A part of the program is missing: {path}",
            f"{found} does not exist",
            "Install Godploy again",
        )
    return found
