"""Another version of a database: which there are, what going there does to the data, and yes or no."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.templates import Library, Template, library, version_change
from godploy_desktop.ui.models.database_words import VersionOption, current_words, version_options
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.widgets import (
    ButtonKind,
    CheckBox,
    Form,
    Icon,
    Label,
    LoadingPanel,
    Pill,
    Select,
    TextField,
    column,
    row,
)
from godploy_server.contract import Deploy, Deployment, GodployError, NotFound, Service, Trigger

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class VersionDialog(AskingDialog):
    """Reads the templates, offers the versions; a risky one wants the service's name typed."""

    def __init__(self, context: Context, parent: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            context,
            parent,
            f"Change the version of {service.name}",
            current_words(service),
            width=520,
            icon="arrow-up",
        )
        self._server, self._service = server, service
        self._template: Template | None = None
        self._options: dict[str, VersionOption] = {}
        self._version = Select("Version", {})
        self._version.box.setObjectName("version-choice")
        self._pill, self._notes = Pill("", "ok"), Label("", "sm", 400, "text3", wrap=True)
        self._warning = Label("", "sm", 400, "text", wrap=True)
        self._warning_icon = Icon("triangle-alert", 16, "warn")
        self._name = TextField(f"Type {service.name} to go on")
        self._name.edit.setObjectName("confirm-name")
        self._deploys = CheckBox("Deploy it at once", checked=True)
        self._deploys.setObjectName("version-deploys")
        warning = row(spacing=10)
        warning.addWidget(self._warning_icon, 0, Qt.AlignmentFlag.AlignTop)
        warning.addWidget(self._warning, 1)
        self._warning_line = QWidget()
        column(warning, parent=self._warning_line)
        asking, nothing = QWidget(), Label("", "md", 400, "text2", wrap=True)
        self._nothing = nothing
        state = row(self._pill, spacing=10)
        state.addWidget(self._notes, 1)
        column(Form(self._version), state, self._warning_line, self._name, self._deploys, spacing=12, parent=asking)
        self._parts = Switcher(
            {"loading": LoadingPanel("Reading the templates…", 2), "asking": asking, "nothing": nothing}
        )
        self._parts.show_part("loading")
        self.body.addWidget(self._parts)
        self._confirm = self.add_foot("Change version", "confirm-version", self._change)
        self._confirm.setEnabled(False)
        self._version.changed.connect(self._show_option)
        self._name.changed.connect(self._judge)
        self.read("Reading the templates", self._read, self._show_library)

    async def _read(self) -> Library:
        return await asyncio.to_thread(library, self.context.workspace.folders)

    def _show_library(self, found: Library) -> None:
        use = self._service.template
        template = found.find(use.name) if use else None
        options = version_options(template, self._service) if template else ()
        if template is None or not options:
            title = use.title if use else ""
            self._nothing.setText(
                f"There is no other version of {title} to choose from."
                if template
                else f"The template “{use.name if use else ''}” is not on this computer, so its versions are not known."
            )
            self._parts.show_part("nothing")
            self.refit()
            return
        self._template = template
        self._options = {each.version: each for each in options}
        self._version.set_options({each.version: f"{template.title} {each.title}" for each in options})
        self._version.set_value(next((each for each in options if not each.is_risky), options[0]).version)
        self._parts.show_part("asking")
        self._show_option()

    def _show_option(self) -> None:
        option = self._options[self._version.value()]
        self._pill.set_state(option.risk, option.tone)
        self._notes.setText(option.notes)
        self._warning.setText(option.warning)
        self._warning_line.setVisible(bool(option.warning))
        self._warning_icon.set_icon("triangle-alert", option.tone if option.tone != "ok" else "text3")
        self._name.setVisible(option.is_risky and option.is_possible)
        self._deploys.setVisible(option.is_possible)
        self._confirm.kind = ButtonKind.DANGER if option.is_risky else ButtonKind.PRIMARY
        self._confirm.update()
        self._judge()
        self.refit()

    def _judge(self) -> None:
        option = self._options.get(self._version.value())
        may = option is not None and option.is_possible
        if may and option is not None and option.is_risky:
            may = self._name.value() == self._service.name
        self._confirm.setEnabled(may)

    def _change(self) -> None:
        version, deploys = self._version.value(), self._deploys.isChecked()
        service = self._server.model.services.get(self._service.id)
        try:
            if self._template is None or service is None:
                raise NotFound(f"{self._service.name} is gone", "it was deleted meanwhile", "Close this")
            change = version_change(self._template, service, version).change
        except GodployError as error:
            self.show_problem(error.problem)
            return

        async def work() -> Deployment | None:
            await self._server.change_service(self._service.id, change)
            if not deploys:
                return None
            return await self._server.deploy(self._service.id, Deploy(trigger=Trigger.SETTINGS))

        self.submit(
            f"Change {self._service.name} to version {version}", work, self._service.id, then=self._show_deployment
        )

    def _show_deployment(self, made: Deployment | None) -> None:
        if made is None:
            self.context.shell.notify("The next deployment brings the new version", "info")
            return
        place = Route(
            "service",
            server=self._server.id,
            project=self._service.project_id,
            service=self._service.id,
            deployment=made.id,
            tab="deployments",
        )
        self.context.shell.go(place)
