"""What is asked before one signs in by a GitHub App: which app, or how the new one is to be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git import app_flow
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_desktop.git_hosting.github_manifest import check_name, check_organization, suggested_name
from godploy_desktop.git_hosting.oauth import OpenBrowser
from godploy_desktop.git_hosting.values import Account, GitHubApp
from godploy_desktop.ui.models.account_words import app_options, server_options
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.service_forms.sources import side_by_side
from godploy_desktop.ui.widgets import Select, TextField, column

NEW: Final = ""
_SERVER_HINT: Final = "An app tells one server; at any other each service gets a webhook of its own"


class AppFields(QWidget):
    """Offers the apps that were made here at a host, and a new one. `resized` is called for another height."""

    def __init__(self, context: Context, *, resized: Callable[[], object]) -> None:
        super().__init__()
        self._context, self._on_resized = context, resized
        self._git = context.workspace.git
        self._client_id = ""  # of the app that a person signs in again by
        self._which = Select("App", {NEW: ""})
        self._which.box.setObjectName("git-app")
        self._name = TextField(
            "Name of the app",
            suggested_name(),
            hint="One of a kind at GitHub",
            check=check_name,
        )
        self._name.edit.setObjectName("git-app-name")
        self._organization = TextField(
            "Organization",
            placeholder="none",
            hint="Whose app it is to be, if not yours",
            check=check_organization,
        )
        self._organization.edit.setObjectName("git-app-organization")
        self._server = Select("Server that is told of pushes", {NEW: ""}, hint=_SERVER_HINT)
        self._server.box.setObjectName("git-app-server")
        column(self._which, side_by_side(self._name, self._organization), self._server, spacing=14, parent=self)
        self._which.changed.connect(self._show_what_is_asked)
        self._offer_servers()

    def begin(self, account: Account) -> None:
        """Sign in again as `account`: by its app, if that is still known."""
        self._client_id = account.client_id
        self.show_apps(account.address)

    def show_apps(self, address: str) -> None:
        """Offer the apps of the host at `address`, the newest first."""
        apps = self._git.apps.at(address)
        self._which.set_options(app_options(apps))
        wanted = next((each for each in apps if each.client_id == self._client_id), None)
        chosen = wanted or (apps[0] if apps else None)
        self._which.set_value(NEW if chosen is None else chosen.page)
        self._which.setVisible(bool(apps))
        self._show_what_is_asked()

    def work(self, address: str, open_browser: OpenBrowser) -> Callable[[Progress], Awaitable[Account]]:
        """Give back what signs in by the chosen app, or makes one first; what is typed is read now."""
        app = self._chosen(address)
        if app is not None:
            return partial(app_flow.go_on, self._git, app, open_browser)
        wish = app_flow.AppWish(address, self._name.value(), self._organization.value(), self._chosen_server())
        return partial(app_flow.create, self._git, wish, open_browser)

    def _chosen(self, address: str) -> GitHubApp | None:
        return next((each for each in self._git.apps.at(address) if each.page == self._which.value()), None)

    def _chosen_server(self) -> Server | None:
        return next((each for each in self._context.workspace.servers if each.name == self._server.value()), None)

    def _offer_servers(self) -> None:
        connected = [each.name for each in self._context.workspace.servers if each.model.is_live]
        self._server.set_options(server_options(connected))
        self._server.set_value(connected[0] if len(connected) == 1 else NEW)

    def _show_what_is_asked(self) -> None:
        is_new = self._which.value() == NEW
        for each in (self._name, self._organization, self._server):
            each.setVisible(is_new)
        self._on_resized()
