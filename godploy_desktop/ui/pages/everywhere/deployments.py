"""All deployments of all servers, with a filter by how they stand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Crumb
from godploy_desktop.ui.models.summaries import success_share, under_way
from godploy_desktop.ui.pages.everywhere.deployment_list import DeploymentList
from godploy_desktop.ui.pages.everywhere.queue import ServerQueue
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Chip, Label, Section, column, row
from godploy_server.contract import Deployment, DeploymentState

_TROUBLE: Final = (DeploymentState.FAILED, DeploymentState.INTERRUPTED)
_FILTERS: Final[dict[str, tuple[str, State | None, Callable[[Deployment], bool]]]] = {
    "all": ("All", None, lambda _: True),
    "active": ("Under way", "info", lambda each: not each.state.is_final),
    "succeeded": ("Succeeded", "ok", lambda each: each.state is DeploymentState.SUCCEEDED),
    "failed": ("Failed", "err", lambda each: each.state in _TROUBLE),
}


class DeploymentsPage(Page):
    """What runs and waits on each server, and what was deployed where, newest first."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Deployments"))
        self._summary = Label("", "md", 400, "text2")
        self._list = DeploymentList(context)
        self._queues: dict[int, ServerQueue] = {}
        self._queue_column = column(spacing=12)
        self._nothing = Section("Queue", "Nothing runs and nothing waits on any server", padding=14)
        self._nothing.setObjectName("queue-empty")
        self._chips: dict[str, Chip] = {}
        for key, (text, tone, _) in _FILTERS.items():
            chip = Chip(text, tone)
            chip.setObjectName(f"deployments-{key}")
            chip.on_click(partial(self._choose, key))
            self._chips[key] = chip
        self.body.addLayout(column(Label("Deployments", "xl", 600), self._summary, spacing=4))
        self.body.addLayout(self._queue_column)
        self.body.addWidget(self._nothing)
        self.body.addSpacing(4)
        self.body.addLayout(row(*self._chips.values(), None))
        self.body.addWidget(self._list)
        self.body.addStretch(1)
        self._list.changed.connect(self._summarise)
        self.when_disposed(self._list.dispose)
        self.watch(context.workspace.changed, lambda _: self._follow_servers())
        self._follow_servers()
        self._choose("all")

    def _follow_servers(self) -> None:
        servers = {server.id: server for server in self.context.workspace.servers}
        for gone in [each for each in self._queues if each not in servers]:
            queue = self._queues.pop(gone)
            queue.dispose()
            self._queue_column.removeWidget(queue)
            queue.hide()
            queue.deleteLater()
        for identity, server in servers.items():
            if identity not in self._queues:
                queue = ServerQueue(self.context, server, title=f"Queue of {server.name}")
                queue.changed.connect(self._show_queues)
                self.when_disposed(queue.dispose)
                self._queues[identity] = queue
                self._queue_column.addWidget(queue)
        self._show_queues()

    def _show_queues(self) -> None:
        for queue in self._queues.values():
            queue.setVisible(queue.count > 0)
        self._nothing.setVisible(not any(queue.count for queue in self._queues.values()))

    def _choose(self, key: str) -> None:
        for name, chip in self._chips.items():
            chip.setChecked(name == key)
        self._list.set_wanted(_FILTERS[key][2])

    def _summarise(self) -> None:
        everything = [each for server in self.context.workspace.servers for each in server.model.deployments.values()]
        for key, chip in self._chips.items():
            chip.set_count(str(sum(_FILTERS[key][2](each) for each in everything)))
        share = success_share(everything)
        active = len(under_way(everything))
        parts = [f"{active} under way" if active else "None under way"]
        if share is not None:
            parts.append(f"{words.percent(share)} of those that ended succeeded")
        self._summary.setText(" · ".join(parts))
