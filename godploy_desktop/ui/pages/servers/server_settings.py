"""The settings of a server: certificates, builds, releases; set-up again, uninstalling, taking it off the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.models.server_form import change_of_settings, settings_fields
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.servers.set_up import begin_uninstall
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    ConfirmDialog,
    Form,
    Label,
    NumberField,
    Section,
    TextAreaField,
    TextField,
    column,
    row,
)
from godploy_server.contract import AgentSettings, GodployError, Leftovers, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ServerSettings(QWidget, Observer):
    """What is typed stays until it is saved or discarded."""

    def __init__(self, context: Context, server: Server, *, set_up: Callable[[], object]) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._set_up = server, set_up
        self._problems = ProblemSlot()
        self._fields: dict[str, TextField | TextAreaField] = {
            "acme_email": TextField("E-mail for the authority", placeholder="none"),
            "acme_ca_url": TextField("ACME directory", mono=True),
            "acme_ca_certificate": TextAreaField(
                "Its CA certificate", placeholder="PEM; only for a private authority", lines=4, mono=True
            ),
            "builds_at_once": NumberField("Builds at once", 1, minimum=1, maximum=32),
            "kept_releases": NumberField("Releases to keep", 5, minimum=1, maximum=100, hint="Of each service"),
        }
        self._held: dict[str, str] = {}
        self._note = Label("", "sm", 400, "text2")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._save_changes)
        self._save.setObjectName("save-server-settings")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._again = Button("Set up again", "refresh-cw", on_click=set_up)
        self._again.setObjectName("set-up-again")
        self._uninstall = Button("Uninstall", "trash-2", ButtonKind.DANGER, on_click=self._ask_uninstall)
        self._uninstall.setObjectName("uninstall-server")
        self._remove = Button("Remove from the list", "unplug", ButtonKind.DANGER, on_click=self._ask_remove)
        self._remove.setObjectName("remove-server")
        self._lay_out()
        for name, field in self._fields.items():
            field.edit.setObjectName(f"server-{name.replace('_', '-')}")
            field.changed.connect(self._show_state)
        self.watch(server.model.changed, self._changed)
        self.discard()

    def _lay_out(self) -> None:
        certificates = Section("Certificates", "HTTPS certificates come from an ACME authority, for each domain")
        certificates.body.addWidget(
            Form(*(self._fields[name] for name in ("acme_email", "acme_ca_url", "acme_ca_certificate")))
        )
        work = Section("Deployments", "How much at once, and how far back")
        work.body.addWidget(Form(self._fields["builds_at_once"], self._fields["kept_releases"]))
        again = Section(
            "Set-up",
            "Checks every part of the server side and brings it to this application's version; services go on running.",
            self._again,
        )
        uninstall = Section(
            "Uninstall",
            "Removes agent, relay and proxy from the server. Containers that Godploy did not make are never touched.",
            self._uninstall,
        )
        what = (
            "Its agent ends, and its proxy where no service is left"
            if self._server.is_embedded
            else "Nothing on the server changes"
        )
        remove = Section("Remove", f"Takes the server off this application's list. {what}.", self._remove)
        again.setVisible(not self._server.is_embedded)
        uninstall.setVisible(not self._server.is_embedded)
        foot = row(self._note, None, self._discard, self._save)
        column(
            self._problems, certificates, work, foot, 8, again, uninstall, remove, None, spacing=12, parent=self
        )  # fmt: skip

    def is_dirty(self) -> bool:
        """Whether a field differs from what the server holds."""
        return any(self._fields[name].value() != text for name, text in self._held.items())

    def discard(self) -> None:
        """Show what the server holds."""
        settings = self._server.model.settings
        if settings is not None:
            self._held = settings_fields(settings)
            for name, text in self._held.items():
                self._fields[name].set_value(text)
        for field in self._fields.values():
            field.setEnabled(settings is not None)
        self._problems.clear_problem()
        self._show_state()

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.SETTINGS, Aspect.EVERYTHING) and not self.is_dirty():
            self.discard()
        elif change.aspect is Aspect.CONNECTION:
            self._show_state()

    def _show_state(self) -> None:
        dirty = self.is_dirty()
        self._save.setEnabled(dirty and self._server.model.is_live)
        self._discard.setVisible(dirty)
        self._note.setText("Not saved yet" if dirty else "")

    def _save_changes(self) -> None:
        settings = self._server.model.settings
        if settings is None:
            return
        try:
            change = change_of_settings(settings, {name: each.value() for name, each in self._fields.items()})
        except GodployError as error:
            self.show_problem(error.problem)
            return
        self._problems.clear_problem()
        self._save.set_busy(True)
        self.act(
            f"Save the settings of {self._server.name}",
            lambda: self._server.change_settings(change),
            done=self._saved,
            failed=self._failed,
            about=str(self._server.id),
        )

    def _saved(self, _settings: AgentSettings) -> None:
        self._save.set_busy(False)
        self.discard()

    def _failed(self, problem: Problem) -> None:
        self._save.set_busy(False)
        self._show_state()
        self.show_problem(problem)

    def _ask_uninstall(self) -> None:
        model = self._server.model
        services = tuple(each.name for each in model.services.values())
        hosts = tuple(domain.host for each in model.services.values() for domain in each.domains)
        lost = [f"services that end: {', '.join(services)}"] if services else []
        lost += [f"domains that answer no more: {', '.join(hosts)}"] if hosts else []
        dialog = ConfirmDialog(
            self,
            f"Uninstall Godploy from {self._server.name}?",
            "Agent, relay, proxy and every service that Godploy started are removed. The history of deployments, "
            "variables, secrets and certificates are deleted too, unless they are kept.",
            losses=lost,
            confirm_text="Uninstall",
            type_name=self._server.name,
            choice="Keep the data for a later set-up",
        )
        dialog.confirm.setObjectName("confirm-uninstall")
        if dialog.name_field is not None:
            dialog.name_field.edit.setObjectName("confirm-name")
        if dialog.choice is not None:
            dialog.choice.setObjectName("keep-data")

        def answered(is_sure: object) -> None:
            if is_sure:
                begin_uninstall(self.context.workspace, self._server, purge=not dialog.is_chosen)

        dialog.finished.connect(answered)
        dialog.open()

    def _ask_remove(self) -> None:
        if self._server.is_embedded:
            self._ask_remove_this_computer()
            return
        dialog = ConfirmDialog(
            self,
            f"Remove {self._server.name} from the list?",
            "What runs there goes on. Its password or passphrase is forgotten here; add it again at any time.",
            confirm_text="Remove",
        )
        dialog.confirm.setObjectName("confirm-remove-server")
        dialog.finished.connect(lambda answer: self._remove_server() if answer else None)
        dialog.open()

    def _ask_remove_this_computer(self) -> None:
        names = [each.name for each in self._server.model.services.values()]
        what = (
            f"go on, unless they are deleted: {', '.join(names)}" if names else "there are none: its proxy is removed"
        )
        dialog = ConfirmDialog(
            self,
            f"Remove {self._server.name} from the list?",
            "Its agent ends. Add it again at any time.",
            losses=[f"services {what}"],
            confirm_text="Remove",
            choice="Delete its services and all their data too" if names else "Delete its history and settings too",
        )
        dialog.confirm.setObjectName("confirm-remove-server")
        if dialog.choice is not None:
            dialog.choice.setObjectName("purge-this-computer")
        dialog.finished.connect(lambda answer: self._remove_server(purge=dialog.is_chosen) if answer else None)
        dialog.open()

    def _remove_server(self, *, purge: bool = False) -> None:
        workspace, shell = self.context.workspace, self.context.shell

        def removed(left: Leftovers) -> None:
            shell.go(Route("servers"))
            if left.containers:
                shell.notify(f"Goes on in Docker: {', '.join(left.containers)}", "info")

        self.act(
            f"Remove {self._server.name}",
            lambda: workspace.remove_server(self._server, purge=purge),
            done=removed,
        )
