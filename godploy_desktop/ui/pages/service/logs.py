"""The live log of a service's containers, all together or one of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.following import Following
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import Chip, Label, row
from godploy_desktop.ui.widgets.log_view import LogView
from godploy_desktop.ui.widgets.log_view.line_format import line_bytes
from godploy_server.contract import LogLine, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_TAIL: Final = 500
_KEPT: Final = 50_000
"""Lines that stay at hand for another choice of container; the view itself keeps more."""


class LogsTab(ServiceTab):
    """The stream is open while the tab is in sight."""

    fills = True

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._kept: deque[LogLine] = deque(maxlen=_KEPT)
        self._container = ""
        self._chips: dict[str, Chip] = {}
        self._chip_row = row(Label("Container", "sm", 500, "text3"), spacing=8)
        self._chip_row.addStretch(1)
        self.view = LogView("Logs")
        self.view.setObjectName("service-log")
        self._following: Following[list[LogLine]] = Following(
            lambda: server.agent.log_batches(service_id, _TAIL),
            self._take,
            reopened=self._start_over,
            ended=lambda: self.view.end("The log ended: no container of this service runs"),
            failed=self.show_problem,
        )
        self.body.addLayout(self._chip_row)
        self.body.addWidget(self.view, 1)
        self._add_chip("", "All")
        self._chips[""].setChecked(True)
        self.when_disposed(self._following.stop)

    def opened(self) -> None:
        self._start_over()
        self._following.start()

    def closed(self) -> None:
        self._following.stop()

    def service_changed(self) -> None:
        if self.isVisible() and self.server.model.is_live and not self._following.is_running:
            self._following.start()  # the service was started again

    def _start_over(self) -> None:
        """A new stream begins with the last lines, so what is shown goes first."""
        self._kept.clear()
        self.view.clear()

    def _take(self, lines: list[LogLine]) -> None:
        self._kept.extend(lines)
        for line in lines:
            if line.container not in self._chips:
                self._add_chip(line.container, line.container)
        self._show(lines)

    def _show(self, lines: list[LogLine]) -> None:
        shown = [line_bytes(each) for each in lines if self._container in ("", each.container)]
        if shown:
            self.view.append(b"".join(shown))

    def _add_chip(self, container: str, text: str) -> None:
        chip = Chip(text)
        chip.setObjectName(f"log-container-{container or 'all'}")
        chip.on_click(lambda: self._choose(container))
        self._chips[container] = chip
        self._chip_row.insertWidget(self._chip_row.count() - 1, chip)

    def _choose(self, container: str) -> None:
        self._container = container
        for name, chip in self._chips.items():
            chip.setChecked(name == container)
        self.view.clear()
        self._show(list(self._kept))
