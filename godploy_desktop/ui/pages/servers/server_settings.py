"""The settings of a server: certificates, builds, what is kept, programs; registries, cleaning up, removing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models.forms import check_image
from godploy_desktop.ui.models.server_form import (
    TOOLS,
    cap_defaults,
    change_of_settings,
    parse_build_cpus,
    parse_build_memory,
    parse_tools,
    settings_fields,
)
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.servers.cleanup import CleanupSection
from godploy_desktop.ui.pages.servers.git_hosts import GitHostsSection
from godploy_desktop.ui.pages.servers.registries import RegistriesSection
from godploy_desktop.ui.pages.servers.server_removal import ServerRemoval
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CardGrid,
    Field,
    Form,
    Label,
    NumberField,
    RowColumn,
    RowsField,
    Section,
    TextAreaField,
    TextField,
    column,
    row,
)
from godploy_server.contract import AgentSettings, GodployError, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_NUMBER_WIDTH = 220


class ServerSettings(QWidget, Observer):
    """What is typed stays until it is saved or discarded."""

    def __init__(self, context: Context, server: Server, *, set_up: Callable[[], object]) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._problems = ProblemSlot()
        self._fields: dict[str, Field] = _make_fields()
        self._held: dict[str, str] = {}
        self._note = Label("", "sm", 400, "text2")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._save_changes)
        self._save.setObjectName("save-server-settings")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._discard.setObjectName("discard-server-settings")
        self.registries, self.cleanup = RegistriesSection(context, server), CleanupSection(context, server)
        self.git_hosts = GitHostsSection(context, server)
        self.removal = ServerRemoval(context, server, set_up=set_up)
        observers: tuple[Observer, ...] = (self.registries, self.git_hosts, self.cleanup, self.removal)
        for each in observers:
            self.when_disposed(each.dispose)
        self._lay_out()
        for name, field in self._fields.items():
            if isinstance(field, TextField | TextAreaField):
                field.edit.setObjectName(f"server-{name.replace('_', '-')}")
            field.changed.connect(self._show_state)
        self.watch(server.model.changed, self._changed)
        self.discard()

    def _lay_out(self) -> None:
        cards = QWidget()
        grid = CardGrid(cards, minimum_width=230, most_columns=3)
        for title, subtitle, names in (
            ("Certificates", "From an ACME authority, for each domain",
             ("acme_email", "acme_ca_url", "acme_ca_certificate")),
            ("Builds", "What all builds together may use", ("builds_at_once", "build_memory", "build_cpus")),
            ("Kept", "What stays when it is old", ("kept_releases", "kept_build_days", "static_image")),
        ):  # fmt: skip
            section = Section(title, subtitle)
            section.body.addWidget(Form(*(self._fields[name] for name in names)))
            section.body.addStretch(1)
            grid.addWidget(section)
        tools = Section(
            "Programs of builders",
            "Fetched when a service first needs one, a pinned version with its checksum. A server without the internet "
            "takes them from an address of yours.",
        )
        tools.body.addWidget(self._fields["tools"])
        foot = row(self._note, None, self._discard, self._save)
        column(
            self._problems, cards, tools, foot, 8, self.registries, self.git_hosts, self.cleanup, self.removal, None,
            spacing=12, parent=self,
        )  # fmt: skip

    def opened(self) -> None:
        """The tab came into sight: read what the model does not hold."""
        self.registries.load()
        self.git_hosts.load()

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
        self._show_defaults()
        self._problems.clear_problem()
        self._show_state()

    def _show_defaults(self) -> None:
        metrics = self._server.model.metrics
        defaults = cap_defaults(metrics[-1] if metrics else None)
        for name, text in zip(("build_memory", "build_cpus"), defaults, strict=True):
            field = self._fields[name]
            if isinstance(field, TextField):
                field.edit.setPlaceholderText(text)
                field.edit.setMaximumWidth(_NUMBER_WIDTH)

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


def _make_fields() -> dict[str, Field]:
    return {
        "acme_email": TextField("E-mail for the authority", placeholder="none"),
        "acme_ca_url": TextField("ACME directory", mono=True),
        "acme_ca_certificate": TextAreaField(
            "Its CA certificate", placeholder="PEM; only for a private authority", lines=4, mono=True
        ),
        "builds_at_once": NumberField("Builds at once", 1, minimum=1, maximum=64, hint="Others wait in the queue"),
        "build_memory": TextField("Memory, MB", check=parse_build_memory, hint="A build that needs more fails"),
        "build_cpus": TextField("Cores", check=parse_build_cpus, hint="Running services keep the rest"),
        "kept_releases": NumberField("Releases to keep", 5, minimum=1, maximum=100, hint="Of each service"),
        "kept_build_days": NumberField(
            "Build files and caches, days", 14, minimum=1, maximum=3650, hint="Since a build last used them"
        ),
        "static_image": TextField("Image that serves static sites", check=check_image, mono=True),
        "tools": RowsField(
            "",
            (
                RowColumn("name", "Program", width=150, options=TOOLS),
                RowColumn("url", "Address", placeholder="https://mirror.example.com/nixpacks.tar.gz"),
                RowColumn("sha256", "SHA-256", placeholder="64 hexadecimal digits"),
            ),
            name="server-tools",
            what="program",
            check=parse_tools,
        ),
    }
