"""Where the sidebar, the palette and the number keys lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from godploy_desktop.ui.models.route import PageName


@dataclass(frozen=True)
class Destination:
    """One entry of the sidebar; `holds` are the pages that it is lit for."""

    page: PageName
    title: str
    icon: str
    holds: tuple[PageName, ...] = ()


DESTINATIONS: Final = (
    Destination("dashboard", "Dashboard", "layout-dashboard", ("dashboard", "welcome")),
    Destination("projects", "Projects", "folder-kanban", ("projects", "project", "service")),
    Destination("servers", "Servers", "server", ("servers", "server")),
    Destination("git", "Git", "git-branch", ("git",)),
    Destination("deployments", "Deployments", "rocket", ("deployments",)),
    Destination("settings", "Settings", "settings", ("settings",)),
)
"""Those whose page exists are shown, in this order; Ctrl+1 leads to the first that is shown, and so on."""
