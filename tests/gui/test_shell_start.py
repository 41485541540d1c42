"""The entry point as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from godploy_desktop.__main__ import MISSING_LIBRARY, NO_DISPLAY, missing_packages, qt_platform
from godploy_desktop.app import theme_choice
from godploy_desktop.ui.theme import ThemeChoice
from godploy_server import __version__

COMMAND = [sys.executable, "-m", "godploy_desktop"]


def environment(home: Path, **values: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return kept | {"GODPLOY_HOME": str(home)} | values


def test_the_version_is_told_without_loading_qt(tmp_path):
    program = (
        "import sys; sys.argv = ['x', '--version']; import godploy_desktop.__main__ as m; m.main();"
        "print('PySide6' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert result.stdout.split("\n")[:2] == [f"godploy-desktop {__version__}", "False"]


def test_without_a_display_it_says_how_to_get_one(tmp_path):
    result = subprocess.run(COMMAND, capture_output=True, text=True, env=environment(tmp_path), timeout=60, check=False)
    assert result.returncode == NO_DISPLAY
    assert "xvfb-run godploy-desktop" in result.stderr
    assert "godploy --help" in result.stderr
    assert "Traceback" not in result.stderr


def test_with_a_library_missing_it_names_the_package_to_install(tmp_path):
    program = (
        "import sys, godploy_desktop.__main__ as m; m._NEEDED['libnot-there.so.9'] = 'libnot-there9';"
        "sys.argv = ['x']; sys.exit(m.main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(tmp_path, QT_QPA_PLATFORM="offscreen"),
        timeout=60,
        check=False,
    )
    assert result.returncode == MISSING_LIBRARY
    assert "apt-get install libnot-there9" in result.stderr


def test_what_this_machine_has_is_not_called_missing():
    assert missing_packages("offscreen") == []


@pytest.mark.parametrize(
    ("arguments", "variables", "platform"),
    [
        ([], {}, None),
        ([], {"DISPLAY": ":0"}, "xcb"),
        ([], {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "wayland"),
        ([], {"QT_QPA_PLATFORM": "offscreen"}, "offscreen"),
        ([], {"QT_QPA_PLATFORM": "wayland;xcb"}, "wayland"),
        (["-platform", "vnc:size=800x600"], {}, "vnc"),
    ],
)
def test_the_platform_is_the_one_that_qt_will_take(arguments, variables, platform):
    assert qt_platform(arguments, variables) == platform


@pytest.mark.parametrize(
    ("remembered", "choice"), [("light", ThemeChoice.LIGHT), (None, ThemeChoice.SYSTEM), ("pink", ThemeChoice.SYSTEM)]
)
def test_a_theme_that_is_not_known_is_the_systems(remembered, choice):
    assert theme_choice(remembered) is choice


def test_the_window_starts_and_ends_cleanly_when_it_is_told_to(tmp_path):
    process = subprocess.Popen(
        COMMAND,
        env=environment(tmp_path, QT_QPA_PLATFORM="offscreen"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    database = tmp_path / "data" / "desktop.db"
    until = time.monotonic() + 60
    while not database.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    said = "\n".join(line for line in said.splitlines() if "This plugin does not support" not in line)
    assert (process.returncode, said) == (0, "")
