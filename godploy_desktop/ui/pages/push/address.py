"""What a git host is given by hand: the deploy key, and the webhook's address and secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.linking import hook_base
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git.source_check import SourceCheckLine
from godploy_desktop.ui.pages.push.hidden_value import HiddenValue
from godploy_desktop.ui.pages.push.hook_test import HookTestLine
from godploy_desktop.ui.widgets import Button, ConfirmDialog, CopyField, Label, Section, column, row
from godploy_server.contract import Hook, HookSecret, Problem, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class AddressSection(QWidget, Observer):
    """The secret is read only when it is shown or copied; the server's audit remembers that. `renew` makes
    another address and secret; `failed` is called with what went wrong."""

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        *,
        renew: Callable[[], object],
        failed: Callable[[Problem], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id, self._renew, self._on_failed = server, service_id, renew, failed
        self._address = CopyField(label="Address of the webhook")
        self._address.setObjectName("push-address")
        self._secret = HiddenValue("Secret of the webhook", "push-secret", self._read_secret)
        self._new = Button("New address and secret…", "rotate-cw", on_click=self._ask_renew)
        self._new.setObjectName("renew-push-secret")
        section = Section("By hand", "What the git host is given where Godploy does not do that itself")
        self._key = CopyField(label="Deploy key, to be added to the repository read-only")
        self._key.setObjectName("push-deploy-key")
        self._check = SourceCheckLine(context, server, service_id, "push")
        self.when_disposed(self._check.dispose)
        section.body.addWidget(self._key)
        section.body.addSpacing(8)
        section.body.addWidget(self._check)
        hint = Label("Content type application/json; events: pushes and tags.", "sm", 400, "text3", wrap=True)
        line = row(spacing=8)
        line.addWidget(hint, 1)
        line.addWidget(self._new)
        self._own = QWidget()
        self._test = HookTestLine(context, server, service_id)
        self.when_disposed(self._test.dispose)
        column(self._address, self._secret, line, self._test, spacing=12, parent=self._own)
        self._shared = Label(
            "Pushes are told by the webhook of a GitHub App, which serves all its repositories at this server. The app"
            " holds its address and secret.",
            "sm", 400, "text3", wrap=True,
        )  # fmt: skip
        section.body.addSpacing(12)
        section.body.addWidget(self._own)
        section.body.addWidget(self._shared)
        column(section, parent=self)

    def show_problem(self, problem: Problem) -> None:
        self._on_failed(problem)

    def show_hook(self, hook: Hook) -> None:
        """Show where `hook` is reached, by the best domain that the server has now."""
        model = self._server.model
        service = model.services.get(self._id)
        if service is not None and service.deploy_key != self._key.value():
            self._key.set_value(service.deploy_key)
        for each in (self._key, self._check):
            each.setVisible(service is not None and bool(service.deploy_key))
        self._own.setVisible(not hook.shared)
        self._shared.setVisible(bool(hook.shared))
        if model.info is None:
            return
        services = sorted(model.services.values(), key=lambda each: each.id != self._id)  # its own domains first
        address = hook_base(model.info, [domain for each in services for domain in each.domains]) + hook.path
        if address != self._address.value():
            self._address.set_value(address)
            self.hide_secret()

    def hide_secret(self) -> None:
        """Show dots again."""
        self._secret.hide_value()

    def set_live(self, is_live: bool) -> None:
        """Whether the server can be asked now."""
        self._secret.set_readable(is_live)
        self._new.setEnabled(is_live)
        self._test.set_live(is_live)

    def _read_secret(self, use: Callable[[str], object]) -> None:
        def done(found: HookSecret) -> None:
            use(found.secret)

        self.read("Reading the webhook's secret", lambda: self._server.agent.hook_secret(self._id), done)

    def _ask_renew(self) -> None:
        dialog = ConfirmDialog(
            self,
            "A new address and secret?",
            "What the git host has now ends at once: its deliveries are refused until it is given the new ones."
            " Linking the repository again does that.",
            confirm_text="Make new ones",
        )
        dialog.confirm.setObjectName("confirm-renew-push")
        dialog.finished.connect(lambda answer: self._renew() if answer else None)
        dialog.open()
