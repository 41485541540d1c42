"""Cards: the grounds that things stand on, and the card of one figure."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from godploy_desktop.ui.theme import Radius, State, Tone, color
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.charts import Sparkline
from godploy_desktop.ui.widgets.layouts import column, row
from godploy_desktop.ui.widgets.text import Label

_HOVER_MS = 120


class Card(QFrame):
    """A rounded ground; contents go into `body`. A clickable card takes focus, Enter and Space, and tells `clicked`."""

    clicked = Signal()

    def __init__(
        self,
        padding: int = 16,
        *,
        clickable: bool = False,
        name: str = "",
        radius: int = Radius.LG,
        fill: Tone = "surface",
    ) -> None:
        super().__init__()
        self._radius, self._fill = radius, fill
        self._warmth = 0.0
        self._fade: QVariantAnimation | None = None
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(0)
        self.setAccessibleName(name)
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._fade = QVariantAnimation(self)
            self._fade.setDuration(_HOVER_MS)
            self._fade.valueChanged.connect(self._warm)

    def _warm(self, value: float) -> None:
        self._warmth = value
        self.update()

    def _fade_to(self, value: float) -> None:
        if self._fade is not None:
            self._fade.stop()
            self._fade.setStartValue(self._warmth)
            self._fade.setEndValue(value)
            self._fade.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._fade_to(1.0)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._fade_to(0.0)
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if self._fade is not None and inside and event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()
        else:
            super().mouseReleaseEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._fade is None:
            super().mousePressEvent(event)  # a clickable card keeps the press, or Qt sends it the release no more

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._fade is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        line = painting.blend(color("border"), color("border2"), self._warmth)
        painting.card_box(painter, QRectF(self.rect()), self._radius, line, self._fill)
        if self.hasFocus():
            painting.focus_ring(painter, painting.inside(QRectF(self.rect())), self._radius)


class Section(Card):
    """A card with a title line; widgets given last stand at its right end. Contents go into `body`."""

    def __init__(self, title: str, subtitle: str = "", *right: QWidget, padding: int = 16) -> None:
        super().__init__(padding, name=title)
        words = column(Label(title, "md", 600), spacing=2)
        self.subtitle = Label(subtitle, "sm", 400, "text3", wrap=True)
        words.addWidget(self.subtitle)
        self.subtitle.setVisible(bool(subtitle))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addLayout(words, 1)
        for widget in right:
            head.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        self.body.addSpacing(12)


class StatCard(Card):
    """One figure: its name, value with unit, how it changed, and its recent course."""

    def __init__(self, label: str, tone: State = "accent") -> None:
        super().__init__(12, name=label)
        self._label = label
        self._value = Label("–", "xxl", 600)
        self._unit = Label("", "sm", 400, "text3")
        self._delta = Label("", "xs", 500, "text3")
        self._course = Sparkline(tone, height=34)
        self._course.setMaximumWidth(110)
        self._unit.setContentsMargins(0, 0, 0, 3)
        self._delta.setContentsMargins(0, 0, 0, 4)
        self.body.addWidget(Label(label, "sm", 500, "text2"))
        figures = QHBoxLayout()
        figures.setSpacing(4)
        bottom = Qt.AlignmentFlag.AlignBottom
        figures.addWidget(self._value, 0, bottom)
        figures.addWidget(self._unit, 0, bottom)
        figures.addSpacing(6)
        figures.addWidget(self._delta, 0, bottom)
        figures.addStretch(1)
        figures.addWidget(self._course, 2)
        self.body.addLayout(figures)

    def set_value(self, value: str, unit: str = "", delta: str = "", delta_tone: Tone = "text3") -> None:
        """Show `value` with its `unit`, and `delta` (how it changed) in its tone."""
        self._value.setText(value)
        self._unit.setText(unit)
        self._delta.setText(delta)
        self._delta.set_tone(delta_tone)
        self.setAccessibleDescription(f"{self._label}: {value} {unit} {delta}".rstrip())

    def set_series(self, values: Sequence[float], tone: State | None = None) -> None:
        """Show the recent course, oldest first."""
        self._course.set_values(values, tone)


class PropertyList(QWidget):
    """Names and values in two columns, such as versions or addresses. Values can be selected and copied."""

    def __init__(self, name_width: int = 140) -> None:
        super().__init__()
        self._name_width = name_width
        self._values: dict[str, Label] = {}
        self._column = column(spacing=8, parent=self)

    def set(self, key: str, name: str, value: str, *, tone: Tone = "text", mono: bool = False) -> None:
        """Show `value` under `name`; the same `key` again replaces the value."""
        if key in self._values:
            self._values[key].setText(value or "–")
            self._values[key].set_tone(tone)
            return
        title = Label(name, "sm", 400, "text3")
        title.setFixedWidth(self._name_width)
        shown = Label(value or "–", "sm", 400, tone, mono=mono, selectable=True, wrap=True)
        shown.setAccessibleName(name)
        self._values[key] = shown
        line = row(title, spacing=12)
        line.addWidget(shown, 1)
        self._column.addLayout(line)
