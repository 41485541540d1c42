"""Sending the folder or archive of a service to its server: the steps live, above the tabs, with a way to cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Progress, Task, TaskState
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.task_steps import TaskSteps
from godploy_desktop.ui.widgets import Card, Label, column
from godploy_server.contract import Deployment, FolderSource, Service, ServiceId, Trigger

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


def start_sending(
    context: Context, server: Server, service: Service, archive: Path | None = None, *, deploys: bool = True
) -> Task[Deployment | None]:
    """Begin to send the service's folder, or `archive` in its place, and to deploy it. Without `deploys` an archive is
    sent only, and the result is None. The service's page shows the task whoever began it."""

    async def work(progress: Progress) -> Deployment | None:
        # gRPC and HTTP/2: only where something is sent
        from godploy_desktop.core.uploading import deploy_archive, deploy_folder, send_archive

        if archive is None:
            trigger = Trigger.SETTINGS if service.needs_deployment else Trigger.MANUAL
            return await deploy_folder(server, service, progress, trigger=trigger)
        if deploys:
            return await deploy_archive(server, service, archive, progress)
        await send_archive(server, service, archive, progress)
        return None

    return context.workspace.tasks.run(_title(service), work, str(service.id))


def _title(service: Service) -> str:
    return f"Send what {service.name} is built from"


class SendingPanel(QWidget, Observer):
    """In sight while it is sent and after that went wrong. `queued` gets the deployment that came of it;
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
        service = server.model.services.get(service_id)
        is_folder = service is not None and isinstance(service.settings.source, FolderSource)
        words = "Sending the folder" if is_folder else "Sending the archive"
        self._steps = TaskSteps(context, words, on_retry=self.begin if is_folder else None)
        self._steps.setObjectName("sending-steps")
        self.when_disposed(self._steps.dispose)
        card = Card(14, name=words)
        card.body.addWidget(Label(words, "md", 600))
        card.body.addSpacing(8)
        card.body.addWidget(self._steps)
        column(card, parent=self)
        self.hide()
        for running in context.workspace.tasks.running:
            self._find(running)
        self.watch(context.workspace.tasks.added, self._find)

    @property
    def is_sending(self) -> bool:
        """Whether it is under way."""
        return self._steps.task is not None and self._steps.task.is_running

    def begin(self) -> None:
        """Send what differs and deploy it."""
        service = self._server.model.services.get(self._id)
        if service is not None and not self.is_sending:
            start_sending(self.context, self._server, service)

    def _find(self, task: Task[Any]) -> None:
        if self._is_ours(task):
            self._follow(task)

    def _follow(self, task: Task[Any]) -> None:
        self._steps.show_task(task)
        self.show()
        self.attend(task, self._done, lambda _problem: self._ended())
        self.watch(task.changed, self._show_end)

    def _done(self, made: Deployment | None) -> None:
        self._ended()
        if made is not None:
            self._queued(made)

    def _show_end(self, task: Task[Any]) -> None:
        if task is self._steps.task and task.state is TaskState.SUCCEEDED:
            self.hide()

    def _is_ours(self, task: Task[Any]) -> bool:
        service = self._server.model.services.get(self._id)
        return service is not None and task.about == self._id and task.title == _title(service)
