"""Connecting a service to a database: which one, which of its outputs, and the variable that carries it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.templates import connect, connectable
from godploy_desktop.ui.models.references import free_name, provider_words
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.widgets import Form, Label, Select, TextField
from godploy_server.contract import Connection, GodployError, Problem, Service, check_variable_name

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ConnectDatabaseDialog(AskingDialog):
    """Closes with all variables of the service as they are then. `taken` are the names that are in use."""

    def __init__(
        self,
        owner: Observer,
        parent: QWidget,
        server: Server,
        service: Service,
        found: list[Service],
        taken: Collection[str],
    ) -> None:
        super().__init__(
            owner.context,
            parent,
            f"Connect {service.name} to a database",
            "The variable follows the database: a new password reaches it with the next deployment.",
            icon="link",
        )
        self._server, self._service, self._taken = server, service, taken
        self._found = {str(each.id): each for each in found}
        self._database = Select("Database", {key: provider_words(each) for key, each in self._found.items()})
        self._database.box.setObjectName("connect-database")
        self._output = Select("What of it", {})
        self._output.box.setObjectName("connect-output")
        self._name = TextField("Variable", mono=True, check=check_variable_name)
        self._name.edit.setObjectName("connect-variable")
        self._preview = Label("", "xs", 400, "text3", mono=True, wrap=True)
        self._connections: dict[str, Connection] = {}
        self._form = Form(self._database, self._output, self._name, self._preview)
        self.body.addWidget(self._form)
        self.add_foot("Connect", "connect-service", self._connect)
        self._database.changed.connect(self._show_database)
        self._output.changed.connect(self._show_output)
        self._show_database()

    def _provider(self) -> Service:
        return self._found[self._database.value()]

    def _show_database(self) -> None:
        provider = self._provider()
        self._output.set_options({each.name: each.name for each in connectable(provider)})
        self._connections = {}
        self._show_output()
        self.read(
            "Reading the connections",
            lambda: self._server.agent.connections(provider.id),
            self._show_connections,
            self._no_preview,
        )

    def _show_connections(self, connections: tuple[Connection, ...]) -> None:
        self._connections = {each.name: each for each in connections}
        self._show_preview()

    def _no_preview(self, _problem: Problem) -> None:
        """The preview is a courtesy: connecting works without it, and says itself what is wrong."""

    def _show_output(self) -> None:
        provider = self._provider()
        output = next(each for each in connectable(provider) if each.name == self._output.value())
        self._name.set_value(free_name(provider, output, self._taken))
        self._show_preview()

    def _show_preview(self) -> None:
        shown = self._connections.get(self._output.value())
        problem = shown.problem if shown else None
        self._preview.setText("" if shown is None else f"Now: {problem.why}" if problem else shown.value)
        self._preview.set_tone("warn" if problem else "text3")
        self._preview.setVisible(shown is not None)
        self.refit()

    def _connect(self) -> None:
        if not self._form.is_valid():
            return
        database = self._provider()
        try:
            change = connect(self._service, database, self._output.value(), self._name.value())
        except GodployError as error:
            self.show_problem(error.problem)
            return
        self.submit(
            f"Connect {self._service.name} to {database.name}",
            lambda: self._server.set_variables(self._service.id, change),
            self._service.id,
        )
