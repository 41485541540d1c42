"""Setting a server up, on its page: what it does, its steps live, cancel, and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.core.tasks import Task, TaskState
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.pages.servers.set_up import begin_set_up, latest_set_up
from godploy_desktop.ui.widgets import Button, ButtonKind, CheckBox, Section, column

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class SetUpPanel(QWidget, Observer):
    """In sight while the server is not set up, and while a set-up or uninstall of this session is not done."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._begin = Button("Set up this server", "download", ButtonKind.PRIMARY, on_click=self.begin)
        self._begin.setObjectName("set-up-server")
        self._restart = CheckBox("Docker may be restarted there, if its configuration has to change")
        self._restart.setObjectName("allow-docker-restart")
        self.steps = TaskSteps(context, "Set-up steps", on_retry=self.begin)
        self.steps.setObjectName("set-up-steps")
        self._section = Section(
            "Set up",
            "Installs Docker where it is missing, and the agent, from the distribution's packages. It may be run again "
            "at any time and goes on where it was cut off.",
            self._begin,
        )
        self._section.body.addWidget(self._restart)
        self._section.body.addSpacing(8)
        self._section.body.addWidget(self.steps)
        column(self._section, parent=self)
        self.when_disposed(self.steps.dispose)
        self.watch(server.model.changed, self._changed)
        self.watch(context.workspace.tasks.added, lambda _: self._find_task())
        self._find_task()
        self._refresh()

    def begin(self) -> None:
        """Begin, or begin again."""
        begin_set_up(self.context.workspace, self._server, allow_docker_restart=self._restart.isChecked())

    def _find_task(self) -> None:
        task = latest_set_up(self.context.workspace, self._server)
        if task is not None and task is not self.steps.task:
            self.steps.show_task(task)
            self.watch(task.changed, self._task_changed)
            self._refresh()

    def _task_changed(self, _task: Task[Any]) -> None:
        self._refresh()

    def _changed(self, change: Change) -> None:
        if change.aspect is not Aspect.METRICS:
            self._refresh()

    def _refresh(self) -> None:
        task, server = self.steps.task, self._server
        needs = not server.is_embedded and not server.model.is_known and not server.profile.agent_version
        is_undone = task is not None and task.state is not TaskState.SUCCEEDED
        self.setVisible(needs or is_undone)
        self._begin.setVisible(task is None)
        self._restart.setVisible(task is None or is_undone)
        self._restart.setEnabled(task is None or not task.is_running)
