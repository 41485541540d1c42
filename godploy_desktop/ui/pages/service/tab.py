"""The base of the tabs of the service page. A tab is made when first opened, and told when it goes out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.theme import Space
from godploy_server.contract import Problem, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SERVICE = (Aspect.EVERYTHING, Aspect.SERVICE, Aspect.CONNECTION)


class ServiceTab(QWidget, Observer):
    """`body` takes the contents. `fills` says that the tab scrolls by itself and wants all the room."""

    fills = False

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__()
        self.begin_observing(context)
        self.server, self.service_id = server, service_id
        self.problems = ProblemSlot()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(Space.MD)
        self.body.addWidget(self.problems)
        self.watch(server.model.changed, self._model_changed)

    @property
    def service(self) -> Service | None:
        """The service as the model has it; None once it is removed."""
        return self.server.model.services.get(self.service_id)

    def opened(self) -> None:
        """The tab came into sight."""

    def closed(self) -> None:
        """The tab went out of sight: streams end here."""

    def is_dirty(self) -> bool:
        """Whether something typed would be lost by leaving."""
        return False

    def discard(self) -> None:
        """Drop what was typed."""

    def service_changed(self) -> None:
        """The service, its connection or the whole model changed."""

    def deployment_changed(self) -> None:
        """A deployment of the service changed."""

    def load_changed(self) -> None:
        """New samples are there."""

    def delivery_changed(self) -> None:
        """A git host's delivery for the service came in."""

    def show_problem(self, problem: Problem) -> None:
        self.problems.show_problem(problem)

    def _model_changed(self, change: Change) -> None:
        if not change.concerns(service_id=self.service_id) or self.service is None:
            return
        if change.aspect in _SERVICE:
            self.service_changed()
        if change.aspect in (Aspect.EVERYTHING, Aspect.DEPLOYMENT):
            self.deployment_changed()
        if change.aspect in (Aspect.EVERYTHING, Aspect.METRICS):
            self.load_changed()
        if change.aspect is Aspect.DELIVERY:
            self.delivery_changed()
