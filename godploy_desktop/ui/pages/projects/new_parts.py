"""Parts of the form for a new service that look at something by themselves: a folder, an image; a custom service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.sources import FolderLook, look_at_folder
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.new_service import registry_of, with_registry
from godploy_desktop.ui.models.service_form import STRATEGIES
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.service_forms.running import command_field, health_command_field
from godploy_desktop.ui.pages.service_forms.sources import FolderForm, ImageForm, call, side_by_side
from godploy_desktop.ui.pages.service_forms.storage import mounts_field, ports_field
from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Button, ButtonKind, Field, Form, Icon, Label, Select, column, row
from godploy_server.contract import Builder, Problem, Registry

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_LOOK_AFTER_MS = 250


class NewFolder(QWidget):
    """A folder, and what was found in it. `builder` gives the one that is chosen."""

    def __init__(self, owner: Observer, prefix: str, builder: Callable[[], Builder]) -> None:
        super().__init__()
        self._owner, self._builder = owner, builder
        self._form = FolderForm(prefix)
        self.by_key = self._form.by_key
        self._icon, self._found = Icon("info", 14, "text3"), Label("", "sm", 400, "text2", wrap=True)
        self._found.setObjectName(f"{prefix}-folder-found")
        self._line = QWidget()
        found = row(self._icon, spacing=8, parent=self._line)
        found.addWidget(self._found, 1)
        self._line.hide()
        column(self._form, self._line, spacing=10, parent=self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_AFTER_MS)  # while someone types, each letter is another folder
        self._timer.timeout.connect(self._look)
        for field in self.by_key.values():
            field.changed.connect(self._timer.start)

    def look_again(self) -> None:
        """The builder changed: look once more, soon."""
        self._timer.start()

    def _look(self) -> None:
        path, root = self.by_key["folder"].value(), self.by_key["root"].value()
        if not path:
            self._line.hide()
            return
        self._say("loader-circle", "text3", "Looking at the folder…")

        builder = self._builder()

        def is_current() -> bool:
            now = (self.by_key["folder"].value(), self.by_key["root"].value(), self._builder())
            return now == (path, root, builder)

        def found(look: FolderLook) -> None:
            if is_current():
                self._say("circle-check", "ok", _look_words(look))

        def failed(problem: Problem) -> None:
            if is_current():
                self._say("triangle-alert", "warn", f"{problem.what}: {problem.why}")

        self._owner.read("Looking at the folder", lambda: look_at_folder(path, root, builder), found, failed)

    def _say(self, icon: str, tone: State, text: str) -> None:
        self._icon.set_icon(icon, tone)
        self._found.setText(text)
        self._line.show()


def _look_words(look: FolderLook) -> str:
    reason = look.reason[:1].upper() + look.reason[1:]
    return f"{words.counted(look.file_count, 'file')}, {words.size(look.size_bytes)}. {reason}"


class NewImage(QWidget):
    """An image, and at which registries the server is logged in. `registries_asked` wants them shown."""

    registries_asked = Signal()

    def __init__(self, owner: Observer, server: Server, prefix: str) -> None:
        super().__init__()
        self._owner, self._server = owner, server
        self._form = ImageForm(prefix)
        self.by_key = self._form.by_key
        self._image = self.by_key["image"]
        self._registry = Select("Registry", {"docker.io": "Docker Hub"})
        self._registry.box.setObjectName(f"{prefix}-registry")
        self._hint = Label("", "sm", 400, "text3", wrap=True)
        self._open = Button("Registries", "key-round", ButtonKind.GHOST, on_click=self.registries_asked.emit)
        self._open.setObjectName(f"{prefix}-open-registries")
        line = row(spacing=8)
        line.addWidget(self._hint, 1)
        line.addWidget(self._open)
        column(side_by_side(self._registry, self._form), line, spacing=6, parent=self)
        self._registry.changed.connect(self._apply_registry)
        self._image.changed.connect(self._follow_image)
        self._is_read = False
        self._show_registries(())

    def opened(self) -> None:
        """Read the server's registries, the first time."""
        if not self._is_read:
            self._is_read = True
            self._owner.read("Reading the registries", self._server.agent.registries, self._show_registries, self._none)

    def _show_registries(self, registries: tuple[Registry, ...]) -> None:
        hosts = [each.host for each in registries]
        self._registry.set_options({"docker.io": "Docker Hub", **{host: host for host in hosts if host != "docker.io"}})
        if hosts:
            self._hint.setText(f"{self._server.name} is logged in at {', '.join(hosts)}")
        else:
            self._hint.setText(f"A private image needs {self._server.name} to be logged in at its registry")

    def _none(self, _problem: Problem) -> None:
        self._show_registries(())

    def _apply_registry(self) -> None:
        wanted = with_registry(self._image.value(), self._registry.value())
        if wanted != self._image.value():
            self._image.set_value(wanted)

    def _follow_image(self) -> None:
        self._registry.set_value(registry_of(self._image.value()))  # does nothing for one that is not offered


class NewCustom(QWidget):
    """Any image with a command; `more` is what stands below name and port: storage, ports, health, strategy."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        form = ImageForm(f"{prefix}-custom")
        command = command_field()
        self.by_key: dict[str, Field] = {**form.by_key, "command": command}
        column(side_by_side(form, command), parent=self)
        strategy = Select("A new release", STRATEGIES)
        below: dict[str, Field] = {
            "mounts": mounts_field(prefix),
            "ports": ports_field(prefix),
            "health_command": health_command_field(),
            "strategy": strategy,
        }
        call({"command": command, **below}, prefix)
        self.by_key |= below
        self.more = Form(below["mounts"], below["ports"], side_by_side(below["health_command"], strategy))
        for key in ("mounts", "ports"):
            below[key].changed.connect(self._suggest_strategy)

    def _suggest_strategy(self) -> None:
        """What only one container may use wants the old one stopped first; the person need not know."""
        if self.by_key["mounts"].value() or self.by_key["ports"].value():
            self.by_key["strategy"].set_value("recreate")
