"""Beside a problem with a git host's key: the way to look at that key and trust it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.host_key_words import host_to_confirm
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.widgets import Button, row
from godploy_server.contract import Problem, host_words

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class HostKeyOffer(QWidget):
    """Without height until `offer` gets a problem that a host key is the cause of. `again` is called once the host is
    trusted; `confirm` says so on the button that trusts it."""

    def __init__(self, context: Context, server: Server, again: Callable[[], object], *, confirm: str) -> None:
        super().__init__()
        self._context, self._server, self._again, self._confirm = context, server, again, confirm
        self._host = ""
        self._look = Button("Look at its host key…", "key", on_click=self._open)
        self._look.setObjectName("look-at-host-key")
        row(self._look, None, parent=self)
        self.hide()

    def offer(self, problem: Problem | None) -> None:
        """Show the button where it helps with `problem`."""
        self._host = host_to_confirm(problem) if problem is not None else ""
        self._look.setToolTip(f"Ask {host_words(self._host)} for its host key" if self._host else "")
        self.setVisible(bool(self._host))

    def _open(self) -> None:
        from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog

        def done(trusted: object) -> None:
            if trusted is not None:
                self.offer(None)
                self._again()

        dialog = GitHostKeyDialog(self._context, self, self._server, self._host, confirm=self._confirm)
        dialog.finished.connect(done)
        dialog.open()
