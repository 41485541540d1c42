"""The queue of a server: what runs and what waits, in order, each with a way to cancel it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.queue import Entry, entry_facts, entry_state, queue_of, queue_words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import IconButton, Label, Pill, Section, column, row
from godploy_server.contract import DeploymentId, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_TICK_MS: Final = 1000  # how long something runs or waits counts up
_SHOWN: Final = 25
_PILL_WIDTH: Final = 148
_ASPECTS = (Aspect.EVERYTHING, Aspect.DEPLOYMENT, Aspect.SERVICE, Aspect.PROJECT, Aspect.SETTINGS, Aspect.CONNECTION)


class QueueEntry(QWidget):
    """One deployment that runs or waits."""

    def __init__(self, context: Context, server: Server, entry: Entry) -> None:
        super().__init__()
        self._context, self._server = context, server
        self.cancel = IconButton("circle-x", "")
        self._pill = Pill("", "text3")
        pill_place = QWidget()
        pill_place.setFixedWidth(_PILL_WIDTH)
        row(self._pill, None, parent=pill_place)
        self._link = Link(self._open)
        self._change = Label("", "sm", 400, "text2", elide=True)
        self._facts = Label("", "sm", 400, "text3", elide=True)
        top = row(self._link, spacing=8)
        top.addWidget(self._change, 1)
        line = row(pill_place, spacing=12, parent=self)
        line.addLayout(column(top, self._facts, spacing=2), 1)
        line.addWidget(self.cancel)
        self.show_entry(entry)

    def show_entry(self, entry: Entry) -> None:
        """Show how it stands now."""
        self.entry = entry
        deployment = entry.deployment
        key = f"{entry.service.name if entry.service else 'removed'}-{deployment.number}"
        self._pill.set_state(*entry_state(entry))
        self._link.setText(f"{entry.place} #{deployment.number}")
        self._link.setObjectName(f"queue-open-{key}")
        self._change.setText(words.change_words(deployment))
        self._facts.setText(entry_facts(entry, self._context.now()))
        name = f"Cancel deployment {deployment.number} of {entry.place}"
        self.cancel.setObjectName(f"queue-cancel-{key}")
        self.cancel.setAccessibleName(name)
        self.cancel.setToolTip(name)
        self.cancel.setEnabled(self._server.model.is_live and not deployment.is_cancelling)

    def _open(self) -> None:
        service = self.entry.service
        if service is not None:
            place = Route(
                "service",
                server=self._server.id,
                project=service.project_id,
                service=service.id,
                deployment=self.entry.deployment.id,
                tab="deployments",
            )
            self._context.shell.go(place)


class ServerQueue(QWidget, Observer):
    """Follows the queue of one server. `changed` tells that something came, went or moved."""

    changed = Signal()

    def __init__(self, context: Context, server: Server, *, title: str = "Queue") -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._problems = ProblemSlot()
        self._rows: dict[DeploymentId, QueueEntry] = {}
        self._lines = column(spacing=10)
        self._more = Label("", "sm", 400, "text3")
        self._section = Section(title, " ")
        self._section.setObjectName(f"queue-{server.name}")
        self._section.body.addLayout(self._lines)
        self._section.body.addWidget(self._more)
        column(self._problems, self._section, spacing=8, parent=self)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._soon = Gathered(self, self.refresh)
        self.watch(server.model.changed, self._changed)
        self.refresh()

    @property
    def count(self) -> int:
        """How many run or wait."""
        return len(queue_of(self._server.model).entries)

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is now."""
        settings = self._server.model.settings
        queue = queue_of(self._server.model)
        self._section.subtitle.setText(queue_words(queue, settings.builds_at_once if settings else 1))
        shown = queue.entries[:_SHOWN]
        self._arrange(shown)
        hidden = len(queue.entries) - len(shown)
        self._more.setText(f"and {hidden} more that wait" if hidden else "")
        self._more.setVisible(bool(hidden))
        self._timer.start(_TICK_MS) if shown else self._timer.stop()
        self.changed.emit()

    def _arrange(self, shown: tuple[Entry, ...]) -> None:
        """Keep the line of what stays: it may have the focus, or be under a finger just now."""
        wanted = {entry.deployment.id: entry for entry in shown}
        for gone in [each for each in self._rows if each not in wanted]:
            line = self._rows.pop(gone)
            self._lines.removeWidget(line)
            line.hide()
            line.deleteLater()
        for index, (identity, entry) in enumerate(wanted.items()):
            if identity not in self._rows:
                made = QueueEntry(self.context, self._server, entry)
                made.cancel.on_click(partial(self._cancel, made))
                self._rows[identity] = made
            line = self._rows[identity]
            line.show_entry(entry)
            if self._lines.indexOf(line) != index:
                self._lines.insertWidget(index, line)

    def _cancel(self, line: QueueEntry) -> None:
        deployment = line.entry.deployment
        self._problems.clear_problem()
        line.cancel.setEnabled(False)
        self.act(
            f"Cancel deployment {deployment.number} of {line.entry.place}",
            lambda: self._server.cancel_deployment(deployment.id),
            about=deployment.service_id,
        )

    def _changed(self, change: Change) -> None:
        if change.aspect in _ASPECTS:
            self._soon.ask()

    def _tick(self) -> None:
        for each in self._rows.values():
            each.show_entry(each.entry)
