"""The accounts at git hosts that are signed in: adding, checking, signing out."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from godploy_desktop.git_hosting.values import Account, RateLimit
from godploy_desktop.ui.models.account_words import account_words, host_icon, works_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git.host_problem import HostProblem
from godploy_desktop.ui.pages.git.sign_in import SignInDialog
from godploy_desktop.ui.widgets import (
    Button,
    ConfirmDialog,
    IconButton,
    IconTile,
    Label,
    Section,
    Switch,
    clear,
    column,
    row,
)
from godploy_server.contract import Problem


class AccountsSection(QWidget, Observer):
    """Follows the accounts of the workspace."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.begin_observing(context)
        self._git = context.workspace.git
        self._problem = HostProblem(context, lambda: None)
        self._checks: dict[str, Button] = {}
        self._lines = column(spacing=10)
        self._none = Label(
            "No account yet. Any repository works by its address and its deploy key; with an account, repositories are"
            " listed here, and Godploy adds the key and the webhook itself.",
            "sm", 400, "text3", wrap=True,
        )  # fmt: skip
        sign_in = Button("Sign in", "plus", on_click=self._sign_in)
        sign_in.setObjectName("git-sign-in")
        section = Section("Accounts", "At git hosts; what signs you in stays in this computer's keyring", sign_in)
        section.body.addWidget(self._problem)
        section.body.addLayout(self._lines)
        section.body.addWidget(self._none)
        column(section, parent=self)
        self.watch(self._git.changed, lambda _git: self._show())
        self.watch(context.workspace.statuses.changed, lambda _place: self._show())
        self._show()

    def _show(self) -> None:
        accounts = self._git.accounts
        clear(self._lines)
        self._checks = {}
        for each in accounts:
            self._lines.addWidget(self._line(each))
        self._none.setVisible(not accounts)

    def _line(self, account: Account) -> QWidget:
        label = account.label
        line = row(IconTile(host_icon(account.kind), 30), spacing=10)
        line.addLayout(
            column(
                Label(label, "sm", 500, elide=True),
                Label(account_words(account), "sm", 400, "text3", elide=True),
                spacing=2,
            ),
            1,
        )
        told = Switch("Commit states", on=account.tells_commits, tip=f"Tell {label}'s host what becomes of commits")
        told.setObjectName(f"tell-commits-{label}")
        told.clicked.connect(lambda is_on: self._git.tell_commits(account, is_on=is_on))
        check = Button("Check", "refresh-cw", tip=f"Ask the host whether {label} is still signed in")
        check.setObjectName(f"check-account-{label}")
        check.on_click(partial(self._check, account))
        self._checks[account.id] = check
        leave = IconButton("log-out", f"Sign out {label}", on_click=partial(self._ask_sign_out, account))
        leave.setObjectName(f"sign-out-{label}")
        for each in (told, check, leave):
            line.addWidget(each)
        whole = column(line, spacing=6)
        for problem in self.context.workspace.statuses.problems_of(account):
            whole.addWidget(Label(f"Commit states: {problem}", "sm", 400, "err", wrap=True))
        holder = QWidget()
        holder.setLayout(whole)
        return holder

    def _sign_in(self) -> None:
        SignInDialog(self.context, self).open()

    def _set_checking(self, account: Account, *, is_checking: bool) -> None:
        if account.id in self._checks:  # it may have been signed out meanwhile
            self._checks[account.id].set_busy(is_checking)

    def _check(self, account: Account) -> None:
        async def work() -> RateLimit | None:
            host = self._git.host(account)
            try:
                await host.who_am_i()
                return host.rate_limit
            finally:
                await host.close()

        def done(limit: RateLimit | None) -> None:
            self._set_checking(account, is_checking=False)
            self.context.shell.notify(works_words(account, limit))

        def failed(problem: Problem) -> None:
            self._set_checking(account, is_checking=False)
            self._problem.show_problem(problem, account)

        self._problem.clear_problem()
        self._set_checking(account, is_checking=True)
        self.act(f"Check {account.label}", work, done=done, failed=failed)

    def _ask_sign_out(self, account: Account) -> None:
        dialog = ConfirmDialog(
            self,
            f"Sign out {account.label}?",
            "Its token is removed from this computer; at the host it can be revoked too. Services that are linked go on"
            " deploying: their keys and webhooks stay.",
            confirm_text="Sign out",
        )
        dialog.confirm.setObjectName("confirm-sign-out")
        dialog.finished.connect(lambda answer: self._sign_out(account) if answer else None)
        dialog.open()

    def _sign_out(self, account: Account) -> None:
        self._problem.clear_problem()
        self.act(f"Sign out {account.label}", lambda: self._git.remove(account))

    def show_problem(self, problem: Problem) -> None:
        self._problem.show_problem(problem)
