"""Setting a server up again, uninstalling it, taking it off the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.servers.set_up import begin_uninstall
from godploy_desktop.ui.widgets import Button, ButtonKind, ConfirmDialog, Section, column
from godploy_server.contract import Leftovers, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ServerRemoval(QWidget, Observer):
    """What cannot be taken back asks first, and names what is lost."""

    def __init__(self, context: Context, server: Server, *, set_up: Callable[[], object]) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._problems = ProblemSlot()
        self._again = Button("Set up again", "refresh-cw", on_click=set_up)
        self._again.setObjectName("set-up-again")
        self._uninstall = Button("Uninstall", "trash-2", ButtonKind.DANGER, on_click=self._ask_uninstall)
        self._uninstall.setObjectName("uninstall-server")
        self._remove = Button("Remove from the list", "unplug", ButtonKind.DANGER, on_click=self._ask_remove)
        self._remove.setObjectName("remove-server")
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
        column(self._problems, again, uninstall, remove, spacing=12, parent=self)
        again.setVisible(not self._server.is_embedded)
        uninstall.setVisible(not self._server.is_embedded)

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

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
