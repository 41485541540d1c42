"""Who tells the git host what becomes of commits: nobody, this computer, or the server with a token of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.linking import fitting
from godploy_desktop.core.git.statuses import Place, Report, account_for
from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.git_hosting.values import Account
from godploy_desktop.ui.models.commit_state_words import state_words, teller_words, told_words, writer_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git.host_problem import HostProblem
from godploy_desktop.ui.widgets import Button, ConfirmDialog, Label, Pill, Section, Switch, column, row
from godploy_server.contract import GitSource, Problem, Service, ServiceId, StatusWriter, ToldState

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SHOWN = (Aspect.EVERYTHING, Aspect.SERVICE, Aspect.CONNECTION)


class CommitStateSection(QWidget, Observer):
    """Reads how the server tells when `load` is called, and again with each state that it told."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._writer: StatusWriter | None = None
        self._has_loaded = False
        self._problem = HostProblem(context, lambda: None)
        self._switch = Switch("Told by this computer")
        self._switch.setObjectName("commit-state-switch")
        self._switch.clicked.connect(self._let_this_computer)
        self._pill = Pill("", "info")
        self._told = Label("", "sm", 400, "text2")
        self._where = Label("", "sm", 400, "text3", wrap=True)
        self._store = Button("Let the server tell…", "key-round", on_click=self._ask_token)
        self._store.setObjectName("commit-state-token")
        self._test = Button("Tell again", "zap", tip="Tell the newest state once more, now", on_click=self._try)
        self._test.setObjectName("commit-state-test")
        self._remove = Button("Delete token…", "trash-2", on_click=self._ask_remove)
        self._remove.setObjectName("commit-state-remove")
        self._section = Section("Commit state", " ", self._switch)
        told = row(self._pill, self._told, None, spacing=8)
        buttons = row(self._store, self._test, self._remove, None, spacing=8)
        self._section.body.addLayout(column(self._problem, told, self._where, buttons, spacing=10))
        column(self._section, parent=self)
        self.watch(server.model.changed, self._changed)
        self.watch(context.workspace.statuses.changed, self._reported)
        self.watch(context.workspace.setting_changed, lambda _key: self._show())
        self._show()

    def load(self) -> None:
        """Read how the server tells, where it does."""
        self._has_loaded = True
        service = self._service()
        if service is None or not service.tells_commits:
            self._show_writer(None)
        elif self._server.model.is_live:
            self.read(
                "Reading who tells commit states",
                lambda: self._server.agent.status_writer(self._id),
                self._show_writer,
                lambda _problem: self._show_writer(None),  # deleted just now
            )

    def show_problem(self, problem: Problem) -> None:
        self._problem.show_problem(problem, None if self._is_by_server() else self._account())

    def _service(self) -> Service | None:
        return self._server.model.services.get(self._id)

    def _is_by_server(self) -> bool:
        service = self._service()
        return service is not None and service.tells_commits

    def _account(self) -> Account | None:
        """The account in whose name this computer tells."""
        service = self._service()
        found = account_for(service, self._accounts()) if service is not None else None
        return found[0] if found is not None else None

    def _accounts(self) -> tuple[Account, ...]:
        return self.context.workspace.git.accounts

    def _fitting(self) -> tuple[Account, ...]:
        service = self._service()
        if service is None or not isinstance(service.settings.source, GitSource):
            return ()
        return tuple(account for account, _ in fitting(service.settings.source, self._accounts()))

    def _report(self) -> Report:
        return self.context.workspace.statuses.report(self._server.id, self._id)

    def _changed(self, change: Change) -> None:
        if not change.concerns(service_id=self._id) or not self._has_loaded:
            return
        if change.aspect is Aspect.COMMIT_STATUS or (
            change.aspect in _SHOWN and self._is_by_server() is not (self._writer is not None)
        ):
            self.load()
        elif change.aspect in _SHOWN:
            self._show()

    def _reported(self, place: Place) -> None:
        if place == Place(self._server.id, self._id):
            self._show()

    def _show_writer(self, writer: StatusWriter | None) -> None:
        self._writer = writer
        self._show()

    def _show(self) -> None:
        by_server, account, fitting_ones = self._is_by_server(), self._account(), self._fitting()
        self._section.subtitle.setText(teller_words(account, by_server=by_server))
        self._switch.setVisible(bool(fitting_ones) and not by_server)
        self._switch.setChecked(account is not None)
        told, problem = self._result()
        has_teller = by_server or account is not None
        self._pill.setVisible(told is not None and has_teller)
        if told is not None:
            self._pill.set_state(*state_words(told.state))
        self._told.setText(told_words(told, self.context.now()))
        self._told.setVisible(has_teller)
        self._where.setText(self._where_words(by_server=by_server, fitting_ones=fitting_ones))
        self._store.set_content("Change…" if by_server else "Let the server tell…")
        self._test.setVisible(has_teller)
        self._remove.setVisible(by_server)
        is_live = self._server.model.is_live
        for each in (self._store, self._test, self._remove):
            each.setEnabled(is_live)
        if problem is not None and has_teller:
            self.show_problem(problem)
        else:
            self._problem.clear_problem()

    def _result(self) -> tuple[ToldState | None, Problem | None]:
        if self._is_by_server():
            return (self._writer.told, self._writer.problem) if self._writer is not None else (None, None)
        report = self._report()
        return report.told, report.problem

    def _where_words(self, *, by_server: bool, fitting_ones: tuple[Account, ...]) -> str:
        if by_server:
            return writer_words(self._writer) if self._writer is not None else ""
        if fitting_ones:
            names = " and ".join(each.label for each in fitting_ones[:1])
            return f"The switch is that of {names}: it counts for all of its repositories."
        return "Sign in at the git host to have it told from here, or let the server tell it with a token."

    def _let_this_computer(self, is_on: bool) -> None:
        git = self.context.workspace.git
        if is_on:
            for each in self._fitting()[:1]:
                git.tell_commits(each, is_on=True)
            return
        for each in self._fitting():
            if each.tells_commits:
                git.tell_commits(each, is_on=False)

    def _ask_token(self) -> None:
        from godploy_desktop.ui.pages.push.writer_dialog import WriterDialog

        service = self._service()
        if service is None or not isinstance(service.settings.source, GitSource):
            return
        dialog = WriterDialog(
            self.context, self, self._server, self._id, service.settings.source, self._writer, saved=self._show_writer
        )
        dialog.open()

    def _try(self) -> None:
        by_server = self._is_by_server()

        async def work() -> StatusWriter | Report:
            if by_server:
                return await self._server.agent.test_status_writer(self._id)
            return await self.context.workspace.statuses.test(self._server, self._id)

        def done(found: StatusWriter | Report) -> None:
            self._test.set_busy(False)
            if isinstance(found, StatusWriter):
                self._show_writer(found)
            self.context.shell.notify("The git host took the state")

        def failed(problem: Problem) -> None:
            self._test.set_busy(False)
            self.show_problem(problem)

        self._problem.clear_problem()
        self._test.set_busy(True)
        self.act("Tell the state of the newest commit again", work, done=done, failed=failed, about=self._id)

    def _ask_remove(self) -> None:
        dialog = ConfirmDialog(
            self,
            "Delete the token?",
            f"{self._server.name} tells no commit states of this service any more. Revoke the token at the git host"
            " too.",
            confirm_text="Delete",
        )
        dialog.confirm.setObjectName("confirm-remove-writer")
        dialog.finished.connect(lambda answer: self._delete() if answer else None)
        dialog.open()

    def _delete(self) -> None:
        self.act(
            "Delete the token for commit states",
            lambda: self._server.agent.delete_status_writer(self._id),
            done=lambda _gone: self._show_writer(None),
            about=self._id,
        )
