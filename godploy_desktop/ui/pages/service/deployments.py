"""The deployments of a service: the list with its releases to go back to, and the detail of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.pages.everywhere.deployment_list import change_cell, state_cell
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.service.deployment_detail import DeploymentDetail
from godploy_desktop.ui.pages.service.rollback import choose_release
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import (
    Button,
    Card,
    Cell,
    Column,
    EmptyState,
    Label,
    Row,
    ScrollArea,
    Table,
    column,
    row,
)
from godploy_server.contract import Deployment, DeploymentId, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_COLUMNS = (
    Column("State", width=140),
    Column("Change", stretch=1),
    Column("Why", width=150, hidden_below=800),
    Column("Release", width=76, hidden_below=560),
    Column("Took", width=76, align_right=True),
    Column("When", width=84, align_right=True),
)
_TICK_MS = 1000
_PAGE = 50


class DeploymentsTab(ServiceTab):
    """A list; a press on a row opens the detail in its place."""

    fills = True
    deploy_asked = Signal()

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._older: tuple[Deployment, ...] = ()
        self._detail: DeploymentDetail | None = None
        self._table = Table(list(_COLUMNS), name="Deployments")
        self._table.setObjectName("service-deployments")
        self._table.activated.connect(lambda key: self.open_deployment(DeploymentId(key)))
        self._roll_back = Button("Roll back…", "history", on_click=self._choose_release)
        self._roll_back.setObjectName("roll-back-button")
        self._more = Button("Show older", "chevron-down", on_click=self._read_older)
        self._more.setObjectName("older-deployments")
        deploy = Button("Deploy", "rocket", on_click=self.deploy_asked.emit)
        self._empty = EmptyState(
            "rocket", "Not deployed yet", "A deployment builds the source or takes the image.", deploy
        )
        self._summary = Label("", "sm", 400, "text3")
        self._card = Card(4, name="Deployments")
        self._card.body.addWidget(self._table)
        content = QWidget()
        column(
            row(self._summary, None, self._roll_back), self._card, self._empty, row(None, self._more, None), None,
            spacing=12, parent=content,
        )  # fmt: skip
        self._stack = QStackedLayout()
        self._stack.addWidget(ScrollArea(content))
        self.body.addLayout(self._stack, 1)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_list)
        self._show_list()

    @property
    def open_detail(self) -> DeploymentDetail | None:
        """The detail that is shown, if one is."""
        return self._detail

    def open_deployment(self, deployment_id: DeploymentId) -> None:
        """Show one deployment with its steps and log."""
        self.close_detail()
        older = next((each for each in self._older if each.id == deployment_id), None)
        detail = DeploymentDetail(self.context, self.server, self.service_id, deployment_id, older)
        detail.back.connect(self.close_detail)
        detail.roll_back_asked.connect(self._choose_release)
        detail.newer_asked.connect(self._open_number)
        self._detail = detail
        self._stack.addWidget(detail)
        self._stack.setCurrentWidget(detail)

    def _open_number(self, number: int) -> None:
        known = (*self.server.model.deployments_of(self.service_id), *self._older)
        found = next((each for each in known if each.number == number), None)
        if found is not None:
            self.open_deployment(found.id)
        else:
            self.close_detail()

    def close_detail(self) -> None:
        """Go back to the list."""
        if self._detail is None:
            return
        self._detail.dispose()
        self._stack.removeWidget(self._detail)
        self._detail.deleteLater()
        self._detail = None
        self._stack.setCurrentIndex(0)

    def closed(self) -> None:
        if self._detail is not None:
            self._detail.pause()

    def opened(self) -> None:
        if self._detail is not None:
            self._detail.resume()

    def dispose(self) -> None:
        if self._detail is not None:
            self._detail.dispose()
        super().dispose()

    def deployment_changed(self) -> None:
        self._show_list()

    def service_changed(self) -> None:
        self._show_list()

    def _show_list(self) -> None:
        newest = self.server.model.deployments_of(self.service_id)
        known = {each.id for each in newest}
        shown = [*newest, *(each for each in self._older if each.id not in known)]
        self._table.set_rows([self._row(each) for each in shown])
        self._card.setVisible(bool(shown))
        self._empty.setVisible(not shown)
        self._more.setVisible(len(newest) >= 20 and (not self._older or len(self._older) % _PAGE == 0))
        service = self.service
        self._roll_back.setVisible(bool(shown))
        self._roll_back.setEnabled(service is not None and service.release is not None and self.server.model.is_live)
        self._summary.setText(words.counted(len(shown), "deployment") if shown else "")
        is_active = any(not each.state.is_final for each in newest)
        self._timer.start(_TICK_MS) if is_active else self._timer.stop()

    def _row(self, deployment: Deployment) -> Row:
        now = self.context.now()
        return Row(
            str(deployment.id),
            (
                state_cell(deployment),
                change_cell(deployment),
                Cell(words.why(deployment), "text2", sub=deployment.asked_by),
                Cell(f"r{deployment.release}" if deployment.release is not None else "", "text2"),
                Cell(words.deployment_duration(deployment, now), "text2"),
                Cell(words.ago(deployment.created_at, now), "text3"),
            ),
        )

    def _read_older(self) -> None:
        rows = self._table.rows
        oldest = rows[-1].key if rows else ""
        known = [*self.server.model.deployments_of(self.service_id), *self._older]
        before = next((each.number for each in known if str(each.id) == oldest), None)

        def show(found: tuple[Deployment, ...]) -> None:
            self._older = (*self._older, *found)
            self._show_list()
            self._more.setVisible(len(found) == _PAGE)

        self.read("Reading older deployments", lambda: self.server.agent.deployments(self.service_id, before), show)

    def _choose_release(self) -> None:
        choose_release(self, self, self.server, self.service_id, done=lambda made: self.open_deployment(made.id))
