"""The head of the service page: name, state, where it is reached, and the buttons for what is possible now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.core.sources import this_computer
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.deploy_ways import ICONS, Way, button_words, has_plan, menu_words, ways
from godploy_desktop.ui.models.service_words import running_deployment, service_pill
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    ConfirmDialog,
    Icon,
    Label,
    MenuEntry,
    Pill,
    column,
    open_menu,
    row,
)
from godploy_server.contract import Problem, Service, ServiceId, ServiceState

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_STOPPABLE = (
    ServiceState.RUNNING,
    ServiceState.DEGRADED,
    ServiceState.UNHEALTHY,
    ServiceState.CRASHED,
    ServiceState.STARTING,
)


class ServiceHeader(QWidget, Observer):
    """Follows one service. `problem` carries what went wrong with a button's work."""

    problem = Signal(object)

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        *,
        deploy: Callable[[Way | None], object],
        show_plan: Callable[[], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._is_asking = False
        self._name, self._pill = Label("", "xl", 600, elide=True), Pill("", "text3")
        self._link = Link(self._open_domain)
        self._link.setObjectName("service-link")
        self._globe = Icon("globe", 14, "text3")
        self._branch_icon, self._branch = Icon("git-branch", 14, "text3"), Label("", "md", 400, "text2", elide=True)
        self._where = Label(server.name, "md", 400, "text2")
        self._last = Label("", "md", 400, "text2", elide=True)
        self._start = self._button("Start", "play", "start-button", self._start_service)
        self._stop = self._button("Stop", "square", "stop-button", self._ask_stop)
        self._restart = self._button("Restart", "rotate-cw", "restart-button", self._restart_service)
        self._deploy_by, self._show_plan = deploy, show_plan
        self._deploy = Button("Deploy", "rocket", ButtonKind.PRIMARY, on_click=lambda: deploy(None))
        self._deploy.setObjectName("deploy-button")
        self._more = Button("", "chevron-down", tip="More ways to deploy", on_click=self._open_ways)
        self._more.setObjectName("deploy-menu")
        facts = row(self._globe, self._link, self._branch_icon, spacing=6)
        facts.addWidget(self._branch)
        for icon, label, stretch in (("server", self._where, 0), ("clock", self._last, 1)):
            facts.addSpacing(8)
            facts.addWidget(Icon(icon, 14, "text3"))
            facts.addWidget(label, stretch)
        buttons = (self._start, self._stop, self._restart, self._deploy, self._more)
        column(row(self._name, 4, self._pill, None, *buttons), facts, spacing=5, parent=self)
        self.watch(server.model.changed, self._changed)
        self.refresh()

    def _button(self, text: str, icon: str, name: str, on_press: Callable[[], object]) -> Button:
        made = Button(text, icon, on_click=on_press)
        made.setObjectName(name)
        return made

    def set_deploying(self, is_asking: bool) -> None:
        """Mark that a deployment is being asked for: a second press would ask for a second one."""
        self._is_asking = is_asking
        self._deploy.set_busy(is_asking)
        self.refresh()

    def refresh(self) -> None:
        """Show how the service is now."""
        model = self._server.model
        service = model.services.get(self._id)
        if service is None:
            return
        state, tone = service_pill(model, service)
        self._name.setText(service.name)
        self._pill.set_state(state, tone)
        self._pill.setToolTip(service.state_detail)
        self._globe.setVisible(bool(service.domains))
        self._link.setVisible(bool(service.domains))
        if service.domains:
            self._link.setText(service.domains[0].host)
        is_template = service.template is not None
        self._branch_icon.set_icon(words.service_icon(service) if is_template else words.source_icon(service))
        self._branch.setText(words.service_kind(service) if is_template else words.source_words(service))
        self._show_last()
        self._show_buttons(service)

    def _show_last(self) -> None:
        active = running_deployment(self._server.model, self._id)
        latest = self._server.model.latest_deployment(self._id)
        if active is not None:
            self._last.setText(f"deployment #{active.number} {words.deployment_state(active)[0].lower()}")
        elif latest is not None:
            when = words.ago(latest.created_at, self.context.now())
            self._last.setText(f"{words.trigger_words(latest)} {when}")
        else:
            self._last.setText("not deployed yet")

    def _show_buttons(self, service: Service) -> None:
        is_live, is_pending = self._server.model.is_live, self._id in self._server.model.pending
        may_act = is_live and not is_pending
        is_stopped = service.state is ServiceState.STOPPED
        for button, is_shown in (
            (self._start, is_stopped),
            (self._stop, service.state in _STOPPABLE),
            (self._restart, service.state in _STOPPABLE),
        ):
            button.setVisible(is_shown)
            button.setEnabled(may_act)
        offered = ways(service, this_computer())
        if self._deploy.text() != button_words(offered[0]):
            self._deploy.set_content(button_words(offered[0]))
        for button in (self._deploy, self._more):
            button.setEnabled(is_live and not self._is_asking)
        self._more.setVisible(len(offered) > 1 or has_plan(service))
        reason = "" if is_live else f"{self._server.name} is not connected"
        for button in (self._start, self._stop, self._restart, self._deploy):
            button.setToolTip(reason)
        self._more.setToolTip(reason or "More ways to deploy")

    def _changed(self, change: Change) -> None:
        if change.aspect is not Aspect.METRICS and change.concerns(service_id=self._id):
            self.refresh()

    def _open_ways(self) -> None:
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        entries = [
            MenuEntry(menu_words(way, service), partial(self._deploy_by, way), ICONS[way], name=f"deploy-{way.value}")
            for way in ways(service, this_computer())
        ]
        if has_plan(service):
            entries.append(MenuEntry(""))
            entries.append(MenuEntry("Show how it would be built", self._show_plan, "hammer", name="show-plan"))
        open_menu(entries, self._more, self._more.mapToGlobal(QPoint(0, self._more.height() + 4)))

    def _open_domain(self) -> None:
        service, info = self._server.model.services.get(self._id), self._server.model.info
        if service is not None and service.domains and info is not None:
            QDesktopServices.openUrl(QUrl(words.domain_url(service.domains[0], info.http_port, info.https_port)))

    def _start_service(self) -> None:
        self._do("Start", lambda: self._server.start_service(self._id))

    def _restart_service(self) -> None:
        self._do("Restart", lambda: self._server.restart_service(self._id))

    def _ask_stop(self) -> None:
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        hosts = tuple(f"{each.host} answers with an error" for each in service.domains)
        dialog = ConfirmDialog(
            self,
            f"Stop {service.name}?",
            "Its containers end. Nothing is deleted; Start brings the same release back.",
            losses=hosts,
            confirm_text="Stop",
        )
        dialog.confirm.setObjectName("confirm-stop")
        dialog.finished.connect(lambda answer: self._stop_service() if answer else None)
        dialog.open()

    def _stop_service(self) -> None:
        self._do("Stop", lambda: self._server.stop_service(self._id))

    def _do(self, verb: str, work: Callable[[], Awaitable[Service]]) -> None:
        service = self._server.model.services.get(self._id)
        if service is not None:
            self.act(f"{verb} {service.name}", work, failed=self.problem.emit, about=self._id)

    def show_problem(self, problem: Problem) -> None:
        self.problem.emit(problem)
