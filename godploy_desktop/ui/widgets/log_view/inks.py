"""What the colours of a log are in the theme in use."""

from __future__ import annotations

from PySide6.QtGui import QColor

from godploy_desktop.ui.theme import Tokens, Tone
from godploy_desktop.ui.widgets.log_view.ansi import Ink

_TONES: dict[str, Tone] = {
    "": "log_text",
    "black": "text3",
    "red": "err",
    "green": "ok",
    "yellow": "warn",
    "blue": "accent",
    "magenta": "violet",
    "cyan": "info",
    "white": "text",
}


def ink_colour(ink: Ink, tokens: Tokens) -> QColor:
    """Give back the colour that text in `ink` has."""
    if ink.inverse:
        return QColor(tokens.surface) if not ink.ground else _colour(ink.ground, tokens)
    if ink.dim and not ink.colour:
        return QColor(tokens.text3)
    return _colour(ink.colour, tokens)


def ink_ground(ink: Ink, tokens: Tokens) -> QColor | None:
    """Give back what lies under text in `ink`, None for the log's own ground."""
    if ink.inverse:
        return _colour(ink.colour, tokens)
    return _colour(ink.ground, tokens) if ink.ground else None


def _colour(name: str, tokens: Tokens) -> QColor:
    if name.startswith("#"):
        return QColor(name)
    tone = _TONES[name.removeprefix("bright-")]
    return QColor(getattr(tokens, "text3" if name == "bright-black" else tone))
