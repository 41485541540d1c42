"""How a service would be built, asked of the server: it fetches the source and looks at it, and builds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Task
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.git.host_key_offer import HostKeyOffer
from godploy_desktop.ui.pages.service.plan_view import PlanView
from godploy_desktop.ui.widgets import Button, ButtonKind, DialogFrame, LoadingPanel
from godploy_server.contract import BuildPlan, Problem, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class PlanDialog(DialogFrame, Observer):
    """Closes with True where the person wants to deploy what was shown. Closing it ends the question."""

    def __init__(self, context: Context, parent: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            parent,
            f"How {service.name} would be built",
            "The server fetches the newest source and looks at it; nothing is built.",
            width=620,
            icon="hammer",
        )
        self.begin_observing(context)
        self._server, self._service = server, service
        self._task: Task[BuildPlan] | None = None
        self._problems, self._plan = ProblemSlot(), PlanView(is_open=True)
        self._parts = Switcher(
            {"loading": LoadingPanel("Fetching the source and looking at it…"), "failed": self._problems,
             "plan": self._plan}
        )  # fmt: skip
        self.body.addWidget(self._parts)
        self._host_key = HostKeyOffer(context, server, self._ask, confirm="Trust it and look again")
        self.body.addWidget(self._host_key)
        self._cancel = Button("Cancel", on_click=self.cancel)
        self._cancel.setObjectName("close-plan")
        self._deploy = Button("Deploy", "rocket", ButtonKind.PRIMARY, on_click=lambda: self.close_with(True))
        self._deploy.setObjectName("deploy-planned")
        self.add_button(self._cancel)
        self.add_button(self._deploy, is_primary=True)
        self.finished.connect(lambda _: self._end())
        self._ask()

    def _ask(self) -> None:
        self._parts.show_part("loading")
        self._host_key.offer(None)
        self._cancel.set_content("Cancel")
        self._deploy.setEnabled(False)
        self._task = self.act(
            f"Look at how {self._service.name} would be built",
            lambda: self._server.agent.plan(self._service.id),
            done=self._show_plan,
            failed=self._show_failure,
            about=self._service.id,
        )
        self.refit()

    def _show_plan(self, plan: BuildPlan) -> None:
        self._plan.show_plan(plan)
        self._parts.show_part("plan")
        self._cancel.set_content("Close")
        self._deploy.setEnabled(True)
        self.refit()

    def _show_failure(self, problem: Problem) -> None:
        self._problems.show_problem(problem, self._ask)
        self._parts.show_part("failed")
        self._host_key.offer(problem)
        self._cancel.set_content("Close")
        self.refit()

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.dispose()
