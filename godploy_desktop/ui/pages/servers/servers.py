"""The list of servers: each with its state, load and versions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.servers.add_server import add_server
from godploy_desktop.ui.pages.servers.server_card import ServerCard
from godploy_desktop.ui.widgets import Button, ButtonKind, CardGrid, EmptyState, Label, clear, column, row

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ServersPage(Page):
    """Follows every server."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Servers"))
        self._summary = Label("", "md", 400, "text2")
        add = Button("Add server", "plus", ButtonKind.PRIMARY, on_click=lambda: add_server(self))
        add.setObjectName("add-server")
        self._holder = QWidget()
        self._grid = CardGrid(self._holder, minimum_width=320)
        self._cards: list[tuple[Server, ServerCard]] = []
        self._empty = EmptyState(
            "server",
            "No servers yet",
            "Any Debian or Ubuntu machine that you reach by SSH can be one, and this computer too.",
            Button("Add server", "plus", on_click=lambda: add_server(self)),
            Button("Use this computer", "laptop", on_click=lambda: context.shell.go(Route("welcome"))),
        )
        self.body.addLayout(row(column(Label("Servers", "xl", 600), self._summary, spacing=4), None, add))
        self.body.addSpacing(4)
        self.body.addWidget(self._holder)
        self.body.addWidget(self._empty, 1)
        self.body.addStretch(1)
        self._followed: set[int] = set()
        self.watch(context.workspace.changed, lambda _: self._rebuild())
        self._rebuild()

    def _rebuild(self) -> None:
        clear(self._grid)
        self._cards = []
        for server in self.context.workspace.servers:
            card = ServerCard(self.context, server)
            route = Route("server", server=server.id)
            card.clicked.connect(lambda route=route: self.context.shell.go(route))
            self._cards.append((server, card))
            self._grid.addWidget(card)
            if id(server) not in self._followed:
                self._followed.add(id(server))
                self.watch(server.model.changed, partial(self._changed, server))
        self._holder.setVisible(bool(self._cards))
        self._empty.setVisible(not self._cards)
        self._summarise()

    def _changed(self, server: Server, change: Change) -> None:
        for each, card in self._cards:
            if each is server:
                card.refresh_load() if change.aspect is Aspect.METRICS else card.refresh()
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self._summarise()

    def _summarise(self) -> None:
        servers = self.context.workspace.servers
        live = sum(each.model.is_live for each in servers)
        self._summary.setVisible(bool(servers))
        self._summary.setText(f"{live} of {words.counted(len(servers), 'server')} connected")
