"""The first run: this computer, a server, or the sample application in one press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from godploy_desktop.core.samples import SampleDeployed, deploy_sample
from godploy_desktop.core.tasks import Progress
from godploy_desktop.core.this_computer import DockerCheck, check_docker
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.pages.home.choice_card import ChoiceCard
from godploy_desktop.ui.pages.servers.add_server import add_server
from godploy_desktop.ui.widgets import Button, ButtonKind, Card, Label, Mark, column, row

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_WIDTH = 880


class WelcomePage(Page):
    """Asks this computer's Docker whether it answers, and offers what is possible."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Welcome"))
        self._use = Button("Use this computer", "laptop", on_click=self._use_this_computer)
        self._use.setObjectName("use-this-computer")
        self._again = Button("Look again", "refresh-cw", on_click=self._look)
        self._again.setObjectName("check-docker-again")
        self._computer = ChoiceCard("laptop", "This computer", "Looking for Docker…", self._use, self._again)
        add = Button("Add a server", "plus", on_click=lambda: add_server(self))
        add.setObjectName("welcome-add-server")
        self._server = ChoiceCard(
            "server",
            "A server",
            "Any Debian or Ubuntu machine that you reach by SSH. Nothing else to install or host.",
            add,
        )
        self._deploy = Button("Deploy the sample", "rocket", ButtonKind.PRIMARY, on_click=self._deploy_sample)
        self._deploy.setObjectName("deploy-sample")
        self._sample = ChoiceCard(
            "sparkles",
            "The sample application",
            "A small page, built from its Dockerfile, run and served.",
            self._deploy,
        )
        self._docker_problem = ProblemSlot()
        self.steps = TaskSteps(context, "Steps of the sample", on_retry=self._deploy_sample)
        self._steps_card = Card(16, name="Deploying the sample")
        self._steps_card.body.addWidget(self.steps)
        self._steps_card.hide()
        self.when_disposed(self.steps.dispose)
        self._lay_out()
        self._check: DockerCheck | None = None
        self.watch(context.workspace.changed, lambda _: self._refresh())
        self._refresh()
        self._look()

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(12)
        for card in (self._computer, self._server, self._sample):
            choices.addWidget(card, 1)
        title = Label("Welcome to Godploy", 26, 600)
        subtitle = Label(
            "Deploys applications from git to your own machines. This window is the whole control plane: where shall "
            "things run?",
            "md",
            400,
            "text2",
            wrap=True,
        )
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH)
        column(
            row(Mark(44), None), 10, title, subtitle, 18, choices, self._docker_problem, self._steps_card, None,
            spacing=8, margins=(0, 40, 0, 0), parent=middle,
        )  # fmt: skip
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(middle, 20)
        line.addStretch(1)
        self.body.addLayout(line, 1)
        self.body.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _look(self) -> None:
        self._again.set_busy(True)
        self.read("Looking for Docker", check_docker, self._show_check)

    def _show_check(self, check: DockerCheck) -> None:
        self._check = check
        self._again.set_busy(False)
        if check.problem is None:
            self._docker_problem.clear_problem()
        else:
            self._docker_problem.show_problem(check.problem)
        self._refresh()

    def _refresh(self) -> None:
        check, is_used = self._check, self.context.workspace.this_computer is not None
        works = check is not None and check.works
        if check is None:
            self._computer.set_text("Looking for Docker…")
        elif works:
            used = "In use. " if is_used else ""
            self._computer.set_text(f"{used}Docker {check.version} answers. Nothing is installed; services run in it.")
        else:
            self._computer.set_text("Its Docker does not answer; see below what is missing.")
        self._use.setVisible(works or is_used)
        self._use.set_content("Open" if is_used else "Use this computer")
        self._again.setVisible(check is not None and not works and not is_used)
        self._deploy.setEnabled(works or self._live_server() is not None)
        self._deploy.setToolTip("" if self._deploy.isEnabled() else "Needs a connected server, or Docker here")

    def _live_server(self) -> Server | None:
        return next((each for each in self.context.workspace.servers if each.model.is_live), None)

    def _use_this_computer(self) -> None:
        workspace = self.context.workspace

        async def work() -> None:
            server = await workspace.embedded()
            await server.connect()
            server.keep_live()
            self.context.shell.go(Route("server", server=server.id))

        self.problems.clear_problem()
        self._use.set_busy(True)
        task = self.act("Start on this computer", work)
        task.changed.connect(
            lambda changed: None if changed.is_running or self.is_disposed else self._use.set_busy(False)
        )

    def _deploy_sample(self) -> None:
        workspace = self.context.workspace

        async def work(progress: Progress) -> SampleDeployed:
            server = self._live_server()
            if server is None:
                server = await workspace.embedded()
                await server.connect()
                server.keep_live()
            made = await deploy_sample(server, progress)
            route = Route("service", server=server.id, project=made.project.id, service=made.service.id)
            self.context.shell.notify(f"The sample runs{': ' + made.url if made.url else ''}")
            self.context.shell.go(route)
            return made

        task = workspace.tasks.run("Deploy the sample", work)
        self._deploy.set_busy(True)
        self._steps_card.show()
        self.steps.show_task(task)
        task.changed.connect(
            lambda changed: None if changed.is_running or self.is_disposed else self._deploy.set_busy(False)
        )
