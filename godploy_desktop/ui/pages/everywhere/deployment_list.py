"""A table of deployments over services and servers, newest first, that follows the models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.widgets import Card, Cell, Column, EmptyState, Row, Table, column
from godploy_server.contract import Deployment

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_COLUMNS = (
    Column("State", width=140),
    Column("Service", width=170),
    Column("Change", stretch=1),
    Column("Why", width=150, hidden_below=820),
    Column("Took", width=76, align_right=True),
    Column("When", width=84, align_right=True),
)
_TICK_MS = 1000  # the duration of a running deployment counts up


class DeploymentList(QWidget, Observer):
    """The newest `limit` deployments of all servers for which `is_wanted` holds; a press opens one."""

    changed = Signal()

    def __init__(
        self, context: Context, *, limit: int = 100, is_wanted: Callable[[Deployment], bool] = lambda _: True
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._limit, self._is_wanted = limit, is_wanted
        self._places: dict[str, tuple[Server, Deployment]] = {}
        self._table = Table(list(_COLUMNS), name="Deployments")
        self._table.setObjectName("deployment-table")
        self._table.activated.connect(self._open)
        self._empty = EmptyState("rocket", "No deployments here", "Deploy a service and it appears here.")
        self._card = Card(4, name="Deployments")
        self._card.body.addWidget(self._table)
        column(self._card, self._empty, parent=self)
        self._followed: set[int] = set()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._soon = Gathered(self, self.refresh)
        self.watch(context.workspace.changed, lambda _: self._follow_servers())
        self._follow_servers()

    @property
    def deployments(self) -> list[Deployment]:
        """Those that are shown."""
        return [deployment for _, deployment in self._places.values()]

    def set_wanted(self, is_wanted: Callable[[Deployment], bool]) -> None:
        """Show only those for which `is_wanted` holds."""
        self._is_wanted = is_wanted
        self.refresh()

    def _follow_servers(self) -> None:
        for server in self.context.workspace.servers:
            if id(server) not in self._followed:
                self._followed.add(id(server))
                self.watch(server.model.changed, self._changed)
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.EVERYTHING, Aspect.DEPLOYMENT, Aspect.SERVICE, Aspect.PROJECT):
            self._soon.ask()

    def refresh(self) -> None:
        """Show the newest ones."""
        found = [
            (server, each)
            for server in self.context.workspace.servers
            for each in server.model.deployments.values()
            if self._is_wanted(each)
        ]
        found.sort(key=lambda pair: pair[1].created_at, reverse=True)
        self._places = {f"{server.id}/{each.id}": (server, each) for server, each in found[: self._limit]}
        self._table.set_rows([self._row(key, *place) for key, place in self._places.items()])
        self._card.setVisible(bool(self._places))
        self._empty.setVisible(not self._places)
        if any(not each.state.is_final for each in self.deployments):
            self._timer.start(_TICK_MS)
        else:
            self._timer.stop()
        self.changed.emit()

    def _row(self, key: str, server: Server, deployment: Deployment) -> Row:
        service = server.model.services.get(deployment.service_id)
        project = server.model.project_of(deployment.service_id)
        now = self.context.now()
        where = f"{project.name} on {server.name}" if project else server.name
        return Row(
            key,
            (
                state_cell(deployment),
                Cell(service.name if service else "removed", sub=where),
                change_cell(deployment),
                Cell(words.why(deployment), "text2", sub=deployment.asked_by),
                Cell(words.deployment_duration(deployment, now), "text2"),
                Cell(words.ago(deployment.created_at, now), "text3"),
            ),
        )

    def _open(self, key: str) -> None:
        server, deployment = self._places[key]
        service = server.model.services.get(deployment.service_id)
        if service is not None:
            self.context.shell.go(
                Route(
                    "service",
                    server=server.id,
                    project=service.project_id,
                    service=service.id,
                    deployment=deployment.id,
                    tab="deployments",
                )
            )


def state_cell(deployment: Deployment) -> Cell:
    """Give back the cell that shows where a deployment stands."""
    word, tone = words.deployment_state(deployment)
    return Cell(word, tone, pill=True)


def change_cell(deployment: Deployment) -> Cell:
    """Give back the cell that shows what a deployment brings: message and commit, the upload, or the release it goes
    back to; one that was replaced says by which."""
    parts = (
        f"#{deployment.number}",
        words.superseded_words(deployment),
        words.short_commit(deployment.commit),
        deployment.branch,
    )
    return Cell(words.change_words(deployment), sub=" · ".join(part for part in parts if part))
