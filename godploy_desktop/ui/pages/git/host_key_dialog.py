"""The host key of a git host, as the server sees it now: a person compares the fingerprint and trusts it, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git import host_keys
from godploy_desktop.core.tasks import Task
from godploy_desktop.ui.models.host_key_words import question_words, title_of
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CheckBox,
    CopyField,
    DialogFrame,
    Label,
    LoadingPanel,
    Select,
    clear,
    column,
)
from godploy_server.contract import GitHostScan, HostKey, Problem, TrustedHostKey, git_host, host_words

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class GitHostKeyDialog(DialogFrame, Observer):
    """Asks the host of `address` for its key, and closes with the TrustedHostKey; with None where it is not trusted.

    `confirm` is what trusting leads to. A changed key is not trusted with one press: the person must say that the
    change is expected. Closing it ends the question.
    """

    def __init__(
        self, context: Context, parent: QWidget, server: Server, address: str, *, confirm: str = "Trust this host"
    ) -> None:
        host = git_host(address)
        super().__init__(parent, title_of(host), f"The git host as {server.name} sees it", width=560, icon="key")
        self.begin_observing(context)
        self.setObjectName("git-host-key")
        self._server, self._address, self._host, self._confirm = server, address, host, confirm
        self._scan: GitHostScan | None = None
        self._chosen: HostKey | None = None
        self._task: Task[GitHostScan] | Task[TrustedHostKey] | None = None
        self._problems = ProblemSlot()
        self._shown = QWidget()
        self._lines = column(spacing=14, parent=self._shown)
        self._parts = Switcher(
            {"loading": LoadingPanel(f"Asking {host_words(host)} for its host key…"), "failed": self._problems,
             "key": self._shown}
        )  # fmt: skip
        self.body.addWidget(self._parts)
        self.expected = CheckBox("I know why the key changed")
        self.expected.setObjectName("git-host-change-expected")
        self.expected.hide()
        self.body.addWidget(self.expected, 0, Qt.AlignmentFlag.AlignLeft)
        self._refused = ProblemSlot()
        self.body.addWidget(self._refused)
        self._cancel = Button("Not now", on_click=self.cancel)
        self._cancel.setObjectName("refuse-git-host")
        self.trust = Button(confirm, "", ButtonKind.PRIMARY, on_click=self._trust)
        self.trust.setObjectName("trust-git-host")
        self.add_button(self._cancel)
        self.add_button(self.trust, is_primary=True)
        self.finished.connect(lambda _: self._end())
        self._ask()

    def _ask(self) -> None:
        self._parts.show_part("loading")
        self.trust.setEnabled(False)
        self._task = self.act(
            f"Look at the host key of {host_words(self._host)}",
            lambda: self._server.agent.scan_git_host(self._address),
            done=self._show,
            failed=self._show_failure,
            about=str(self._server.id),
        )
        self.refit()

    def _show(self, scan: GitHostScan) -> None:
        self._scan = scan
        title = title_of(self._host, scan)
        self.setAccessibleName(title)
        clear(self._lines)
        if scan.is_changed:
            self._lines.addWidget(Label(title, "md", 600, "err", wrap=True))
        self._lines.addWidget(Label(question_words(scan, self._server.name), "md", 400, "text2", wrap=True))
        self._lines.addWidget(_copyable("Host", host_words(scan.host), "git-host-name"))
        trusted = {each.key for each in scan.trusted}
        self._chosen = next((each for each in scan.offered if each.key in trusted), scan.offered[0])
        has_kinds = len(scan.offered) > 1 and not scan.is_known
        label = "It shows now" if has_kinds else f"It shows now ({self._chosen.key_type})"
        shown = _copyable(label, self._chosen.fingerprint, "git-host-fingerprint")
        if has_kinds:
            self._lines.addWidget(self._kinds(scan.offered, shown))
        self._lines.addWidget(shown)
        for known in scan.trusted:
            label = f"Trusted until now ({known.key_type})" if scan.is_changed else f"Trusted ({known.key_type})"
            self._lines.addWidget(_copyable(label, known.fingerprint, "git-host-trusted"))
        self.trust.setEnabled(not scan.is_changed)
        if scan.is_changed:
            self.expected.show()
            self.trust.kind = ButtonKind.DANGER
            self.expected.toggled.connect(self.trust.setEnabled)
        self._parts.show_part("key")
        self.refit()
        (self._cancel if scan.is_changed else self.trust).setFocus(Qt.FocusReason.OtherFocusReason)

    def _kinds(self, offered: tuple[HostKey, ...], shown: CopyField) -> Select:
        """A host has a key of each kind; the one whose fingerprint is compared is the one that is trusted."""
        by_type = {each.key_type: each for each in offered}
        field = Select("Kind of key", {kind: kind for kind in by_type})
        field.box.setObjectName("git-host-key-kind")

        def choose() -> None:
            self._chosen = by_type[field.value()]
            shown.set_value(self._chosen.fingerprint)

        field.changed.connect(choose)
        return field

    def _trust(self) -> None:
        scan = self._scan
        if scan is None or self._chosen is None:
            return
        self._refused.clear_problem()
        self.trust.set_busy(True)
        chosen = self._chosen
        self._task = self.act(
            f"Trust {host_words(self._host)}",
            lambda: host_keys.trust(self._server, scan, chosen, replaces=scan.is_changed),
            done=self.close_with,
            failed=self._show_refusal,
            about=str(self._server.id),
        )

    def _show_failure(self, problem: Problem) -> None:
        self._problems.show_problem(problem, self._ask)
        self._parts.show_part("failed")
        self.refit()

    def _show_refusal(self, problem: Problem) -> None:
        self.trust.set_busy(False)
        self._refused.show_problem(problem)
        self.refit()

    def _end(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
        self.dispose()


def _copyable(label: str, value: str, name: str) -> CopyField:
    field = CopyField(value, label=label)
    field.setObjectName(name)
    return field
