"""Opening a page over a recorded workspace and using it as a person would."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import qasync
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from godploy_desktop.core.server import Server
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages import factories
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.shell.main_window import MainWindow
from godploy_desktop.ui.widgets import DialogFrame, open_dialog_of
from tests.gui.recorded import snapshots
from tests.gui.recorded.window import RecordedShell
from tests.gui.recorded.workspace import recorded_workspace


class Story:
    """One page in a window of its own. `agent` is that of the first server."""

    def __init__(self, folder: Path, route: Route, workspace: Workspace | None = None) -> None:
        self.workspace = workspace or recorded_workspace(folder)
        self.shell = RecordedShell()
        self.page = self._open(route)
        self.page.resize(1180, 820)
        self.page.show()

    def _open(self, route: Route) -> QWidget:
        return factories(Context(self.workspace, self.shell, lambda: snapshots.NOW))[route.page](route)

    @property
    def server(self) -> Server:
        return self.workspace.servers[0]

    @property
    def agent(self) -> Any:
        return self.server.agent

    @property
    def dialog(self) -> DialogFrame | None:
        return open_dialog_of(self.page.window())

    def find(self, name: str, kind: type[QWidget] = QWidget) -> Any:
        """The widget of that object name that is in sight; the newest, if several are."""
        found = [each for each in self.page.window().findChildren(kind, name) if each.isVisible()]
        assert found, f"nothing called {name!r} is in sight"
        return found[-1]

    def is_shown(self, name: str) -> bool:
        return any(each.isVisible() for each in self.page.window().findChildren(QWidget, name))

    async def press(self, name: str) -> None:
        button = self.find(name)
        assert button.isEnabled(), f"{name} cannot be pressed"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await self.settle()

    async def type(self, name: str, text: str) -> None:
        field = self.find(name)
        field.setFocus()
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, text)
        await self.settle()

    def words(self) -> str:
        """All text of labels in sight."""
        return "\n".join(each.text() for each in self.page.window().findChildren(QLabel) if each.isVisible())

    async def settle(self) -> None:
        for _ in range(12):  # turns of the loop: a busy machine may give each sleep but one
            await asyncio.sleep(0.002)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds` is true; the test's own limit ends a wait in vain."""
        while not holds():  # noqa: ASYNC110  what is waited for is a widget, which sets no event
            await asyncio.sleep(0.005)

    async def end(self) -> None:
        for waiting in self.agent.hold.values() if self.workspace.servers else ():
            waiting.set()
        self.page.dispose()
        await self.workspace.tasks.cancel_all()
        self.page.close()
        self.page.deleteLater()
        await asyncio.sleep(0.01)


class WindowStory(Story):
    """The same in the real window: pages lead on."""

    def _open(self, route: Route) -> QWidget:
        def make(workspace: Workspace, shell: MainWindow) -> Any:
            return factories(Context(workspace, shell, lambda: snapshots.NOW))

        return MainWindow(self.workspace, make, route)

    @property
    def place(self) -> Route:
        """Where the window is."""
        return self.page.navigation.route


def tell(
    app: QApplication,
    folder: Path,
    route: Route,
    plot: Callable[[Any], Awaitable[None]],
    workspace: Callable[[], Workspace] | None = None,
    kind: type[Story] = Story,
) -> None:
    """Run `plot` with a page at `route`, on the loop that the window uses."""

    async def whole() -> None:
        story = kind(folder, route, workspace() if workspace else None)
        try:
            await story.settle()
            await asyncio.wait_for(plot(story), 100)
        finally:
            await story.end()

    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        runner.run(whole())
    gc.collect()  # the loop's own timers must not be collected by whatever thread the next test starts
