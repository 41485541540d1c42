"""What the git host delivered, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.push_words import commit_words, event_words, reason_words, verdict_words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import IconButton, Label, Line, Pill, Section, clear, column, row
from godploy_server.contract import Delivery, Problem, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_VERDICT_WIDTH = 96
_TIME_WIDTH = 70


class DeliveriesSection(QWidget, Observer):
    """Shows what `show_deliveries` is given; `changed` is called after one was decided anew."""

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        *,
        changed: Callable[[], object],
        failed: Callable[[Problem], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id, self._on_changed, self._on_failed = server, service_id, changed, failed
        self._shown: tuple[Delivery, ...] | None = None
        self._again: dict[str, IconButton] = {}
        self._lines = column(spacing=8)
        self._none = Label(
            "Nothing was delivered yet. A push appears here within a second, with what became of it.",
            "sm", 400, "text3", wrap=True,
        )  # fmt: skip
        section = Section("Deliveries", "The newest 50; those that are refused or ignored say why")
        section.body.addLayout(self._lines)
        section.body.addWidget(self._none)
        column(section, parent=self)

    def show_problem(self, problem: Problem) -> None:
        self._on_failed(problem)

    def show_deliveries(self, deliveries: tuple[Delivery, ...]) -> None:
        """Show these, newest first."""
        if deliveries == self._shown:
            return
        self._shown = deliveries
        self._again = {}
        clear(self._lines)
        now = self.context.now()
        for index, each in enumerate(deliveries):
            if index:
                self._lines.addWidget(Line())
            self._lines.addWidget(self._row(each, now))
        self._none.setVisible(not deliveries)
        self.set_live(self._server.model.is_live)

    def set_live(self, is_live: bool) -> None:
        """Whether the server can be asked now."""
        for each in self._again.values():
            each.setEnabled(is_live)

    def _row(self, delivery: Delivery, now: datetime) -> QWidget:
        verdict = Pill(*verdict_words(delivery.verdict))
        verdict.setObjectName(f"verdict-{delivery.id}")
        first = row(verdict, spacing=0)
        first.addStretch(1)
        state = QWidget()
        state.setLayout(first)
        state.setFixedWidth(_VERDICT_WIDTH)
        title = row(Label(event_words(delivery), "sm", 500), spacing=8)
        title.addWidget(Label(commit_words(delivery), "sm", 400, "text2", elide=True), 1)
        when = Label(words.ago(delivery.received_at, now), "sm", 400, "text3")
        when.setFixedWidth(_TIME_WIDTH)
        line = row(state, spacing=12)
        line.addLayout(
            column(title, Label(reason_words(delivery), "sm", 400, "text3", elide=True), spacing=2),
            1,
        )
        if delivery.deployment_id is not None:
            link = Link(partial(self._open, delivery), self._deployment_name(delivery))
            link.setObjectName(f"delivery-deployment-{delivery.id}")
            line.addWidget(link)
        line.addWidget(when)
        again = IconButton("rotate-cw", f"Decide about “{event_words(delivery)}” anew")
        again.on_click(partial(self._redeliver, delivery))
        again.setObjectName(f"redeliver-{delivery.id}")
        self._again[delivery.id] = again
        line.addWidget(again)
        holder = QWidget()
        holder.setLayout(line)
        return holder

    def _deployment_name(self, delivery: Delivery) -> str:
        known = self._server.model.deployments_of(self._id)
        found = next((each for each in known if each.id == delivery.deployment_id), None)
        return f"Deployment {found.number}" if found else "Deployment"

    def _open(self, delivery: Delivery) -> None:
        service = self._server.model.services.get(self._id)
        if service is not None and delivery.deployment_id is not None:
            self.context.shell.go(
                Route(
                    "service", server=self._server.id, project=service.project_id, service=self._id,
                    tab="deployments", deployment=delivery.deployment_id,
                )
            )  # fmt: skip

    def _redeliver(self, delivery: Delivery) -> None:
        def ended() -> None:
            if delivery.id in self._again:
                self._again[delivery.id].set_busy(False)
            self._on_changed()

        def done(decided: Delivery) -> None:
            self.context.shell.notify(f"{verdict_words(decided.verdict)[0]}: {decided.reason}")
            ended()

        def failed(problem: Problem) -> None:
            ended()
            self.show_problem(problem)

        self._again[delivery.id].set_busy(True)
        self.act(
            f"Decide about “{event_words(delivery)}” anew",
            lambda: self._server.agent.redeliver(delivery.id),
            done=done,
            failed=failed,
            about=self._id,
        )
