"""The theme in use: follows the system, or is dark or light because a person chose so."""

from __future__ import annotations

import functools
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from godploy_desktop.ui.theme.fonts import font, load_fonts
from godploy_desktop.ui.theme.palette import palette_of
from godploy_desktop.ui.theme.stylesheet import stylesheet_of
from godploy_desktop.ui.theme.tokens import DARK, LIGHT, Tokens, Tone


class ThemeChoice(StrEnum):
    """What a person may choose."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


class Theme(QObject):
    """Holds the tokens in use and tells when they change.

    `theme_changed` comes after palette and style sheet are set; painters that ask `tokens()` need not listen.
    """

    theme_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choice = ThemeChoice.DARK
        self.tokens: Tokens = DARK

    def install(self, app: QApplication, choice: ThemeChoice = ThemeChoice.SYSTEM) -> None:
        """Give the application its fonts, style, palette and style sheet. Called once, before the first widget."""
        app.setStyle("Fusion")
        load_fonts()
        app.setFont(font("md"))
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.set_choice(choice)

    def set_choice(self, choice: ThemeChoice) -> None:
        """Use `choice` from now on."""
        self.choice = choice
        self._apply(_tokens_for(choice))

    def toggle(self) -> ThemeChoice:
        """Go from dark to light or back; gives back the new choice."""
        self.set_choice(ThemeChoice.LIGHT if self.tokens.is_dark else ThemeChoice.DARK)
        return self.choice

    def _system_changed(self) -> None:
        if self.choice is ThemeChoice.SYSTEM:
            self._apply(_tokens_for(self.choice))

    def _apply(self, tokens: Tokens) -> None:
        self.tokens = tokens
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(palette_of(tokens))
            app.setStyleSheet(stylesheet_of(tokens))
        self.theme_changed.emit()


def _tokens_for(choice: ThemeChoice) -> Tokens:
    if choice is ThemeChoice.SYSTEM:
        # plain X11 answers Unknown: then dark, the look that the window was drawn for first
        hints = QApplication.styleHints()
        return LIGHT if hints.colorScheme() is Qt.ColorScheme.Light else DARK
    return LIGHT if choice is ThemeChoice.LIGHT else DARK


@functools.cache
def theme() -> Theme:
    """Give back the one theme of this process."""
    return Theme()


def tokens() -> Tokens:
    """Give back the tokens in use now."""
    return theme().tokens


def color(tone: Tone) -> QColor:
    """Give back the colour that a tone has now."""
    return _qcolor(getattr(theme().tokens, tone))


@functools.lru_cache(maxsize=256)
def _qcolor(value: str) -> QColor:
    return QColor(value)
