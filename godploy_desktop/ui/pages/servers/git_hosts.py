"""The git hosts that a server speaks to over SSH: whose key it accepts and why, trusting another, forgetting one."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.host_key_words import origin_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog
from godploy_desktop.ui.pages.servers.kept_list import KeptListSection
from godploy_desktop.ui.widgets import (
    Button,
    ConfirmDialog,
    Disclosure,
    Form,
    IconButton,
    IconTile,
    Label,
    TextField,
    clear,
    column,
    row,
)
from godploy_server.contract import HostKeyOrigin, TrustedHostKey, git_host, host_words

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class GitHostsSection(KeptListSection[TrustedHostKey]):
    """What is shipped is folded away."""

    def __init__(self, context: Context, server: Server) -> None:
        add = Button("Trust a git host", "plus", on_click=self._ask)
        add.setObjectName("add-git-host")
        super().__init__(
            context, server, "Git hosts", "Whose SSH host keys it accepts; it sends nothing to any other", add=add,
            none="No other git host was confirmed yet. Each is asked about when a service first needs it.",
            named="the git hosts",
        )  # fmt: skip
        self._shipped_lines = column(spacing=10)
        shipped = QWidget()
        column(self._shipped_lines, parent=shipped)
        self._folded = Disclosure("Large hosts, shipped with Godploy", shipped, "shipped-git-hosts")
        self.content.addWidget(self._folded)

    def read_kept(self) -> Awaitable[tuple[TrustedHostKey, ...]]:
        return self.server.agent.git_host_keys()

    def show_kept(self, kept: tuple[TrustedHostKey, ...]) -> None:
        clear(self.lines)
        clear(self._shipped_lines)
        self.needing = []
        confirmed = [each for each in kept if each.origin is HostKeyOrigin.CONFIRMED]
        for each in kept:
            (self.lines if each in confirmed else self._shipped_lines).addWidget(self._line(each))
        self.none.setVisible(not confirmed)
        self._folded.setVisible(len(confirmed) < len(kept))

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
            self.needing.append(forget)
        holder = QWidget()
        holder.setLayout(line)
        return holder

    def _ask(self) -> None:
        dialog = GitHostDialog(self.context, self, self.server)
        dialog.finished.connect(lambda address: self._look(address) if isinstance(address, str) else None)
        dialog.open()

    def _look(self, address: str) -> None:
        dialog = GitHostKeyDialog(self.context, self, self.server, address)
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
        self.problems.clear_problem()
        self.act(
            f"Forget the key of {host_words(key.host)}",
            lambda: self.server.agent.forget_git_host(key.id),
            done=lambda _gone: self.load(),
            about=str(self.server.id),
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
