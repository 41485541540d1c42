"""The line above a log: what it is, whether it is live, levels, filter, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from godploy_desktop.ui.theme import icon, theme, tokens
from godploy_desktop.ui.widgets.buttons import Chip, IconButton
from godploy_desktop.ui.widgets.fields import FilterField
from godploy_desktop.ui.widgets.layouts import row
from godploy_desktop.ui.widgets.log_view.scan import COUNTED, Level, LevelCounts, Question
from godploy_desktop.ui.widgets.text import Icon, Label, Pill

_TIGHTEST = 4
"""How far the line gives way where it is narrow: 1 figures and wrap, 2 the levels, 3 the filter, 4 the state too."""


class LogToolbar(QWidget):
    """Tells `asked` when level, text or the way of searching change."""

    asked = Signal()
    stepped = Signal(int)  # to the next (1) or the previous (-1) match

    def __init__(self, title: str) -> None:
        super().__init__()
        self.pill = Pill("Live", "ok")
        self.levels: dict[Level | None, Chip] = {
            None: Chip("All"),
            Level.INFO: Chip("Info", "info"),
            Level.WARN: Chip("Warn", "warn"),
            Level.ERROR: Chip("Error", "err"),
        }
        self._level: Level | None = None
        self._tightness = 0
        self._needed = [0] * _TIGHTEST  # the width that each looser state was seen to need
        self._shown_counts: dict[Level | None, str] = {}
        self.levels[None].setChecked(True)
        for level, chip in self.levels.items():
            chip.on_click(lambda level=level: self.set_level(level))  # type: ignore[misc]  # mypy: default of a lambda
        self.field = FilterField("Filter, e.g. status=500 or /items/")
        self.field.setMinimumWidth(150)
        self.field.setMaximumWidth(280)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._regex = self._field_switch("Regular expression")
        self._only = self._field_switch("Show matching lines only")
        self._only.setChecked(True)
        self.field.returnPressed.connect(lambda: self.stepped.emit(1))
        self.found = Label("", "xs", 400, "text3")
        self.previous = IconButton("arrow-up", "Previous match (Shift+F3)", on_click=lambda: self.stepped.emit(-1))
        self.next = IconButton("arrow-down", "Next match (F3)", on_click=lambda: self.stepped.emit(1))
        self.wrap = IconButton("wrap-text", "Wrap long lines")
        self.wrap.setCheckable(True)
        self.pause = IconButton("pause", "Hold still")
        self.end = IconButton("arrow-down-to-line", "Jump to the end (End)")
        self.save = IconButton("download", "Save as a file")
        layout = row(Icon("terminal"), Label(title, "md", 600), self.pill, 6, spacing=8, parent=self)
        layout.setContentsMargins(14, 8, 8, 8)
        for chip in self.levels.values():
            layout.addWidget(chip)
        layout.addStretch(1)
        layout.addWidget(self.found)
        layout.addWidget(self.field, 8)
        for button in (self.previous, self.next, self.wrap, self.pause, self.end, self.save):
            layout.addWidget(button)
        layout.setSpacing(8)
        self.field.textChanged.connect(lambda _text: self._ask())
        for switch in (self._regex, self._only):
            switch.toggled.connect(lambda _on: self._ask())
        theme().theme_changed.connect(self._retint)
        self._ask()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, super().minimumSizeHint().height())  # it gives way instead of pushing a page apart

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what does not fit, least needed first; the log's own menu and keys offer most of it too."""
        while self._tightness and self.width() >= self._needed[self._tightness - 1]:
            self._tighten(self._tightness - 1)
        while self._tightness < _TIGHTEST and (needed := self._least_width()) > self.width():
            self._needed[self._tightness] = needed
            self._tighten(self._tightness + 1)

    def _least_width(self) -> int:
        layout = self.layout()
        return layout.minimumSize().width() if layout is not None else 0

    def _tighten(self, tightness: int) -> None:
        self._tightness = tightness
        self.wrap.setHidden(tightness >= 1)
        self._show_shown_counts()
        for level, chip in self.levels.items():
            is_in_force = level is self._level and level is not None
            chip.setHidden(tightness >= 2 and not is_in_force)
        self.field.setHidden(tightness >= 3 and not self.field.text())
        self.pill.setHidden(tightness >= 4)

    def _field_switch(self, name: str) -> QAction:
        action = QAction(name, self.field)
        action.setCheckable(True)
        self.field.addAction(action, QLineEdit.ActionPosition.TrailingPosition)
        return action

    def _retint(self) -> None:
        for action, name in ((self._regex, "regex"), (self._only, "list-filter")):
            action.setIcon(icon(name, tokens().accent if action.isChecked() else tokens().text3, 14))

    def _ask(self) -> None:
        self._retint()
        searching = bool(self.field.text()) and not self._only.isChecked()
        for each in (self.previous, self.next):
            each.setVisible(searching)
        self._fit()
        self.asked.emit()

    @property
    def hides_others(self) -> bool:
        """Whether lines without a match are hidden."""
        return self._only.isChecked()

    def set_hides_others(self, hides: bool) -> None:
        """Hide lines without a match, or only mark the matches."""
        self._only.setChecked(hides)

    def set_regex(self, is_regex: bool) -> None:
        """Take the text as a regular expression, or as it is."""
        self._regex.setChecked(is_regex)

    @property
    def question(self) -> Question:
        """What is asked for now."""
        return Question(self.field.text(), self._regex.isChecked(), self._level)

    def set_level(self, level: Level | None) -> None:
        """Show one level only, or all with None."""
        self._level = level
        for each, chip in self.levels.items():
            chip.setChecked(each is level)
        self._ask()

    def set_wrong(self, why: str) -> None:
        """Say that the expression cannot be used; "" says that it can."""
        self.field.setProperty("invalid", bool(why))
        self.field.setToolTip(why)
        self.field.style().unpolish(self.field)
        self.field.style().polish(self.field)

    def show_counts(self, lines: int, counts: LevelCounts) -> None:
        """Show how many lines there are."""
        shown: dict[Level | None, str] = {None: short_count(lines)}
        for level in COUNTED:
            shown[level] = short_count(counts.counts[level]) if counts.counts[level] else ""
        if shown != self._shown_counts:
            self._shown_counts = shown
            self._show_shown_counts()
            self._fit()

    def _show_shown_counts(self) -> None:
        for level, count in self._shown_counts.items():
            self.levels[level].set_count("" if self._tightness else count)


def short_count(count: int) -> str:
    """Give back a count as it fits on a chip: 312, 48.2k, 1.2M."""
    if count < 1000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k"
    return f"{count / 1_000_000:.1f}M"
