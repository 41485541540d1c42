"""The window: sidebar, header, the page, and what lies over them. It shows the workspace and steers nothing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QMouseEvent, QShortcut

from godploy_desktop.core.tasks import Task, TaskState
from godploy_desktop.ui.models import connection_words, summaries
from godploy_desktop.ui.models.route import PageName, Route
from godploy_desktop.ui.shell.actions import ActionRegistry
from godploy_desktop.ui.shell.async_slots import AsyncSlots
from godploy_desktop.ui.shell.command_palette import CommandPalette
from godploy_desktop.ui.shell.geometry import remember_geometry, restore_geometry
from godploy_desktop.ui.shell.header import Header
from godploy_desktop.ui.shell.navigation import Navigation, PageFactory
from godploy_desktop.ui.shell.notifications import Notifications
from godploy_desktop.ui.shell.overlay import Overlay
from godploy_desktop.ui.shell.qt_bridge import WorkspaceWatch, observe
from godploy_desktop.ui.shell.reachability import reachability
from godploy_desktop.ui.shell.sidebar import ProjectLine, Sidebar
from godploy_desktop.ui.shell.task_dialog import ProblemDialog, TaskDialog
from godploy_desktop.ui.shell.task_list import TaskPopover
from godploy_desktop.ui.shell.window_actions import add_window_actions
from godploy_desktop.ui.theme import State, ThemeChoice, application_icon, theme
from godploy_desktop.ui.widgets import Button, ConfirmDialog, MenuEntry, Surface, column, open_dialog_of, row
from godploy_server.contract import Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.core.workspace import Workspace

PageFactories = Callable[["Workspace", "MainWindow"], Mapping[PageName, PageFactory]]

_FIRST_SIZE = (1440, 900)
_LEAST_SIZE = (940, 600)


class MainWindow(Surface):
    """Made cheaply from a workspace that need not be open yet. `closing` tells that the person wants to end."""

    closing = Signal()

    def __init__(self, workspace: Workspace, page_factories: PageFactories, start: Route | None = None) -> None:
        super().__init__("bg")
        self.workspace = workspace
        self.actions_registry = ActionRegistry()
        self.slots = AsyncSlots(self.show_problem)
        self._may_close = False
        self._failed = 0
        self.setWindowTitle("Godploy")
        self.setWindowIcon(application_icon())
        self.setMinimumSize(*_LEAST_SIZE)
        if not restore_geometry(self, workspace):
            self.resize(*_FIRST_SIZE)
        self.navigation = Navigation(start or Route("dashboard"))
        factories = page_factories(workspace, self)
        self.navigation.set_factories(factories)
        self.sidebar = Sidebar(list(factories), self.go, self.open_palette, self._account_menu, self._servers_menu)
        self.header = Header(self.go, self.show_tasks, self.toggle_theme, self._server_menu)
        self.notifications = Notifications(self)
        right = column(self.header, spacing=0)
        right.addWidget(self.navigation, 1)
        layout = row(spacing=0, parent=self)
        layout.addWidget(self.sidebar)
        layout.addLayout(right, 1)
        self.navigation.moved.connect(self._moved)
        self.navigation.crumbs_changed.connect(self._show_crumbs)
        add_window_actions(self)
        self._bind_keys()
        self.watch = WorkspaceWatch(workspace, self)
        self.watch.changed.connect(self.refresh_frame)
        observe(workspace.tasks.added, self, self._task_changed)
        observe(workspace.tasks.changed, self, self._task_changed)
        self.refresh_frame()
        self.navigation.go(self.navigation.route)
        self.sidebar.search.setFocus(Qt.FocusReason.OtherFocusReason)

    # what pages ask of it

    def go(self, route: Route) -> None:
        """Show another place, unless the page asks to stay."""
        self.navigation.go(route)

    def notify(self, text: str, tone: State = "ok") -> None:
        """Say something in passing."""
        self.notifications.show_notice(text, tone)

    def run(self, work: Callable[[], Awaitable[object]], button: Button | None = None, doing: str = "This") -> None:
        """Run a coroutine for a click: `button` is busy meanwhile, a problem is shown."""
        self.slots.run(work, button, doing)

    def show_problem(self, problem: Problem) -> None:
        """Show a problem that belongs to no page."""
        ProblemDialog(self, problem).open()

    # the frame

    def refresh_frame(self) -> None:
        """Show what is true now around the page."""
        servers = self.workspace.servers
        models = [server.model for server in servers]
        projects = sum(len(model.projects) for model in models)
        active = sum(len(summaries.under_way(model.deployments.values())) for model in models)
        self.sidebar.set_servers(len(servers))
        self.sidebar.set_badge("projects", str(projects or ""))
        self.sidebar.set_badge("servers", str(len(servers) or ""))
        self.sidebar.set_badge("deployments", str(active or ""))
        self.sidebar.set_reachability(reachability(models))
        self.sidebar.set_projects(self._project_lines())
        self._show_server()

    def _project_lines(self) -> list[ProjectLine]:
        lines = []
        for server in self.workspace.servers:
            for project in sorted(server.model.projects.values(), key=lambda each: each.name):
                state, tone = summaries.project_state(server.model.services_of(project.id))
                shown: State = tone if server.model.is_live else "text3"
                lines.append(
                    ProjectLine(project.name, server.name, shown, state, Route("project", server.id, project.id))
                )
        return lines

    def _server(self) -> Server | None:
        """The server that the page is about."""
        wanted = self.navigation.route.server
        return next((each for each in self.workspace.servers if each.id == wanted), None)

    def _show_server(self) -> None:
        server = self._server()
        if server is None:
            self.header.set_server("", "", "text3")
        else:
            self.header.set_server(server.name, *connection_words.connection_state(server.model))

    def _moved(self) -> None:
        self.sidebar.set_place(self.navigation.route)
        self._show_server()
        if self.isActiveWindow() and self.navigation.page is not None:
            self.navigation.page.focus_first()

    def _show_crumbs(self) -> None:
        page = self.navigation.page
        if page is not None:
            self.header.set_crumbs(page.crumbs)
            last = page.crumbs[-1].text if page.crumbs else ""
            self.setWindowTitle(f"{last} – Godploy" if last else "Godploy")

    # menus

    def _account_menu(self) -> Sequence[MenuEntry]:
        return (
            MenuEntry("Settings", lambda: self.go(Route("settings")), "settings", is_enabled=self._knows("settings")),
            MenuEntry("Commands and keys", self.open_palette, "command"),
            MenuEntry(""),
            MenuEntry("Quit", self.close, "log-out"),
        )

    def _servers_menu(self) -> Sequence[MenuEntry]:
        entries = [
            MenuEntry(server.name, lambda server=server: self.go(Route("server", server.id)), "server")  # type: ignore[misc]  # mypy: default of a lambda
            for server in self.workspace.servers
        ]
        if entries:
            entries.append(MenuEntry(""))
        return (*entries, MenuEntry("All servers", lambda: self.go(Route("servers")), "list"))

    def _server_menu(self) -> Sequence[MenuEntry]:
        server = self._server()
        if server is None:
            return ()
        live = server.model.is_live
        return (
            MenuEntry(f"About {server.name}", lambda: self.go(Route("server", server.id)), "server"),
            MenuEntry(
                "Connect again", lambda: self.run(server.reconnect, doing="Connecting"), "plug", is_enabled=not live
            ),
            MenuEntry(""),
            *self._servers_menu(),
        )

    def _knows(self, page: PageName) -> bool:
        return self.navigation.knows(page)

    # tasks

    def _task_changed(self, task: Task[object]) -> None:
        running = len(self.workspace.tasks.running)
        if task.state is TaskState.FAILED and task.ended_at is not None:
            self._failed += 1
        self.header.set_running(running)
        if not running:
            self.header.set_failed(self._failed)

    def show_tasks(self) -> None:
        """Open the list of tasks under the bell."""
        if self.is_covered:
            return
        self._failed = 0
        bell = self.header.tasks
        anchor = bell.mapTo(self, QPoint(bell.width() // 2, bell.height() + 6))
        TaskPopover(self, self.workspace.tasks, anchor, lambda task: TaskDialog(self, task).open()).open()
        self.header.set_running(len(self.workspace.tasks.running))

    # theme, palette, keys

    def toggle_theme(self) -> None:
        """Go from dark to light or back, and remember it."""
        self.set_theme(ThemeChoice.LIGHT if theme().tokens.is_dark else ThemeChoice.DARK)

    def set_theme(self, choice: ThemeChoice) -> None:
        """Use a theme and remember it."""
        theme().set_choice(choice)
        self.workspace.set_setting("theme", choice.value)

    def open_palette(self) -> None:
        """Open the command palette, unless something lies over the window already."""
        if not self.is_covered:
            CommandPalette(self, self.actions_registry).open()

    @property
    def is_covered(self) -> bool:
        """Whether a dialog, the palette or a list lies over the page; keys then belong to it."""
        return open_dialog_of(self) is not None or any(each.isVisible() for each in self.findChildren(Overlay))

    def _bind_keys(self) -> None:
        for action in self.actions_registry.with_shortcuts():
            shortcut = QShortcut(QKeySequence(action.shortcut), self)
            shortcut.activated.connect(lambda action=action: self.is_covered or action.run())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        match event.button():
            case Qt.MouseButton.BackButton:
                self.navigation.back()
            case Qt.MouseButton.ForwardButton:
                self.navigation.forward()
            case _:
                super().mousePressEvent(event)

    # the end

    def closeEvent(self, event: QCloseEvent) -> None:
        running = self.workspace.tasks.running
        if running and not self._may_close:
            event.ignore()
            if not self.is_covered:
                self._ask_before_closing([task.title for task in running])
            return
        remember_geometry(self, self.workspace)
        self.closing.emit()
        event.accept()

    def _ask_before_closing(self, titles: list[str]) -> None:
        dialog = ConfirmDialog(
            self,
            "Quit while this runs?",
            "These are cancelled. Deployments that a server has begun go on there.",
            losses=titles,
            confirm_text="Quit",
        )
        dialog.finished.connect(self._close_if)
        dialog.open()

    def _close_if(self, confirmed: object) -> None:
        if confirmed:
            self._may_close = True
            self.close()

    def dispose(self) -> None:
        """End all watching, before the workspace closes."""
        self.watch.stop()
        self.navigation.dispose()
