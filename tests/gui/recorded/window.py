"""The real window around a recorded workspace, with a clock that stands still."""

import asyncio

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages import factories
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.shell.main_window import MainWindow
from tests.gui.recorded import snapshots


class RecordedShell:
    """Writes down where pages lead and what they say."""

    def __init__(self) -> None:
        self.went: list[Route] = []
        self.said: list[tuple[str, str]] = []

    def go(self, route: Route) -> None:
        self.went.append(route)

    def notify(self, text: str, tone: str = "ok") -> None:
        self.said.append((text, tone))


class RecordedWindow:
    """Shows one scene in the window."""

    def __init__(self, scene, width: int, height: int) -> None:
        self.scene = scene
        make = lambda workspace, shell: factories(Context(workspace, shell, lambda: snapshots.NOW))  # noqa: E731
        self.window = MainWindow(scene.workspace, make, scene.route)
        self.window.resize(width, height)

    @property
    def page(self):
        return self.window.navigation.page

    async def show_scene(self) -> None:
        self.window.show()
        await asyncio.sleep(0.1)
        begun = self.scene.act(self.page)
        if isinstance(begun, asyncio.Future):
            await begun
        await asyncio.sleep(0.25)

    def picture(self):
        return self.window.grab()

    async def close_scene(self) -> None:
        self.window.dispose()
        self.window.hide()
        await self.scene.workspace.tasks.cancel_all()
        self.window.deleteLater()
        await asyncio.sleep(0.01)
