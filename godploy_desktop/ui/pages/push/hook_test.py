"""Testing the webhook from here, and beside it what the git host itself delivered last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.hook_words import HookTested, host_words, outcome_words
from godploy_desktop.ui.models import words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Button, Icon, Label, column, row
from godploy_server.contract import Problem, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class HookTestLine(QWidget, Observer):
    """A button, and what came of it."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._test = Button("Test the webhook", "zap", on_click=self._send)
        self._test.setObjectName("test-hook-from-here")
        self._icon, self._words = Icon("info", 14, "text3"), Label("", "sm", 400, "text2", wrap=True)
        self._words.setObjectName("hook-tested")
        self._host = Label("", "sm", 400, "text3", wrap=True)
        self._host.setObjectName("hook-host-last")
        self._result = QWidget()
        line = row(self._icon, spacing=8, parent=self._result)
        line.addLayout(column(self._words, self._host, spacing=2), 1)
        self._result.hide()
        column(row(self._test, None), self._result, spacing=8, parent=self)

    def set_live(self, is_live: bool) -> None:
        """Whether the server can be asked now."""
        self._test.setEnabled(is_live)

    def show_problem(self, problem: Problem) -> None:
        self._test.set_busy(False)
        self._say("triangle-alert", "warn", f"{problem.what}: {problem.why}. {problem.next_step}.", "")

    def _send(self) -> None:
        async def send() -> HookTested:
            from godploy_desktop.core.git.hook_test import send_test  # loads what speaks with hosts

            return await send_test(self._server, self._id)

        self._test.set_busy(True)
        service = self._server.model.services.get(self._id)
        name = service.name if service is not None else "the service"
        self.act(f"Test the webhook of {name}", send, done=self._show, about=self._id)

    def _show(self, tested: HookTested) -> None:
        self._test.set_busy(False)
        last = tested.last
        host = host_words(last, words.ago(last.received_at, self.context.now()) if last is not None else "")
        if tested.problem is None:
            self._say("circle-check", "ok", outcome_words(tested), host)
        else:
            self._say("triangle-alert", "err", outcome_words(tested), host)

    def _say(self, icon: str, tone: State, text: str, host: str) -> None:
        self._icon.set_icon(icon, tone)
        self._words.setText(text)
        self._host.setText(host)
        self._host.setVisible(bool(host))
        self._result.show()
