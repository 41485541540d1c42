"""The GitHub Apps that were made here: what each tells of pushes, choosing its repositories, moving and forgetting."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server import Server
from godploy_desktop.git_hosting.values import GitHubApp
from godploy_desktop.ui.models.account_words import app_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.git import waiting
from godploy_desktop.ui.widgets import (
    Button,
    ConfirmDialog,
    IconButton,
    IconTile,
    Label,
    MenuEntry,
    Section,
    clear,
    column,
    open_menu,
    row,
)
from godploy_server.contract import Problem, SharedHook


class AppsSection(QWidget, Observer):
    """Follows the apps of the workspace; nothing is shown while there is none."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.begin_observing(context)
        self._git = context.workspace.git
        self._problem = ProblemSlot()
        self._lines = column(spacing=10)
        section = Section("GitHub Apps", "Your own, by which accounts are signed in; each tells one server of pushes")
        section.body.addWidget(self._problem)
        section.body.addLayout(self._lines)
        column(section, parent=self)
        self.watch(self._git.apps.changed, lambda _apps: self._show())
        self._show()

    def show_problem(self, problem: Problem) -> None:
        self._problem.show_problem(problem)

    def _show(self) -> None:
        apps = self._git.apps.all
        clear(self._lines)
        for each in apps:
            self._lines.addWidget(self._line(each))
        self.setVisible(bool(apps))

    def _line(self, app: GitHubApp) -> QWidget:
        line = row(IconTile("github", 30), spacing=10)
        words = column(
            Label(app.name, "sm", 500, elide=True), Label(app_words(app), "sm", 400, "text3", elide=True), spacing=2
        )
        line.addLayout(words, 1)
        reached = Button("Repositories", "external-link", tip=f"Choose at GitHub what {app.name} reaches")
        reached.setObjectName(f"app-repositories-{app.slug}")
        reached.on_click(partial(waiting.open_address, app.install_page))
        line.addWidget(reached)
        if app.webhook:
            told = Button("Server", "server", tip="Choose which server is told of pushes")
            told.setObjectName(f"app-server-{app.slug}")
            told.on_click(lambda: self._offer_servers(app, told))
            line.addWidget(told)
        forget = IconButton("trash-2", f"Forget {app.name}", on_click=partial(self._ask_forget, app))
        forget.setObjectName(f"forget-app-{app.slug}")
        line.addWidget(forget)
        holder = QWidget()
        holder.setLayout(line)
        return holder

    def _offer_servers(self, app: GitHubApp, button: Button) -> None:
        servers = [each for each in self.context.workspace.servers if each.model.is_live]
        entries = [
            MenuEntry(f"Tell {each.name} of pushes", partial(self._tell, app, each), "server", name=f"tell-{each.name}")
            for each in servers
        ] or [MenuEntry("No server is connected", is_enabled=False)]
        open_menu(entries, button, button.mapToGlobal(QPoint(0, button.height() + 4)))

    def _tell(self, app: GitHubApp, server: Server) -> None:
        from godploy_desktop.core.git.app_flow import tell_server  # loads what speaks with hosts

        def done(_hook: SharedHook) -> None:
            self.context.shell.notify(
                f"{app.name} tells {server.name} of pushes. Link services of another server again, if it told one."
            )

        self._problem.clear_problem()
        self.act(f"Let {app.name} tell {server.name} of pushes", lambda: tell_server(self._git, app, server), done=done)

    def _ask_forget(self, app: GitHubApp) -> None:
        accounts = ", ".join(each.label for each in self._git.signed_in_by(app))
        signed_out = f" {accounts} is signed out." if accounts else ""
        dialog = ConfirmDialog(
            self,
            f"Forget {app.name}?",
            f"Its secrets are removed from this computer.{signed_out} At GitHub the app stays, and goes on telling its"
            " server of pushes, until you delete it there: the page opens.",
            confirm_text="Forget it",
        )
        dialog.confirm.setObjectName("confirm-forget-app")
        dialog.finished.connect(lambda answer: self._forget(app) if answer else None)
        dialog.open()

    def _forget(self, app: GitHubApp) -> None:
        self._problem.clear_problem()
        self.act(
            f"Forget {app.name}",
            lambda: self._git.forget_app(app),
            done=lambda _none: waiting.open_address(app.settings_page),
        )
