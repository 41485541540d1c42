"""A service on its way from its repository: the steps, live; after a failure what is done and how to go on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.from_repository import OPTIONAL, FromRepository
from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.values import Account
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.widgets import Button, Label, column, row
from godploy_server.contract import Problem, Service


class MakingPanel(QWidget, Observer):
    """`done` is called when every step is taken or left out, `back` to correct what was typed, `resized` when this
    wants another height."""

    def __init__(
        self,
        context: Context,
        *,
        done: Callable[[FromRepository], object],
        back: Callable[[], object],
        resized: Callable[[], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._on_done, self._on_resized = done, resized
        self._making: FromRepository | None = None
        self._title = ""
        self._steps = TaskSteps(context, "Steps of the new service", on_retry=self._run)
        self.when_disposed(self._steps.dispose)
        self._left = Label("", "sm", 400, "text2", wrap=True)
        self._left.setObjectName("making-left")
        self._without = Button("Go on without it", "skip-forward", on_click=self._go_on_without)
        self._without.setObjectName("making-without")
        self._back = Button("Back to the form", "arrow-left", on_click=back)
        self._back.setObjectName("making-back")
        self._sign_in = Button("Sign in again", "key-round", on_click=self._ask_sign_in)
        self._sign_in.setObjectName("making-sign-in")
        self._account: Account | None = None
        ways = row(self._back, self._sign_in, self._without, None)
        column(self._steps, self._left, ways, spacing=12, parent=self)

    @property
    def making(self) -> FromRepository | None:
        """What is made, or was as far as it came."""
        return self._making

    def begin(self, title: str, making: FromRepository, account: Account | None = None) -> None:
        """Take the steps of `making`, which asks the host in the name of `account`, as a task."""
        self._title, self._making, self._account = title, making, account
        self._run()

    def _run(self) -> None:
        making = self._making
        if making is None:
            return
        self._show_way_on(None)
        about = making.service.id if making.service is not None else ""
        task = self.context.workspace.tasks.run(self._title, making.run, about)
        self._steps.show_task(task)
        self.attend(task, self._ended, self._stopped)
        self._on_resized()

    def _ended(self, _service: Service) -> None:
        if self._making is not None:
            self._on_done(self._making)

    def _stopped(self, problem: Problem) -> None:
        self._show_way_on(self._making, needs_sign_in=problem.code == SignInAgain.code)
        self._on_resized()

    def _ask_sign_in(self) -> None:
        from godploy_desktop.ui.pages.git.sign_in import SignInDialog  # loads what speaks with hosts

        dialog = SignInDialog(self.context, self, self._account)
        dialog.finished.connect(lambda account: self._run() if account is not None else None)
        dialog.open()

    def _go_on_without(self) -> None:
        if self._making is not None:
            self._making.leave_out()
            self._run()

    def _show_way_on(self, stopped: FromRepository | None, *, needs_sign_in: bool = False) -> None:
        """Say what is done and what is not, and offer what can be done about it; None: it runs."""
        is_made = stopped is not None and stopped.service is not None
        self._left.setVisible(is_made)
        self._without.setVisible(stopped is not None and stopped.stopped_at in OPTIONAL)
        self._sign_in.setVisible(needs_sign_in and self._account is not None)
        self._back.setVisible(stopped is not None and not is_made)
        if stopped is not None and is_made:
            self._left.setText(
                f"Done: {', '.join(stopped.done)}. Not done: {', '.join(stopped.undone)}."
                " Nothing is lost: go on here, or later on the service's page."
            )
