"""The QPalette of a theme: what Qt's own widgets (menus, text cursors, selections) take their colours from."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from godploy_desktop.ui.theme.tokens import Tokens


def palette_of(tokens: Tokens) -> QPalette:
    """Give back the palette that goes with `tokens`."""
    role = QPalette.ColorRole
    palette = QPalette()
    for each, colour in {
        role.Window: tokens.bg,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text,
        role.Button: tokens.surface,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.on_accent,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.text3,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.text,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.Mid: tokens.border,
        role.Dark: tokens.border2,
        role.Light: tokens.raised,
        role.Accent: tokens.accent,
    }.items():
        palette.setColor(each, QColor(colour))
    for each in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(tokens.text3))
    return palette
