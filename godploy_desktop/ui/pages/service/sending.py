"""Sending the folder of a service to its server: the steps live, above the tabs, with a way to cancel and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Progress, Task, TaskState
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.widgets import Card, Label, column
from godploy_server.contract import Deployment, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class SendingPanel(QWidget, Observer):
    """In sight while the folder is sent and after that went wrong. `queued` gets the deployment that came of it;
    `ended` is called however it ends. A task that an earlier page began is found again."""

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        *,
        queued: Callable[[Deployment], object],
        ended: Callable[[], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._queued, self._ended = queued, ended
        self._steps = TaskSteps(context, "Sending the folder", on_retry=self.begin)
        self._steps.setObjectName("sending-steps")
        self.when_disposed(self._steps.dispose)
        card = Card(14, name="Sending the folder")
        card.body.addWidget(Label("Sending the folder", "md", 600))
        card.body.addSpacing(8)
        card.body.addWidget(self._steps)
        column(card, parent=self)
        self.hide()
        running = next((each for each in context.workspace.tasks.running if self._is_ours(each)), None)
        if running is not None:
            self._follow(running)

    @property
    def is_sending(self) -> bool:
        """Whether it is under way."""
        return self._steps.task is not None and self._steps.task.is_running

    def begin(self) -> None:
        """Send what differs and deploy it."""
        service = self._server.model.services.get(self._id)
        if service is not None and not self.is_sending:
            self._follow(self.context.workspace.tasks.run(self._title(service), self._send(service), str(self._id)))

    def _send(self, service: Service) -> Callable[[Progress], Awaitable[Deployment]]:
        async def work(progress: Progress) -> Deployment:
            from godploy_desktop.core.uploading import deploy_folder  # gRPC and HTTP/2: only where a folder is sent

            return await deploy_folder(self._server, service, progress)

        return work

    def _follow(self, task: Task[Any]) -> None:
        self._steps.show_task(task)
        self.show()
        self.attend(task, self._done, lambda _problem: self._ended())
        self.watch(task.changed, self._show_end)

    def _done(self, made: Deployment) -> None:
        self._ended()
        self._queued(made)

    def _show_end(self, task: Task[Any]) -> None:
        if task is self._steps.task and task.state is TaskState.SUCCEEDED:
            self.hide()

    def _is_ours(self, task: Task[Any]) -> bool:
        service = self._server.model.services.get(self._id)
        return service is not None and task.about == self._id and task.title == self._title(service)

    def _title(self, service: Service) -> str:
        return f"Send and deploy {service.name}"
