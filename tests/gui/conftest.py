"""Every test of the window runs offscreen and fails on a Qt warning, and on a thread, timer or window left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is loaded; a developer's own display is never used
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts.warning=false")

import pytest
from hypothesis import HealthCheck, settings
from PySide6.QtCore import QEvent, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QWidget

from godploy_desktop.core.workspace import Workspace
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.ui.theme import ThemeChoice, theme

T = TypeVar("T")

# how busy the machine is says nothing about what is tested
settings.register_profile("godploy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("godploy")

_HARMLESS = ("This plugin does not support",)
"""What the offscreen platform says of itself: it has no window manager."""


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["godploy-tests"]


@pytest.fixture(scope="session", autouse=True)
def _themed(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)
    theme().install(qapp, ThemeChoice.DARK)


@pytest.fixture(autouse=True)
def _dark_theme(_themed: None) -> Iterator[None]:
    yield
    if not theme().tokens.is_dark:
        theme().set_choice(ThemeChoice.DARK)


@pytest.fixture(autouse=True)
def no_qt_warnings() -> Iterator[list[str]]:
    """Fails the test if Qt warned of anything; gives the list of what it said so far."""
    said: list[str] = []

    def listen(kind: QtMsgType, _context: object, message: str) -> None:
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg) and not message.startswith(_HARMLESS):
            said.append(message)

    before = qInstallMessageHandler(listen)
    yield said
    qInstallMessageHandler(before)
    assert said == [], "Qt warned"


@pytest.fixture(autouse=True)
def no_exceptions_in_slots() -> Iterator[list[BaseException]]:
    """Fails the test if a slot or an event raised: PySide only prints it."""
    raised: list[BaseException] = []
    before = sys.excepthook
    sys.excepthook = lambda _kind, error, _trace: raised.append(error)
    yield raised
    sys.excepthook = before
    assert raised == [], "a slot raised"


@pytest.fixture(autouse=True)
def nothing_left_behind(_themed: None, qapp: QApplication) -> Iterator[None]:
    """Fails the test if it left a thread, a running timer or a top-level widget."""
    windows_before = set(qapp.topLevelWidgets())
    threads_before = set(threading.enumerate())
    yield
    settle(qapp)
    windows = set(qapp.topLevelWidgets()) - windows_before
    if windows:  # a cycle of Python objects may hold what nobody uses any more
        windows.clear()
        gc.collect()
        settle(qapp)
        windows = set(qapp.topLevelWidgets()) - windows_before
    timers = [timer for widget in windows for timer in widget.findChildren(QTimer) if timer.isActive()]
    names = [repr(each) for each in windows]
    for widget in windows:
        widget.close()
        widget.deleteLater()
    windows.clear()
    settle(qapp)
    threads = [
        each
        for each in threading.enumerate()
        if each not in threads_before and not each.daemon and not each.name.startswith("asyncio_")
    ]
    assert names == [], "a top-level widget is left"
    assert timers == [], "a timer still runs"
    assert threads == [], "a thread still runs"


def settle(app: QApplication) -> None:
    """Let Qt delete what waits for it."""
    for _ in range(3):
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        app.processEvents()


@pytest.fixture
def shown(qapp: QApplication) -> Iterator[Callable[..., QWidget]]:
    """Gives a function that shows a widget (at a size) until the test ends, and gives it back painted."""
    widgets: list[QWidget] = []

    def show(widget: QWidget, width: int = 640, height: int = 480) -> QWidget:
        widget.resize(width, height)
        widgets.append(widget)
        widget.show()
        qapp.processEvents()
        return widget

    yield show
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    settle(qapp)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with nothing in it, not open yet."""
    return Workspace(Folders.of({"GODPLOY_HOME": str(tmp_path / "home")}))


@pytest.fixture
def run_async(qapp: QApplication) -> Callable[[Callable[[], Awaitable[T]]], T]:
    """Gives a function that runs a coroutine on the loop that the window uses."""
    import qasync

    def run(work: Callable[[], Awaitable[T]]) -> T:
        async def limited() -> T:
            return await asyncio.wait_for(_await(work), 100)

        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
            return runner.run(limited())

    return run


async def _await(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def named(parent: QObject, kind: type[T], name: str) -> T:
    """Give back the visible widget of a kind that a person would call so."""
    found = [
        each
        for each in parent.findChildren(kind)  # type: ignore[type-var]  # any kind of widget
        if each.isVisible() and name in (each.accessibleName(), getattr(each, "text", str)())
    ]
    assert found, f"there is no {kind.__name__} called {name!r}"
    return found[0]
