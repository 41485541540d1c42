"""The left side of the window: mark, search, destinations, projects, reachability, account."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.models.route import PageName, Route
from godploy_desktop.ui.shell.places import DESTINATIONS
from godploy_desktop.ui.shell.reachability import Reachability
from godploy_desktop.ui.theme import Radius, Size, State, color, font, metrics, text_width
from godploy_desktop.ui.widgets import (
    Card,
    Icon,
    Label,
    Mark,
    MenuButton,
    MenuEntry,
    NavButton,
    SearchBox,
    Surface,
    clear,
    column,
    painting,
    row,
)
from godploy_desktop.ui.widgets.buttons import PaintedButton

_MOST_PROJECTS = 8


@dataclass(frozen=True)
class ProjectLine:
    """A project in the sidebar: its state as a dot and in words, and its server at the right."""

    title: str
    server: str
    tone: State
    state: str
    route: Route


class Sidebar(Surface):
    """Shows what it is given; `go` leads to a place, `search` opens the palette."""

    def __init__(
        self,
        pages: Sequence[PageName],
        go: Callable[[Route], object],
        search: Callable[[], object],
        account_menu: Callable[[], Sequence[MenuEntry]],
        server_menu: Callable[[], Sequence[MenuEntry]],
    ) -> None:
        super().__init__("sunken")
        self.setFixedWidth(Size.SIDEBAR)
        self.setAccessibleName("Navigation")
        self._go = go
        self.search = SearchBox()
        self.search.on_click(search)
        self.buttons: dict[PageName, NavButton] = {}
        for number, each in enumerate((each for each in DESTINATIONS if each.page in pages), start=1):
            button = NavButton(each.icon, each.title, tip=f"{each.title} (Ctrl+{number})")
            button.setAccessibleName(each.title)
            button.on_click(lambda page=each.page: go(Route(page)))  # type: ignore[misc]  # mypy: default of a lambda
            self.buttons[each.page] = button
        self._servers = Label("", "xs", 400, "text3")
        names = column(Label("Godploy", "md", 600), self._servers, spacing=0)
        self._switch = MenuButton(server_menu, "Servers", "chevrons-up-down")
        self._switch.setFixedSize(28, 28)
        head = row(Mark(), names, None, self._switch, spacing=10, margins=(4, 2, 0, 2))
        self._heading = Label("PROJECTS", "xs", 600, "text3")
        self._heading.setContentsMargins(10, 0, 0, 4)
        self._projects = column(spacing=2)
        self._card = Card(12, clickable=True, radius=10, name="Servers")
        self._card.clicked.connect(lambda: go(Route("servers")))
        self._reach_icon = Icon("server", 16, "text3")
        self._reach_title = Label("", "sm", 500, elide=True)
        self._reach_detail = Label("", "xs", 400, "text3", elide=True)
        line = row(self._reach_icon, spacing=8)
        line.addWidget(self._reach_title, 1)
        self._card.body.addLayout(line)
        self._card.body.addSpacing(4)
        self._card.body.addWidget(self._reach_detail)
        account = _account_name()
        words = column(Label(f"Signed in as {account}", "md", 500, elide=True), spacing=0)
        words.addWidget(Label("this computer", "xs", 400, "text3"))
        menu = MenuButton(account_menu, "Menu", "ellipsis")
        menu.setFixedSize(28, 28)
        foot = row(_Avatar(account), spacing=10, margins=(6, 0, 0, 0))
        foot.addLayout(words, 1)
        foot.addWidget(menu)
        layout = column(head, 12, self.search, 12, spacing=2, margins=(12, 12, 12, 12), parent=self)
        for button in self.buttons.values():
            layout.addWidget(button)
        layout.addSpacing(18)
        layout.addWidget(self._heading)
        layout.addLayout(self._projects)
        layout.addStretch(1)
        layout.addWidget(self._card)
        layout.addSpacing(10)
        layout.addLayout(foot)
        self._lines: tuple[ProjectLine, ...] | None = None
        self._heading.hide()

    def set_place(self, route: Route) -> None:
        """Light the destination that a place belongs to."""
        for each in DESTINATIONS:
            if each.page in self.buttons:
                self.buttons[each.page].setChecked(route.page in (each.holds or (each.page,)))

    def set_badge(self, page: PageName, badge: str) -> None:
        """Show a count at a destination; "" hides it."""
        if page in self.buttons:
            self.buttons[page].set_badge(badge)

    def set_servers(self, count: int) -> None:
        """Say how many servers there are."""
        self._servers.setText("No servers yet" if not count else f"{count} server{'s' if count != 1 else ''}")

    def set_reachability(self, reach: Reachability) -> None:
        """Say how the servers are reached."""
        self._reach_icon.set_icon(reach.icon, reach.tone)
        self._reach_title.setText(reach.title)
        self._reach_detail.setText(reach.detail)
        self._card.setAccessibleName(f"{reach.title}, {reach.detail}")

    def set_projects(self, lines: Sequence[ProjectLine]) -> None:
        """List these projects."""
        if tuple(lines) == self._lines:
            return
        self._lines = tuple(lines)
        clear(self._projects)
        self._heading.setVisible(bool(lines))
        for line in lines[:_MOST_PROJECTS]:
            button = _ProjectButton(line)
            button.on_click(lambda route=line.route: self._go(route))  # type: ignore[misc]  # mypy: default of a lambda
            self._projects.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.height() - 460 - 34 * len(self.buttons)
        for index in range(self._projects.count()):
            if (item := self._projects.itemAt(index)) is not None and (widget := item.widget()) is not None:
                widget.setVisible((index + 1) * 32 <= max(32, room + 160))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = painting.smooth_painter(self)
        painter.fillRect(self.width() - 1, 0, 1, self.height(), color("border"))


class _ProjectButton(PaintedButton):
    def __init__(self, line: ProjectLine) -> None:
        super().__init__(line.title, name=f"Project {line.title} on {line.server}: {line.state}")
        self._line = line
        self.setFixedHeight(30)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(180, 30)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        if self.underMouse():
            painting.box(painter, outline, Radius.MD, fill="hover")
        painting.dot(painter, QPointF(17.5, 15), 3.5, self._line.tone)
        server = metrics("xs").elidedText(self._line.server, Qt.TextElideMode.ElideRight, 70)
        width = text_width(server, "xs")
        painting.text(painter, QRectF(self.width() - width - 10, 0, width + 1, 30), server, "text3", "xs")
        room = self.width() - 31 - width - 20
        title = metrics("md").elidedText(self._line.title, Qt.TextElideMode.ElideRight, room)
        painting.text(painter, QRectF(32, 0, room, 30), title, "text2")
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)


class _Avatar(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._letters = name[:2].upper()
        self.setFixedSize(28, 28)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.box(painter, QRectF(self.rect()), 14, fill="violet_soft")
        painter.setPen(color("violet"))
        painter.setFont(font("xs", 600))
        painter.drawText(self.rect(), int(painting.CENTRE), self._letters)


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "user"
