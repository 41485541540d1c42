"""The part of a service's settings that says where it comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog

from godploy_desktop.core.sources import is_on_this_computer
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git.source_check import SourceCheckLine
from godploy_desktop.ui.pages.service.sending import start_sending
from godploy_desktop.ui.pages.service_forms.sources import (
    ARCHIVES,
    FolderForm,
    GitForm,
    ImageForm,
    call,
    root_field,
)
from godploy_desktop.ui.widgets import Button, CopyField, Field, Form, Label, Section, TextField
from godploy_server.contract import (
    ArchiveSource,
    ChangeService,
    FolderSource,
    GitSource,
    Problem,
    ServiceId,
)

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class SourceSection(Section, Observer):
    """`by_key` holds the fields by the keys of `models.source_form`. `problem` tells what went wrong with sending an
    archive."""

    problem = Signal(object)

    def __init__(self, context: Context, server: Server, service_id: ServiceId, prefix: str) -> None:
        super().__init__("Source", "What a deployment builds")
        self.begin_observing(context)
        self._server, self._id = server, service_id
        service = server.model.services.get(service_id)
        self.by_key: dict[str, Field] = {}
        match service.settings.source if service else None:
            case GitSource():
                form: GitForm | FolderForm | ImageForm | Form = GitForm(prefix, wide=False)
            case FolderSource() as source:
                form = FolderForm(prefix)
                if not is_on_this_computer(source):
                    form.path.set_hint(f"On {source.computer}: only that computer can send newer files")
            case ArchiveSource():
                form = self._archive(prefix)
            case _:
                form = ImageForm(prefix)
        if isinstance(form, GitForm | FolderForm | ImageForm):
            self.by_key = form.by_key
        self.body.addWidget(form)
        if isinstance(form, GitForm):
            key = CopyField(service.deploy_key if service else "", label="Deploy key, for read-only access")
            key.setObjectName(f"{prefix}s-deploy-key")
            self.body.addSpacing(14)
            self.body.addWidget(key)
            check = SourceCheckLine(context, server, service_id, f"{prefix}s")
            self.when_disposed(check.dispose)
            self.body.addSpacing(8)
            self.body.addWidget(check)
        if service is not None and service.template is not None:
            self.body.addSpacing(10)
            said = f"From the template {service.template.title} {service.template.version}"
            self.body.addWidget(Label(said, "sm", 400, "text3", wrap=True))
        self.body.addStretch(1)

    def _archive(self, prefix: str) -> Form:
        self._send = Button("Send another…", "upload", on_click=self._choose)
        self._send.setObjectName("send-archive")
        name = TextField("Archive", mono=True, beside=self._send)
        name.edit.setReadOnly(True)
        self.by_key = {"archive": name, "root": root_field("archive")}
        call(self.by_key, prefix)
        return Form(*self.by_key.values())

    def _choose(self) -> None:
        dialog = QFileDialog(self.window(), "Choose an archive")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(ARCHIVES)
        dialog.fileSelected.connect(lambda path: self.send(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def send(self, path: Path) -> None:
        """Send another archive in place of the one that is there; the next deployment is built from it."""
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        self._send.set_busy(True)
        task = start_sending(self.context, self._server, service, path, deploys=False)
        self.attend(task, lambda _none: self._sent(path), self._failed)

    def _sent(self, path: Path) -> None:
        self._send.set_busy(False)
        service = self._server.model.services.get(self._id)
        source = service.settings.source if service else None
        if service is None or not isinstance(source, ArchiveSource) or source.name == path.name:
            return
        settings = replace(service.settings, source=replace(source, name=path.name))
        self.act(
            f"Name the archive of {service.name}",
            lambda: self._server.change_service(self._id, ChangeService(settings=settings)),
            about=self._id,
        )

    def _failed(self, problem: Problem) -> None:
        self._send.set_busy(False)
        self.problem.emit(problem)
