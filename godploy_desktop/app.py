"""Starts the window: application, theme, workspace, main window, and the one event loop for Qt and asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import TracebackType

from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication

from godploy_desktop.core.workspace import Workspace
from godploy_desktop.ui.shell.collecting import collected_here
from godploy_desktop.ui.shell.main_window import MainWindow, PageFactories
from godploy_desktop.ui.shell.questions import DialogQuestions
from godploy_desktop.ui.theme import ThemeChoice, application_icon, theme
from godploy_server.contract import internal_error

_log = logging.getLogger(__name__)


def run(arguments: list[str]) -> int:
    """Show the window until it is closed; gives back the exit code. `arguments` are Qt's own, such as -platform."""
    app = make_application(arguments)
    questions = DialogQuestions()
    workspace = Workspace(questions=questions)
    theme().install(app, theme_choice(workspace.setting("theme")))
    window = MainWindow(workspace, _page_factories())
    questions.use(window)
    window.show()
    app.processEvents()  # the first paint, before the rest is loaded and the store is opened
    import qasync

    with (
        _shown_when_unexpected(window),
        collected_here(window),
        asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner,
    ):
        runner.run(session(workspace, window, questions))
    window.deleteLater()
    return 0


def make_application(arguments: list[str]) -> QApplication:
    """Make the QApplication, with the names that desktops know it by."""
    app = QApplication(["godploy-desktop", *arguments])
    app.setApplicationName("godploy")
    app.setApplicationDisplayName("Godploy")
    app.setDesktopFileName("io.godploy.Godploy")
    app.setWindowIcon(application_icon())
    app.setQuitOnLastWindowClosed(False)  # the loop ends when the workspace is closed, not when the window is
    return app


def theme_choice(remembered: str | None) -> ThemeChoice:
    """Give back the theme that was chosen; anything else means: as the system."""
    try:
        return ThemeChoice(remembered or ThemeChoice.SYSTEM)
    except ValueError:
        return ThemeChoice.SYSTEM


def _page_factories() -> PageFactories:
    from godploy_desktop.ui.pages import page_factories  # not with the module: the window's frame is made first

    return page_factories


async def session(workspace: Workspace, window: MainWindow, questions: DialogQuestions) -> None:
    """Open the workspace, follow its servers until the window closes, close it."""
    ended = asyncio.Event()
    window.closing.connect(ended.set)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: _tell_unexpected(window, context))
    with _ended_by_signals(window, ended.set), _streams_closed_by(asyncio.get_running_loop()):
        await workspace.open()
        workspace.keep_live()
        await ended.wait()
    questions.use(None)
    window.dispose()
    await window.slots.close()
    await workspace.close()


def _tell_unexpected(window: MainWindow, context: dict[str, object]) -> None:
    error = context.get("exception")
    _log.error("Unexpected: %s", context.get("message"), exc_info=error if isinstance(error, Exception) else None)
    if isinstance(error, Exception):
        window.show_problem(internal_error("Something in the background", error).problem)


@contextlib.contextmanager
def _streams_closed_by(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """A stream that is left half-read closes its connection, as under asyncio's own loop; qasync does not see to it."""
    before = sys.get_asyncgen_hooks()
    if isinstance(loop, asyncio.BaseEventLoop):
        # what BaseEventLoop.run_forever sets, and qasync's replaces without setting it
        sys.set_asyncgen_hooks(loop._asyncgen_firstiter_hook, loop._asyncgen_finalizer_hook)  # type: ignore[attr-defined]  # private
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*before)


@contextlib.contextmanager
def _shown_when_unexpected(window: MainWindow) -> Iterator[None]:
    """What a slot raises ends nothing: it is logged and shown."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            _log.error("Unexpected", exc_info=(kind, error, trace))
            window.show_problem(internal_error("Something in the window", error).problem)
        else:
            sys.__excepthook__(kind, error, trace)

    before, sys.excepthook = sys.excepthook, show
    try:
        yield
    finally:
        sys.excepthook = before


@contextlib.contextmanager
def _ended_by_signals(parent: QObject, end: Callable[[], object]) -> Iterator[None]:
    """SIGINT and SIGTERM end the session. Python sees a signal only between two of its own instructions, and Qt runs
    none while nothing happens: the wake-up file descriptor makes something happen."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read, parent)

    def drain() -> None:
        with contextlib.suppress(BlockingIOError):
            reader.recv(64)

    notifier.activated.connect(drain)
    wake_before = signal.set_wakeup_fd(writer.fileno())
    before = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wake_before)
        notifier.setEnabled(False)
        notifier.deleteLater()
        reader.close()
        writer.close()
