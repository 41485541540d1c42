"""Shows the page of a route, one at a time; the page before is disposed of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol, cast

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from godploy_desktop.ui.models.route import Crumb, PageName, Route
from godploy_desktop.ui.shell.history import History


class ShownPage(Protocol):
    """What the window asks of a page, besides being a QWidget."""

    crumbs: tuple[Crumb, ...]
    crumbs_changed: SignalInstance

    def dispose(self) -> None:
        """End all watching; the page is not shown again."""

    def may_leave(self, go_on: Callable[[], object]) -> bool:
        """Whether nothing would be lost. A page that says no asks the person and calls `go` again afterwards."""

    def focus_first(self) -> None:
        """Put the keyboard where a person would begin."""

    def show_route(self, route: Route) -> bool:
        """Go to another part of this page; False if `route` is not on it."""


PageFactory = Callable[[Route], QWidget]
"""Makes the page of a route; the widget also satisfies ShownPage."""


class Navigation(QWidget):
    """Holds the page that is shown. `moved` tells of every new place, `crumbs_changed` of a new path above it."""

    moved = Signal()
    crumbs_changed = Signal()

    def __init__(self, start: Route) -> None:
        super().__init__()
        self.history = History()
        self._start = start
        self._factories: Mapping[PageName, PageFactory] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._widget: QWidget | None = None

    def set_factories(self, factories: Mapping[PageName, PageFactory]) -> None:
        """Say how pages are made."""
        self._factories = factories

    @property
    def route(self) -> Route:
        """Where the window is."""
        return self.history.current or self._start

    @property
    def page(self) -> ShownPage | None:
        """The page that is shown."""
        return cast(ShownPage, self._widget) if self._widget is not None else None

    @property
    def widget(self) -> QWidget | None:
        """The same page as a widget."""
        return self._widget

    def knows(self, name: PageName) -> bool:
        """Whether there is such a page."""
        return name in self._factories

    def go(self, route: Route) -> bool:
        """Show a place; gives back False if the page before asked to stay."""
        if not self._may_move(lambda: self.go(route)):
            return False
        self.history.visit(route)
        self._show(route)
        return True

    def back(self) -> None:
        """Show the place before."""
        self._step(self.history.back, self.history.forward)

    def forward(self) -> None:
        """Show the place that was gone back from."""
        self._step(self.history.forward, self.history.back)

    def _step(self, move: Callable[[], Route | None], undo: Callable[[], Route | None]) -> None:
        route = move()
        if route is None:
            return
        if self._may_move(lambda: self._step(move, undo)):
            self._show(route)
        else:
            undo()

    def _may_move(self, go_on: Callable[[], object]) -> bool:
        return self.page is None or self.page.may_leave(go_on)

    def _show(self, route: Route) -> None:
        shown = self.page
        if shown is not None and _same_page(self._shown, route) and shown.show_route(route):
            self._shown = route
            self.moved.emit()
            return
        made = self._factories[route.page](route)
        before, self._widget, self._shown = self._widget, made, route
        if before is not None:
            cast(ShownPage, before).dispose()
            before.hide()
            self._layout.removeWidget(before)
            before.deleteLater()
        self._layout.addWidget(made)
        made.show()
        page = cast(ShownPage, made)
        page.crumbs_changed.connect(self.crumbs_changed)
        self.moved.emit()
        self.crumbs_changed.emit()

    _shown = Route("welcome")

    def dispose(self) -> None:
        """End the page that is shown."""
        if self._widget is not None:
            cast(ShownPage, self._widget).dispose()


def _same_page(first: Route, second: Route) -> bool:
    return replace(first, tab="", deployment="") == replace(second, tab="", deployment="")
