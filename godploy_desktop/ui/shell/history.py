"""Where the window was: back and forward, as in a browser. No Qt here."""

from __future__ import annotations

from godploy_desktop.ui.models.route import Route

_MOST = 100


class History:
    """A line of places with one of them current."""

    def __init__(self) -> None:
        self._places: list[Route] = []
        self._at = -1

    @property
    def current(self) -> Route | None:
        """Where the window is; None before the first place."""
        return self._places[self._at] if self._at >= 0 else None

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier place."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a place that was gone back from."""
        return self._at < len(self._places) - 1

    def visit(self, route: Route) -> None:
        """Go to a new place; what lay ahead is forgotten. The current place again changes nothing."""
        if route == self.current:
            return
        self._places = [*self._places[: self._at + 1], route][-_MOST:]
        self._at = len(self._places) - 1

    def back(self) -> Route | None:
        """Go to the earlier place, if any, and give it back."""
        if not self.can_go_back:
            return None
        self._at -= 1
        return self._places[self._at]

    def forward(self) -> Route | None:
        """Go to the later place, if any, and give it back."""
        if not self.can_go_forward:
            return None
        self._at += 1
        return self._places[self._at]
