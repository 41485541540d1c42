"""`godploy-desktop`: looks whether a window can be shown here, says what is missing if not, and shows it."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Mapping

from godploy_server import __version__

NO_DISPLAY = 3
MISSING_LIBRARY = 4

_NEEDED = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_NEEDED_ON_X11 = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Shared libraries that Qt loads, and the Debian and Ubuntu packages that hold them."""

_HELP = """godploy-desktop: the window of Godploy

  godploy-desktop            show the window
  godploy-desktop --version  print the version

Everything also works without a window: godploy --help
"""


def main() -> int:
    """Run with the process's own arguments; gives back the exit code (3: no display, 4: a library is missing)."""
    arguments = sys.argv[1:]
    if "--version" in arguments:
        sys.stdout.write(f"godploy-desktop {__version__}\n")
        return 0
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(_HELP)
        return 0
    platform = qt_platform(arguments, os.environ)
    if platform is None:
        sys.stderr.write(
            "godploy-desktop: There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.\n"
            "Start it inside a desktop session, reach this machine with `ssh -X`, or give it a display of its own:\n"
            "  apt-get install xvfb && xvfb-run godploy-desktop\n"
            "Everything also works without a window: godploy --help\n"
        )
        return NO_DISPLAY
    missing = missing_packages(platform)
    if missing:
        sys.stderr.write(
            "godploy-desktop: Qt cannot start, because libraries of the system are missing. Install them:\n"
            f"  apt-get install {' '.join(missing)}\n"
        )
        return MISSING_LIBRARY
    return _show_window(arguments)


def _show_window(arguments: list[str]) -> int:
    # what knows no Qt comes first: PySide reads the source of every module that is imported after it
    importlib.import_module("godploy_desktop.core.workspace")
    from godploy_desktop.app import run

    return run(arguments)


def qt_platform(arguments: list[str], environment: Mapping[str, str]) -> str | None:
    """Give back which of Qt's platforms will be used ("" where the system has but one); None if there is no display."""
    if not sys.platform.startswith("linux"):
        return ""
    if "-platform" in arguments[:-1]:
        return arguments[arguments.index("-platform") + 1].split(":")[0]
    if chosen := environment.get("QT_QPA_PLATFORM"):
        return chosen.split(";")[0].split(":")[0]
    if environment.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if environment.get("DISPLAY") else None


def missing_packages(platform: str) -> list[str]:
    """Give back the packages that hold what Qt would miss; without them Qt ends the process with a riddle."""
    if not sys.platform.startswith("linux"):
        return []
    needed = _NEEDED | (_NEEDED_ON_X11 if platform == "xcb" else {})
    return [package for library, package in needed.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
