"""The page of one server: its load, versions and projects; setting it up; its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from godploy_desktop.core.server_model import Change
from godploy_desktop.ui.models.connection_words import connection_state
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.server_banner import ServerBanner
from godploy_desktop.ui.pages.servers.overview import ServerOverview
from godploy_desktop.ui.pages.servers.server_settings import ServerSettings
from godploy_desktop.ui.pages.servers.set_up_panel import SetUpPanel
from godploy_desktop.ui.widgets import Icon, Label, Pill, Tabs, column, row

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_TABS = {"overview": "Overview", "settings": "Settings"}


class ServerPage(Page):
    """Follows one server."""

    def __init__(self, context: Context, server: Server, tab: str = "") -> None:
        super().__init__(context)
        self._server = server
        self._name, self._pill = Label(server.name, "xl", 600), Pill("", "text3")
        self._address, self._system = Label("", "md", 400, "text2"), Label("", "md", 400, "text2", elide=True)
        banner = ServerBanner(context, server)
        self.set_up = SetUpPanel(context, server)
        self.overview = ServerOverview(context, server)
        self.settings = ServerSettings(context, server, set_up=self.set_up.begin)
        self._tabs = Tabs(_TABS, tab or "overview")
        self._tabs.setObjectName("server-tabs")
        self._parts = Switcher({"overview": self.overview, "settings": self.settings})
        observers: tuple[Observer, ...] = (banner, self.set_up, self.overview, self.settings)
        for each in observers:
            self.when_disposed(each.dispose)
        icon = "laptop" if server.is_embedded else "server"
        facts = row(Icon(icon, 14, "text3"), self._address, 8, Icon("monitor", 14, "text3"), spacing=6)
        facts.addWidget(self._system, 1)
        self.body.addWidget(banner)
        self.body.addLayout(column(row(self._name, 4, self._pill, None), facts, spacing=5))
        self.body.addWidget(self.set_up)
        self.body.addWidget(self._tabs)
        self.body.addSpacing(4)
        self.body.addWidget(self._parts, 1)
        self._tabs.changed.connect(self._show_tab)
        self._show_tab(self._tabs.current)
        self.watch(server.model.changed, self._changed)
        self._refresh()

    def show_route(self, route: Route) -> bool:
        if (route.page, route.server) != ("server", self._server.id):
            return False
        self._tabs.set_current(route.tab or "overview")
        return True

    def has_unsaved(self) -> bool:
        exists = self._server in self.context.workspace.servers
        return exists and self.settings.is_dirty()

    def discard(self) -> None:
        self.settings.discard()

    def _show_tab(self, key: str) -> None:
        self._parts.show_part(key)
        if key == "settings":
            self.settings.opened()

    def _changed(self, _change: Change) -> None:
        self._refresh()

    def _refresh(self) -> None:
        self.set_crumbs(Crumb("Servers", Route("servers")), Crumb(self._server.name))
        state, tone = connection_state(self._server.model)
        self._pill.set_state(state, tone)
        info = self._server.model.info
        self._address.setText(self._server.profile.address)
        self._system.setText(info.os_name if info else "not seen yet")
