"""All projects of all servers as cards that follow their models; used by the dashboard and the list of projects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.home.project_card import ProjectCard
from godploy_desktop.ui.widgets import CardGrid, clear
from godploy_server.contract import ProjectId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SHOWN = (Aspect.EVERYTHING, Aspect.PROJECT, Aspect.SERVICE, Aspect.DEPLOYMENT, Aspect.CONNECTION)


class ProjectGrid(QWidget, Observer):
    """One card a project. `changed` tells that something other than load changed, or that the set did."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.begin_observing(context)
        self._grid = CardGrid(self, minimum_width=320)
        self._cards: dict[tuple[int, ProjectId], ProjectCard] = {}
        self._filter = ""
        self._stale: set[tuple[int, ProjectId]] = set()
        self._soon = Gathered(self, self._refresh_stale)
        self.watch(context.workspace.changed, lambda _: self._follow_servers())
        self._followed: set[int] = set()
        self._follow_servers()

    @property
    def count(self) -> int:
        """How many projects are shown."""
        return len(self._cards)

    def set_filter(self, text: str) -> None:
        """Show only projects whose name, server or services hold `text`."""
        self._filter = text.strip().lower()
        self._rebuild()

    def _follow_servers(self) -> None:
        for server in self.context.workspace.servers:
            if id(server) not in self._followed:
                self._followed.add(id(server))
                self.watch(server.model.changed, partial(self._changed, server))
        self._rebuild()

    def _changed(self, server: Server, change: Change) -> None:
        if change.aspect not in _SHOWN:
            return
        self._stale |= {key for key in self._cards if key[0] == server.id and change.concerns(project_id=key[1])}
        self._soon.ask()

    def _refresh_stale(self) -> None:
        stale, self._stale = self._stale, set()
        if set(self._wanted()) != set(self._cards):
            self._rebuild()
            return
        for key in stale & set(self._cards):
            self._cards[key].refresh()
        self.changed.emit()

    def _wanted(self) -> dict[tuple[int, ProjectId], Server]:
        wanted = {}
        for server in self.context.workspace.servers:
            for project in sorted(server.model.projects.values(), key=lambda each: each.name):
                names = [project.name, server.name, *(each.name for each in server.model.services_of(project.id))]
                if any(self._filter in name for name in names):
                    wanted[server.id, project.id] = server
        return wanted

    def _rebuild(self) -> None:
        clear(self._grid)
        self._cards = {}
        for (server_id, project_id), server in self._wanted().items():
            card = ProjectCard(self.context, server, project_id)
            route = Route("project", server=server_id, project=project_id)
            card.clicked.connect(lambda route=route: self.context.shell.go(route))
            self._cards[server_id, project_id] = card
            self._grid.addWidget(card)
        self.changed.emit()
