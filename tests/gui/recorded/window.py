"""A window around a recorded workspace, with a clock that stands still."""

import asyncio

from PySide6.QtWidgets import QVBoxLayout, QWidget

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages import factories
from godploy_desktop.ui.pages.frame.context import Context
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


class RecordedWindow(QWidget):
    """Shows one scene."""

    def __init__(self, scene, width: int, height: int) -> None:
        super().__init__()
        self.scene = scene
        self.shell = RecordedShell()
        self.context = Context(scene.workspace, self.shell, lambda: snapshots.NOW)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.page = factories(self.context)[scene.route.page](scene.route)
        layout.addWidget(self.page)
        self.resize(width, height)

    async def show_scene(self) -> None:
        self.show()
        await asyncio.sleep(0.15)
        self.scene.act(self.page)
        await asyncio.sleep(0.25)

    async def close_scene(self) -> None:
        self.page.dispose()
        await self.scene.workspace.tasks.cancel_all()
        self.hide()
        self.deleteLater()
        await asyncio.sleep(0.01)
