"""The git hosts that a server speaks to over SSH: whose key it accepts and why, trusting another, forgetting one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models.host_key_words import origin_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.loader import Loader
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog
from godploy_desktop.ui.widgets import (
    Button,
    ConfirmDialog,
    Disclosure,
    Form,
    IconButton,
    IconTile,
    Label,
    Section,
    TextField,
    clear,
    column,
    row,
)
from godploy_server.contract import HostKeyOrigin, Problem, TrustedHostKey, git_host, host_words

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class GitHostsSection(QWidget, Observer):
    """Reads them when `load` is called. What is shipped is folded away."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._forgetting: list[IconButton] = []
        self._problems = ProblemSlot()
        self._lines, self._shipped_lines = column(spacing=10), column(spacing=10)
        self._none = Label(
            "No other git host was confirmed yet. Each is asked about when a service first needs it.",
            "sm", 400, "text3", wrap=True,
        )  # fmt: skip
        shipped = QWidget()
        column(self._shipped_lines, parent=shipped)
        content = QWidget()
        self._folded = Disclosure("Large hosts, shipped with Godploy", shipped, "shipped-git-hosts")
        column(self._lines, self._none, self._folded, spacing=8, parent=content)
        self._add = Button("Trust a git host", "plus", on_click=self._ask)
        self._add.setObjectName("add-git-host")
        self._loader = Loader(self, content, "the git hosts")
        section = Section("Git hosts", "Whose SSH host keys it accepts; it sends nothing to any other", self._add)
        section.body.addWidget(self._problems)
        section.body.addWidget(self._loader)
        column(section, parent=self)
        self.watch(server.model.changed, self._changed)
        self._show_state()

    def load(self) -> None:
        """Read them; while not connected what was read stays."""
        if self._server.model.is_live:
            self._loader.load(self._server.agent.git_host_keys, self._show)

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self._show_state()
            if self.isVisible() and not self._loader.is_loaded:
                self.load()

    def _show_state(self) -> None:
        is_live = self._server.model.is_live
        self._add.setEnabled(is_live)
        for each in self._forgetting:
            each.setEnabled(is_live)

    def _show(self, keys: tuple[TrustedHostKey, ...]) -> None:
        clear(self._lines)
        clear(self._shipped_lines)
        self._forgetting = []
        confirmed = [each for each in keys if each.origin is HostKeyOrigin.CONFIRMED]
        for each in keys:
            (self._lines if each in confirmed else self._shipped_lines).addWidget(self._line(each))
        self._none.setVisible(not confirmed)
        self._folded.setVisible(len(confirmed) < len(keys))

    def _line(self, key: TrustedHostKey) -> QWidget:
        name = host_words(key.host)
        line = row(IconTile("key", 30), spacing=10)
        fingerprint = Label(f"{key.fingerprint} ({key.key_type})", "sm", 400, "text2", mono=True, selectable=True)
        fingerprint.setAccessibleName(f"Fingerprint of {name}: {key.fingerprint}")
        line.addLayout(
            column(
                Label(name, "sm", 500, "text", mono=True, elide=True),
                fingerprint,
                Label(origin_words(key, self.context.now()), "sm", 400, "text3", elide=True),
                spacing=2,
            ),
            1,
        )
        if key.origin is HostKeyOrigin.CONFIRMED:
            forget = IconButton("trash-2", f"Forget the key of {name}", on_click=partial(self._forget, key))
            forget.setObjectName(f"forget-git-host-{name}")
            line.addWidget(forget)
            self._forgetting.append(forget)
        holder = QWidget()
        holder.setLayout(line)
        return holder

    def _ask(self) -> None:
        dialog = GitHostDialog(self.context, self, self._server)
        dialog.finished.connect(lambda address: self._look(address) if isinstance(address, str) else None)
        dialog.open()

    def _look(self, address: str) -> None:
        dialog = GitHostKeyDialog(self.context, self, self._server, address)
        dialog.finished.connect(lambda trusted: self.load() if trusted is not None else None)
        dialog.open()

    def _forget(self, key: TrustedHostKey) -> None:
        name = host_words(key.host)
        dialog = ConfirmDialog(
            self,
            f"Forget the key of {name}?",
            "What runs goes on. Sources that lie there cannot be fetched until the host is confirmed again.",
            confirm_text="Forget",
        )
        dialog.confirm.setObjectName("confirm-forget-git-host")
        dialog.finished.connect(lambda answer: self._forget_now(key) if answer else None)
        dialog.open()

    def _forget_now(self, key: TrustedHostKey) -> None:
        self._problems.clear_problem()
        self.act(
            f"Forget the key of {host_words(key.host)}",
            lambda: self._server.agent.forget_git_host(key.id),
            done=lambda _gone: self.load(),
            about=str(self._server.id),
        )


class GitHostDialog(AskingDialog):
    """Asks which host; closes with its address."""

    def __init__(self, context: Context, parent: QWidget, server: Server) -> None:
        super().__init__(
            context, parent, "Trust a git host", f"{server.name} asks it for its host key; you compare it.", icon="key"
        )
        self._host = TextField(
            "Host", placeholder="git.example.org:2222", check=git_host, mono=True,
            hint="Its name, with the port where it is not 22, or the address of a repository there",
        )  # fmt: skip
        self._host.edit.setObjectName("git-host-address")
        self._form = Form(self._host)
        self.body.addWidget(self._form)
        self.add_foot("Ask for its key", "ask-git-host", self._go_on)

    def _go_on(self) -> None:
        if self._form.is_valid():
            self.close_with(self._host.value())
