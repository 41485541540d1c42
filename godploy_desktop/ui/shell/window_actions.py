"""What the window itself offers by name and key, and what it knows to lead to: servers, projects, services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.shell.actions import Action
from godploy_desktop.ui.shell.places import DESTINATIONS
from godploy_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from godploy_desktop.core.workspace import Workspace
    from godploy_desktop.ui.shell.main_window import MainWindow


def add_window_actions(window: MainWindow) -> None:
    """Register pages, window commands and places."""
    actions = window.actions_registry
    shown = [each for each in DESTINATIONS if window.navigation.knows(each.page)]
    for number, each in enumerate(shown, start=1):
        actions.add(
            Action(
                f"page.{each.page}",
                each.title,
                "Pages",
                lambda page=each.page: window.go(Route(page)),  # type: ignore[misc]  # mypy: default of a lambda
                each.icon,
                shortcut=f"Ctrl+{number}",
            )
        )
    for action in (
        Action(
            "window.palette",
            "Search or run a command",
            "Window",
            window.open_palette,
            "search",
            shortcut="Ctrl+K",
            is_listed=False,
        ),
        Action("window.back", "Back", "Window", window.navigation.back, "arrow-left", shortcut="Alt+Left"),
        Action("window.forward", "Forward", "Window", window.navigation.forward, "arrow-right", shortcut="Alt+Right"),
        Action("window.tasks", "Show tasks", "Window", window.show_tasks, "bell", shortcut="Ctrl+T"),
        Action("window.theme", "Switch between dark and light", "Window", window.toggle_theme, "moon", words="theme"),
        Action(
            "window.theme.system",
            "Follow the system's theme",
            "Window",
            lambda: window.set_theme(ThemeChoice.SYSTEM),
            "monitor",
            words="dark light colour",
        ),
        Action("window.quit", "Quit", "Window", window.close, "log-out", shortcut="Ctrl+Q", words="exit close"),
    ):
        actions.add(action)
    actions.add_source(lambda: places_of(window.workspace, window.go))


def places_of(workspace: Workspace, go: Callable[[Route], object]) -> Iterator[Action]:
    """Give an action for every server, project and service that is known."""
    for server in workspace.servers:
        yield Action(
            f"server.{server.id}",
            server.name,
            "Servers",
            lambda server=server: go(Route("server", server.id)),  # type: ignore[misc]  # mypy: default of a lambda
            "server",
        )
        model = server.model
        for project in model.projects.values():
            yield Action(
                f"project.{server.id}.{project.id}",
                project.name,
                "Projects",
                lambda server=server, project=project: go(Route("project", server.id, project.id)),  # type: ignore[misc]  # mypy: defaults of a lambda
                "folder-kanban",
                detail=server.name,
            )
        for service in model.services.values():
            owner = model.projects.get(service.project_id)
            route = Route("service", server.id, service.project_id, service.id)
            yield Action(
                f"service.{server.id}.{service.id}",
                service.name,
                "Services",
                lambda route=route: go(route),  # type: ignore[misc]  # mypy: default of a lambda
                "box",
                detail=f"{owner.name if owner else ''} · {server.name}".strip(" ·"),
                words=" ".join(domain.host for domain in service.domains),
            )
