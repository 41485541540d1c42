"""The dialog that adds a server: where it is and how to log in, then a test, then what was found there."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Task
from godploy_desktop.core.trial import Finding, try_server
from godploy_desktop.core.workspace import NewServer
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.pages.servers.login_form import LoginForm
from godploy_desktop.ui.pages.servers.set_up import begin_set_up
from godploy_desktop.ui.widgets import Banner, Button, ButtonKind, DialogFrame, PropertyList, column
from godploy_server.contract import GodployError

_LEAST_DISK = 1 << 30


def add_server(page: Page) -> DialogFrame:
    """Open the dialog; goes to the server afterwards. Gives the dialog back."""
    dialog = AddServerDialog(page)
    dialog.open()
    return dialog


class AddServerDialog(AskingDialog):
    """Form, then test, then finding. A host key that is not known, or changed, is asked about during the test."""

    def __init__(self, page: Page) -> None:
        super().__init__(
            page.context,
            page,
            "Add a server",
            "A Debian or Ubuntu machine that you reach by SSH. Nothing is installed before you say so.",
            width=560,
            icon="server",
        )
        self._new: NewServer | None = None
        self._test: Task[Finding] | None = None
        self.form = LoginForm(page.context)
        self._trial = TaskSteps(page.context, "Connection test")
        self._found = QWidget()
        self._facts = PropertyList(140)
        self._verdict = Banner("info")
        column(self._verdict, self._facts, spacing=12, parent=self._found)
        self._found.hide()
        self.body.addWidget(self.form)
        self.body.addWidget(self._trial)
        self.body.addWidget(self._found)
        self._back = Button("Back", "arrow-left", ButtonKind.GHOST, on_click=self._show_form)
        self._back.setObjectName("add-server-back")
        self.add_left(self._back)
        self.add_foot("Test connection", "add-server-next", self._next)
        self.finished.connect(lambda _: self._end_test())
        self._show_form()
        self.read("Reading ~/.ssh/config", self.form.read_known_hosts, lambda _: self.refit())

    def _next(self) -> None:
        if self._new is None:
            self._try()
        else:
            self._add(self._new)

    def _try(self) -> None:
        self.problems.clear_problem()
        if not self.form.is_valid():
            return
        try:
            new = self.form.value()
            new.profile()
        except GodployError as error:
            self.show_problem(error.problem)
            return
        self.form.hide()
        self._back.show()
        if self.primary is not None:
            self.primary.set_busy(True)
        workspace = self.context.workspace
        test = workspace.tasks.run(f"Test {new.host}", lambda progress: try_server(workspace, new, progress))
        self._test = test
        self._trial.show_task(test)
        self.attend(test, lambda finding: self._show_finding(new, finding), lambda _: self._test_failed())
        self.refit()

    def _test_failed(self) -> None:
        if self.primary is not None:
            self.primary.set_busy(False)
            self.primary.set_content("Test again")
        self.refit()

    def _show_finding(self, new: NewServer, finding: Finding) -> None:
        self._new = new
        facts = self._facts
        facts.set("host", "Server", finding.hostname or new.host)
        facts.set("os", "System", " · ".join(part for part in (finding.os_name, finding.machine) if part))
        facts.set("user", "Account", f"{finding.user}, {'may' if finding.can_administer else 'may not'} administer")
        facts.set("memory", "Memory", words.size(finding.memory_bytes) if finding.memory_bytes else "unknown")
        facts.set("disk", "Free disk", words.size(finding.free_disk_bytes) if finding.free_disk_bytes else "unknown")
        facts.set("docker", "Docker", finding.docker_version or "not there yet; set-up installs it")
        facts.set("python", "Python", finding.python_version or "not there")
        if finding.is_bootstrapped:
            self._verdict.show_message("Godploy is set up here already", detail=finding.agent_version, tone="ok")
        elif not finding.can_administer:
            self._verdict.show_message("This account cannot set the server up", detail="it needs sudo", tone="err")
        elif 0 < finding.free_disk_bytes < _LEAST_DISK:
            self._verdict.show_message("There is little room on its disk", detail="set-up needs 1 GB", tone="warn")
        else:
            self._verdict.show_message("The connection works", tone="ok")
        self._needs_set_up = not finding.is_bootstrapped
        self._trial.hide()
        self._found.show()
        if self.primary is not None:
            self.primary.set_busy(False)
            self.primary.set_content("Add server" if finding.is_bootstrapped else "Add and set up")
        self.refit()

    def _add(self, new: NewServer) -> None:
        workspace, shell, needs_set_up = self.context.workspace, self.context.shell, self._needs_set_up

        def begin(server: Server) -> None:
            if needs_set_up:
                begin_set_up(workspace, server)
            else:
                server.keep_live()
            shell.go(Route("server", server=server.id))

        self.submit(f"Add {new.profile().name}", lambda: workspace.add_server(new), then=begin)

    def _show_form(self) -> None:
        self._end_test()
        self._new = None
        self._needs_set_up = True
        self._back.hide()
        self._trial.hide()
        self._found.hide()
        self.form.show()
        if self.primary is not None:
            self.primary.set_busy(False)
            self.primary.set_content("Test connection")
        self.refit()

    def _end_test(self) -> None:
        if self._test is not None and self._test.is_running:
            self._test.cancel()
        self._test = None
