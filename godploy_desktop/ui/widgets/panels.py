"""What a page shows instead of its contents: nothing there yet, still loading, failed; and the banner above it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import Radius, State, color
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import Button, ButtonKind, IconButton
from godploy_desktop.ui.widgets.cards import Card
from godploy_desktop.ui.widgets.layouts import column, row
from godploy_desktop.ui.widgets.progress import Moving, Spinner
from godploy_desktop.ui.widgets.text import Icon, IconTile, Label, soft
from godploy_server.contract import Problem

_ICONS: dict[State, str] = {
    "ok": "circle-check",
    "warn": "triangle-alert",
    "err": "circle-alert",
    "info": "info",
    "accent": "info",
    "text3": "info",
}


def state_icon(tone: State) -> str:
    """Give back the icon that goes with a state, so that no state is told by colour alone."""
    return _ICONS[tone]


class EmptyState(QWidget):
    """Says that there is nothing yet, why that is fine, and offers what to do."""

    def __init__(self, icon: str, title: str, content: str, *buttons: QWidget) -> None:
        super().__init__()
        self.setAccessibleName(title)
        centre = Qt.AlignmentFlag.AlignHCenter
        self._title = Label(title, "lg", 600)
        words = Label(content, "md", 400, "text2", wrap=True)
        words.setAlignment(centre)
        words.setFixedWidth(420)
        words.setMinimumHeight(words.heightForWidth(420))  # aligned, the layout would give it one line's height
        layout = column(None, spacing=0, margins=(24, 32, 24, 32), parent=self)
        layout.addWidget(IconTile(icon, 48), 0, centre)
        layout.addSpacing(14)
        layout.addWidget(self._title, 0, centre)
        layout.addSpacing(6)
        layout.addWidget(words, 0, centre)
        if buttons:
            layout.addSpacing(18)
            layout.addLayout(row(None, *buttons, None))
        layout.addStretch(1)


class ErrorPanel(Card):
    """A problem as a person reads it: what happened, why, what to do next; to retry, and to copy."""

    def __init__(self, problem: Problem, on_retry: Callable[[], object] | None = None) -> None:
        super().__init__(16, name=problem.what)
        self.problem = problem
        self.setAccessibleDescription(str(problem))
        self._what = Label(problem.what, "md", 600, wrap=True, selectable=True)
        self._why = Label(_sentence(problem.why), "sm", 400, "text2", wrap=True, selectable=True)
        self._next = Label(_sentence(problem.next_step), "sm", 500, "text", wrap=True, selectable=True)
        words = column(self._what, self._why, spacing=4)
        advice = row(Icon("lightbulb", 14, "accent"), spacing=6)
        advice.addWidget(self._next, 1)
        words.addSpacing(4)
        words.addLayout(advice)
        words.addSpacing(8)
        self._copy = Button("Copy", "copy", ButtonKind.GHOST, tip="Copy the problem as text", on_click=self._copy_text)
        buttons = row(spacing=8)
        if on_retry is not None:
            self.retry = Button("Try again", "rotate-cw", on_click=on_retry)
            buttons.addWidget(self.retry)
        buttons.addWidget(self._copy)
        buttons.addWidget(Label(problem.code, "xs", 400, "text3", mono=True))
        buttons.addStretch(1)
        words.addLayout(buttons)
        line = row(spacing=12)
        line.addWidget(IconTile("circle-alert", 34, "err"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        self.body.addLayout(line)

    def _copy_text(self) -> None:
        lines = (self.problem.what, self.problem.why, self.problem.next_step, f"[{self.problem.code}]")
        QGuiApplication.clipboard().setText("\n".join(lines))
        self._copy.set_content("Copied", "check")


def _sentence(words: str) -> str:
    """Problems hold sentences without a full stop and a capital letter; here they are read as sentences."""
    words = words.strip()
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words.endswith((".", "!", "?", "…")) else ".")


class Skeleton(Moving):
    """Grey bars where text will be."""

    def __init__(self, lines: int = 3) -> None:
        super().__init__(period_ms=1600)
        self._lines = lines
        self.setFixedHeight(lines * 22)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Loading")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painter.setOpacity(0.55 + 0.45 * abs(self.phase * 2 - 1))
        for index in range(self._lines):
            share = (0.9, 0.72, 0.84, 0.6)[index % 4]
            painting.box(painter, QRectF(0, index * 22 + 5, self.width() * share, 12), 4, fill="active")


class LoadingPanel(QWidget):
    """Says what is being fetched, over grey bars."""

    def __init__(self, content: str = "Loading…", lines: int = 4) -> None:
        super().__init__()
        self.setAccessibleName(content)
        layout = column(row(Spinner(), Label(content, "md", 400, "text2"), None), 12, parent=self, spacing=0)
        layout.addWidget(Skeleton(lines))
        layout.addStretch(1)


class Banner(QWidget):
    """One line over the page about the state of things (connection lost, settings not deployed yet), with an action."""

    def __init__(self, tone: State = "warn") -> None:
        super().__init__()
        self._tone: State = tone
        self._icon = Icon(state_icon(tone), 16, tone)
        self._spinner = Spinner(14, "text2")
        self._words = Label("", "sm", 500, "text", elide=True)
        self._words.setMinimumWidth(40)
        self._detail = Label("", "sm", 400, "text2", elide=True)
        self._action = Button("", kind=ButtonKind.GHOST)
        self._on_action: Callable[[], object] | None = None
        self._action.on_click(self._run_action)
        layout = row(self._icon, self._spinner, spacing=10, margins=(14, 0, 6, 0), parent=self)
        layout.addWidget(self._words)
        layout.addWidget(self._detail, 1)
        layout.addWidget(self._action)
        self.setFixedHeight(38)
        self.setVisible(False)

    def show_message(
        self,
        content: str,
        action_text: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        detail: str = "",
        tone: State | None = None,
        busy: bool = False,
    ) -> None:
        """Show `content`, with a button for `on_action` if given; `busy` turns a spinner."""
        self._tone = tone or self._tone
        self._icon.set_icon(state_icon(self._tone), self._tone)
        self._icon.setVisible(not busy)
        self._spinner.setVisible(busy)
        self._words.setText(content)
        self._detail.setText(detail)
        self._on_action = on_action
        self._action.setVisible(on_action is not None)
        self._action.set_content(action_text)
        self.setAccessibleName(f"{content} {detail}".strip())
        self.setVisible(True)
        self.update()

    def clear(self) -> None:
        """Hide the banner."""
        self.setVisible(False)

    def _run_action(self) -> None:
        if self._on_action is not None:
            self._on_action()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        line = QColor(color(self._tone))
        line.setAlpha(90)
        painter.setPen(line)
        painter.setBrush(color(soft(self._tone)))
        painter.drawRoundedRect(painting.inside(QRectF(self.rect())), Radius.MD, Radius.MD)


class Toast(QWidget):
    """A short notice that goes by itself; `closed` is called when it does or when a person closes it."""

    def __init__(
        self,
        content: str,
        tone: State,
        on_close: Callable[[Toast], object],
        *,
        detail: str = "",
        action_text: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._tone: State = tone
        self.setAccessibleName(f"{content} {detail}".strip())
        self.setFixedWidth(340)
        words = column(Label(content, "sm", 500, wrap=True), spacing=2)
        if detail:
            words.addWidget(Label(detail, "sm", 400, "text2", wrap=True))
        if on_action is not None:
            act = on_action
            words.addSpacing(4)
            words.addLayout(row(Button(action_text, on_click=lambda: (act(), on_close(self))), None))
        layout = row(spacing=10, margins=(14, 12, 8, 12), parent=self)
        top = Qt.AlignmentFlag.AlignTop
        layout.addWidget(Icon(state_icon(tone), 16, tone), 0, top)
        layout.addLayout(words, 1)
        layout.addWidget(IconButton("x", "Close", on_click=lambda: on_close(self), size=24), 0, top)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.card_box(painter, QRectF(self.rect()), Radius.MD, color("border2"), "raised")
