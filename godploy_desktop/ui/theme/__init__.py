"""Design tokens, fonts, icons, palette and style sheet: the one place that knows colours and sizes."""

from godploy_desktop.ui.theme.fonts import SIZES, TextSize, font, metrics, text_width
from godploy_desktop.ui.theme.icons import application_icon, icon, icon_pixmap
from godploy_desktop.ui.theme.theme import Theme, ThemeChoice, color, theme, tokens
from godploy_desktop.ui.theme.tokens import DARK, LIGHT, Radius, Size, Space, State, Tokens, Tone

__all__ = [
    "DARK",
    "LIGHT",
    "SIZES",
    "Radius",
    "Size",
    "Space",
    "State",
    "TextSize",
    "Theme",
    "ThemeChoice",
    "Tokens",
    "Tone",
    "application_icon",
    "color",
    "font",
    "icon",
    "icon_pixmap",
    "metrics",
    "text_width",
    "theme",
    "tokens",
]
