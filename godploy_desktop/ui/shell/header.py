"""The line above every page: where it is, tasks, theme, and the server that the page is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.theme import Radius, Size, State, Tone, icon_pixmap, metrics, text_width, theme, tokens
from godploy_desktop.ui.widgets import Icon, IconButton, Line, MenuEntry, Spinner, clear, open_menu, painting, row
from godploy_desktop.ui.widgets.buttons import PaintedButton


class Header(QWidget):
    """Shows what it is given."""

    def __init__(
        self,
        go: Callable[[Route], object],
        show_tasks: Callable[[], object],
        toggle_theme: Callable[[], object],
        server_menu: Callable[[], Sequence[MenuEntry]],
    ) -> None:
        super().__init__()
        self.setFixedHeight(Size.HEADER)
        self._go = go
        self._crumbs = row(spacing=6)
        self._busy = Spinner(14)
        self._busy.hide()
        self.tasks = IconButton("bell", "Tasks", on_click=show_tasks)
        self.theme = IconButton("sun", "Light theme", on_click=toggle_theme)
        self.server = ServerPill(server_menu)
        self._divider = Line(vertical=True, length=18)
        layout = row(self._crumbs, spacing=6, margins=(24, 0, 24, 0), parent=self)
        layout.addStretch(1)
        for widget in (self._busy, self.tasks, self.theme, self._divider):
            layout.addWidget(widget)
        layout.addSpacing(4)
        layout.addWidget(self.server)
        self.server.hide()
        self._divider.hide()
        theme().theme_changed.connect(self._retint)
        self._retint()

    def _retint(self) -> None:
        if tokens().is_dark:
            self.theme.set_icon("sun", "Light theme")
        else:
            self.theme.set_icon("moon", "Dark theme")

    def set_crumbs(self, crumbs: Sequence[Crumb]) -> None:
        """Show the path to the page; every part but the last leads somewhere."""
        clear(self._crumbs)
        for index, crumb in enumerate(crumbs):
            if index:
                self._crumbs.addWidget(Icon("chevron-right", 14, "text3"))
            self._crumbs.addWidget(_CrumbButton(crumb, self._go, is_last=index == len(crumbs) - 1))

    def set_running(self, count: int) -> None:
        """Say how many tasks run."""
        self._busy.setVisible(bool(count))
        self.tasks.set_count(count)
        self.tasks.setAccessibleName(f"Tasks, {count} running" if count else "Tasks")

    def set_failed(self, count: int) -> None:
        """Say how many tasks failed since the list was last looked at; only while none runs."""
        self.tasks.set_count(count, "err")

    def set_server(self, name: str, state: str, tone: State) -> None:
        """Say which server the page is about, and how it is reached; "" hides it."""
        self.server.setVisible(bool(name))
        self._divider.setVisible(bool(name))
        self.server.set_server(name, state, tone)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.box(painter, QRectF(0, self.height() - 1, self.width(), 1), 0, fill="border")


class _CrumbButton(PaintedButton):
    def __init__(self, crumb: Crumb, go: Callable[[Route], object], *, is_last: bool) -> None:
        super().__init__(crumb.text)
        self._is_last = is_last
        shown = metrics("md", 500).elidedText(crumb.text, Qt.TextElideMode.ElideRight, 240)
        self._shown = shown
        self.setFixedSize(int(text_width(shown, "md", 500)) + 4, 26)
        if crumb.route is None or is_last:
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.setCursor(Qt.CursorShape.ArrowCursor)
        else:
            route = crumb.route
            self.on_click(lambda: go(route))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        links = self.focusPolicy() is not Qt.FocusPolicy.NoFocus
        tone: Tone = "text" if self._is_last or (links and self.underMouse()) else "text3"
        area = QRectF(0, 0, self.width(), self.height())
        painting.text(painter, area, self._shown, tone, "md", 500 if self._is_last else 400)
        if self.hasFocus():
            painting.focus_ring(painter, painting.inside(area), 4)


class ServerPill(PaintedButton):
    """Name and connection of a server; opens what can be done about it."""

    def __init__(self, menu: Callable[[], Sequence[MenuEntry]]) -> None:
        super().__init__("", name="Server")
        self._menu = menu
        self._tone: State = "text3"
        self._state = ""
        self.on_click(self._open)

    def set_server(self, name: str, state: str, tone: State) -> None:
        """Show a server; its state is said in words unless all is well."""
        self._tone, self._state = tone, "" if tone == "ok" else state
        self.setText(name)
        self.setToolTip(f"{name}: {state}")
        self.setAccessibleName(f"Server {name}: {state}")
        self.setFixedSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        state = text_width(self._state, "sm") + 8 if self._state else 0
        return QSize(int(min(180.0, text_width(self.text(), "md", 500)) + state) + 58, Size.CONTROL)

    def _open(self) -> None:
        corner = self.rect().bottomLeft()
        open_menu(self._menu(), self, self.mapToGlobal(corner))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        over = self.underMouse()
        fill: Tone = "hover" if over else "surface"
        painting.box(painter, outline, Radius.MD, fill=fill, line="border2" if over else "border")
        painting.dot(painter, QPointF(15, 16), 3.5, self._tone)
        name = metrics("md", 500).elidedText(self.text(), Qt.TextElideMode.ElideRight, 180)
        painting.text(painter, QRectF(26, 0, 200, Size.CONTROL), name, "text", "md", 500)
        if self._state:
            left = 26 + text_width(name, "md", 500) + 8
            painting.text(painter, QRectF(left, 0, 200, Size.CONTROL), self._state, "text3", "sm")
        painter.drawPixmap(self.width() - 24, 9, icon_pixmap("chevron-down", tokens().text3, 14))
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)
