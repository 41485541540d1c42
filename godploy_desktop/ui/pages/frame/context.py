"""What every page gets: the workspace, the window around it, and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.theme.tokens import State

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.core.workspace import Workspace


class Shell(Protocol):
    """What a page may ask of the window around it."""

    def go(self, route: Route) -> None:
        """Show another place."""

    def notify(self, text: str, tone: State = "ok") -> None:
        """Say something in passing."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """Handed to each page when it is made. `now` is replaced where the same picture is wanted every time."""

    workspace: Workspace
    shell: Shell
    now: Callable[[], datetime] = field(default=_utc_now)

    def server(self, identity: int) -> Server | None:
        """Give back the server with that id, or None when it is no longer in the list."""
        return next((each for each in self.workspace.servers if each.id == identity), None)
