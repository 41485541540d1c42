"""What went wrong at a git host. Where the account has to sign in again, that is one press away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.values import Account
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import Button, column, row
from godploy_server.contract import Problem


class HostProblem(QWidget):
    """Empty until `show_problem`. `again` is called once the account is signed in again."""

    def __init__(self, context: Context, again: Callable[[], object]) -> None:
        super().__init__()
        self._context, self._again = context, again
        self._account: Account | None = None
        self._slot = ProblemSlot()
        self._sign_in = Button("Sign in again", "key-round", on_click=self._ask)
        self._sign_in.setObjectName("sign-in-again")
        self._sign_in.hide()
        column(self._slot, row(self._sign_in, None), spacing=Space.SM, parent=self)
        self.hide()

    @property
    def problem(self) -> Problem | None:
        """What is shown."""
        return self._slot.problem

    def show_problem(self, problem: Problem, account: Account | None = None) -> None:
        """Show `problem`, which came up with `account`."""
        self._account = account
        self._slot.show_problem(problem)
        self._sign_in.setVisible(account is not None and problem.code == SignInAgain.code)
        self.show()

    def clear_problem(self) -> None:
        """Show nothing."""
        self._slot.clear_problem()
        self.hide()

    def _ask(self) -> None:
        from godploy_desktop.ui.pages.git.sign_in import SignInDialog  # loads what speaks with hosts

        def done(account: object) -> None:
            if account is not None:
                self.clear_problem()
                self._again()

        dialog = SignInDialog(self._context, self, self._account)
        dialog.finished.connect(done)
        dialog.open()
