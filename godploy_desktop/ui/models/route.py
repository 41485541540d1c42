"""Where the window is: one value, so that links, the palette, history and tests speak of places alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

PageName = Literal[
    "welcome", "dashboard", "servers", "server", "projects", "project", "service", "deployments", "git", "settings"
]


@dataclass(frozen=True)
class Route:
    """A place. `server` is a server's id in the workspace (0 for none); `project`, `service` and `deployment` are ids
    on that server; `tab` is a tab of the page ("" for its first)."""

    page: PageName
    server: int = 0
    project: str = ""
    service: str = ""
    deployment: str = ""
    tab: str = ""

    def on(self, tab: str) -> Route:
        """The same place with another tab."""
        return replace(self, tab=tab)


@dataclass(frozen=True)
class Crumb:
    """One part of the path above a page; the last has no route."""

    text: str
    route: Route | None = None
