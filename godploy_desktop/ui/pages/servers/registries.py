"""The image registries that a server logs in at: adding, checking again, removing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.registry_words import check_present, check_registry_host, checked_words, users_of
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.servers.kept_list import KeptListSection
from godploy_desktop.ui.widgets import (
    Button,
    ConfirmDialog,
    Form,
    IconButton,
    IconTile,
    Label,
    PasswordField,
    TextField,
    clear,
    column,
    row,
)
from godploy_server.contract import Problem, Registry, SetRegistry

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class RegistriesSection(KeptListSection[Registry]):
    """The lines, each with its login tried again, changed or removed."""

    def __init__(self, context: Context, server: Server) -> None:
        add = Button("Add a registry", "plus", on_click=self._ask)
        add.setObjectName("add-registry")
        super().__init__(
            context, server, "Registries", "Logins for images that are not public, kept as secrets on it", add=add,
            none="No logins yet: public images are pulled without one.", named="the registries",
        )  # fmt: skip
        self._held: tuple[Registry, ...] = ()

    def read_kept(self) -> Awaitable[tuple[Registry, ...]]:
        return self.server.agent.registries()

    def show_kept(self, kept: tuple[Registry, ...]) -> None:
        self._held = kept
        clear(self.lines)
        self.needing = []
        for each in kept:
            self.lines.addWidget(self._line(each))
        self.none.setVisible(not kept)

    def _line(self, registry: Registry) -> QWidget:
        line = row(IconTile("package", 30), spacing=10)
        words = f"{registry.user} · {checked_words(registry, self.context.now())}"
        line.addLayout(
            column(
                Label(registry.host, "sm", 500, "text", mono=True, elide=True),
                Label(words, "sm", 400, "text3", elide=True),
                spacing=2,
            ),
            1,
        )
        check = Button("Check again", "refresh-cw", tip=f"Log in at {registry.host} again")
        check.setObjectName(f"check-registry-{registry.host}")
        check.on_click(partial(self._check, registry, check))
        change = IconButton("pencil", f"Change the login at {registry.host}", on_click=partial(self._ask, registry))
        change.setObjectName(f"change-registry-{registry.host}")
        remove = IconButton("trash-2", f"Remove the login at {registry.host}", on_click=partial(self._remove, registry))
        remove.setObjectName(f"remove-registry-{registry.host}")
        for each in (check, change, remove):
            line.addWidget(each)
        self.needing += [check, change, remove]
        holder = QWidget()
        holder.setLayout(line)
        return holder

    def _check(self, registry: Registry, button: Button) -> None:
        def done(checked: Registry) -> None:
            self.show_kept(tuple(checked if each.id == checked.id else each for each in self._held))
            self.context.shell.notify(f"{registry.host} accepts the login")

        def failed(problem: Problem) -> None:
            button.set_busy(False)
            self.show_problem(problem)

        self.problems.clear_problem()
        button.set_busy(True)
        self.act(
            f"Log in at {registry.host}",
            lambda: self.server.check_registry(registry.id),
            done=done,
            failed=failed,
            about=str(self.server.id),
        )

    def _ask(self, registry: Registry | None = None) -> None:
        RegistryDialog(self.context, self, self.server, registry, saved=lambda _: self.load()).open()

    def _remove(self, registry: Registry) -> None:
        users = users_of(registry, self.server.model.services.values())
        dialog = ConfirmDialog(
            self,
            f"Remove the login at {registry.host}?",
            "Its password is deleted. What runs goes on; images that are not public cannot be pulled from there then.",
            losses=[f"services with images from there: {', '.join(users)}"] if users else (),
            confirm_text="Remove",
        )
        dialog.confirm.setObjectName("confirm-remove-registry")
        dialog.finished.connect(lambda answer: self._forget(registry) if answer else None)
        dialog.open()

    def _forget(self, registry: Registry) -> None:
        self.problems.clear_problem()
        self.act(
            f"Remove the login at {registry.host}",
            lambda: self.server.delete_registry(registry.id),
            done=lambda _gone: self.load(),
            about=str(self.server.id),
        )


class RegistryDialog(AskingDialog):
    """Host, user and password; kept only if the registry accepts them. With `registry` its login is replaced."""

    def __init__(
        self,
        context: Context,
        parent: QWidget,
        server: Server,
        registry: Registry | None,
        *,
        saved: Callable[[Registry], object],
    ) -> None:
        title = f"Change the login at {registry.host}" if registry else "Add a registry"
        super().__init__(
            context, parent, title, f"{server.name} logs in at once; the login is kept only if that works.",
            icon="package",
        )  # fmt: skip
        self._server, self._saved = server, saved
        self._host = TextField("Registry", placeholder="docker.io", check=check_registry_host, mono=True)
        self._host.edit.setObjectName("registry-host")
        self._user = TextField("User", check=lambda text: check_present("user", text))
        self._user.edit.setObjectName("registry-user")
        self._password = PasswordField(
            "Password or token",
            hint="A token that may only read is best",
            check=lambda text: check_present("password", text),
        )
        self._password.edit.setObjectName("registry-password")
        if registry is not None:
            self._host.set_value(registry.host)
            self._host.hide()
            self._user.set_value(registry.user)
        self._form = Form(self._host, self._user, self._password)
        self.body.addWidget(self._form)
        self.add_foot("Log in and keep", "save-registry", self._save)

    def _save(self) -> None:
        if not self._form.is_valid():
            return
        login = SetRegistry(check_registry_host(self._host.value()), self._user.value(), self._password.value())
        self.submit(
            f"Log in at {login.host}",
            lambda: self._server.set_registry(login),
            str(self._server.id),
            then=self._saved,
        )
