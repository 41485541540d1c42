"""Where applications come from: the accounts at git hosts, and each one's repository, branch and deploy key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.git.accounts import AccountsSection
from godploy_desktop.ui.pages.git.apps import AppsSection
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import (
    Card,
    CopyField,
    EmptyState,
    FilterField,
    Icon,
    IconTile,
    Label,
    clear,
    column,
    row,
)
from godploy_server.contract import GitSource, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SHOWN = (Aspect.EVERYTHING, Aspect.SERVICE, Aspect.PROJECT)


class GitPage(Page):
    """Follows the sources of every application of every server."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Git"))
        self._summary = Label("", "md", 400, "text2")
        self._filter = FilterField("Filter repositories", width=240)
        self._filter.setObjectName("repository-filter")
        self._cards = column(spacing=12)
        self._empty = EmptyState(
            "git-branch",
            "No repositories yet",
            "Every application built from git stands here with its branch and the deploy key that opens it.",
        )
        self.body.addLayout(row(column(Label("Git", "xl", 600), self._summary, spacing=4), None, self._filter))
        self.body.addSpacing(4)
        accounts = AccountsSection(context)
        self.when_disposed(accounts.dispose)
        self.body.addWidget(accounts)
        apps = AppsSection(context)
        self.when_disposed(apps.dispose)
        self.body.addWidget(apps)
        self.body.addLayout(self._cards)
        self.body.addWidget(self._empty, 1)
        self.body.addStretch(1)
        self._shown: list[tuple[int, ServiceId, GitSource, str]] = []
        self._followed: set[int] = set()
        self._filter.textChanged.connect(lambda _text: self._refresh())
        self.watch(context.workspace.changed, lambda _: self._follow_servers())
        self._follow_servers()

    def _follow_servers(self) -> None:
        for server in self.context.workspace.servers:
            if id(server) not in self._followed:
                self._followed.add(id(server))
                self.watch(server.model.changed, self._changed)
        self._refresh()

    def _changed(self, change: Change) -> None:
        if change.aspect in _SHOWN:
            self._refresh()

    def _refresh(self) -> None:
        wanted = self._filter.text().strip().lower()
        found = [
            (server, service, source)
            for server in self.context.workspace.servers
            for service in sorted(server.model.services.values(), key=lambda each: (each.project_id, each.name))
            if isinstance(source := service.settings.source, GitSource)
            and (wanted in source.url.lower() or wanted in service.name)
        ]
        marks = [(server.id, service.id, source, service.deploy_key) for server, service, source in found]
        if marks == self._shown:
            return
        self._shown = marks
        clear(self._cards)
        for each in found:
            self._cards.addWidget(self._card(*each))
        self._empty.setVisible(not found)
        urls = {source.url for _, _, source in found}
        self._summary.setText(
            f"{words.counted(len(urls), 'repository', 'repositories')} of {words.counted(len(found), 'application')}"
        )

    def _card(self, server: Server, service: Service, source: GitSource) -> QWidget:
        card = Card(14, name=f"{words.repository_name(source.url)}, {service.name}")
        project = server.model.project_of(service.id)
        place = Route("service", server=server.id, project=service.project_id, service=service.id)
        link = Link(lambda: self.context.shell.go(place), f"{project.name if project else ''} / {service.name}")
        head = row(IconTile("git-branch"), spacing=10)
        head.addLayout(
            column(
                Label(words.repository_name(source.url), 14, 600, elide=True),
                Label(source.url, "sm", 400, "text3", mono=True, elide=True),
                spacing=1,
            ),
            1,
        )
        for icon, widget in (("git-branch", Label(words.git_target(source), "sm", 400, "text2")), ("layers", link)):
            head.addWidget(Icon(icon, 14, "text3"))
            head.addWidget(widget)
        card.body.addLayout(head)
        if service.deploy_key:
            card.body.addSpacing(12)
            key = CopyField(service.deploy_key, label="Deploy key, to be added to the repository read-only")
            key.setObjectName(f"deploy-key-{service.name}")
            card.body.addWidget(key)
        return card
