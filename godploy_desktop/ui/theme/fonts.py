"""Inter for the window, JetBrains Mono for logs and hashes; both lie in resources/fonts: every machine looks alike."""

from __future__ import annotations

import functools
from typing import Final, Literal

from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

from godploy_desktop.assets import asset

TextSize = Literal["xs", "sm", "md", "lg", "xl", "xxl"]

SIZES: Final[dict[TextSize, int]] = {"xs": 11, "sm": 12, "md": 13, "lg": 15, "xl": 20, "xxl": 22}
"""Text sizes in px."""

_SANS: Final = "Inter"
_MONO: Final = "JetBrains Mono"


def load_fonts() -> None:
    """Register the bundled fonts with the running application."""
    for file in sorted(asset("resources/fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(file))


@functools.cache
def font(size: TextSize | int = "md", weight: int = 400, *, mono: bool = False) -> QFont:
    """Give back the font of a text size (a name, or px) and weight (400, 500 or 600).

    Figures are tabular, so that changing numbers do not jitter; ligatures are off in logs, where `!=` must stay two
    characters wide. The value is shared: copy it before changing it.
    """
    pixels = SIZES[size] if isinstance(size, str) else size
    made = QFont(_MONO if mono else _SANS)
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight(weight))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setFeature(QFont.Tag("tnum"), 1)
    if mono:
        made.setStyleHint(QFont.StyleHint.Monospace)
        made.setFixedPitch(True)
        made.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)  # a quarter faster in a busy log
        made.setFeature(QFont.Tag("liga"), 0)
        made.setFeature(QFont.Tag("calt"), 0)
    elif pixels >= SIZES["lg"]:
        made.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -0.3)
    return made


@functools.cache
def metrics(size: TextSize | int = "md", weight: int = 400, *, mono: bool = False) -> QFontMetricsF:
    """Give back the measures of `font(size, weight, mono=mono)`, in px."""
    return QFontMetricsF(font(size, weight, mono=mono))


def text_width(text: str, size: TextSize | int = "md", weight: int = 400, *, mono: bool = False) -> float:
    """Give back how wide `text` is, in px."""
    return metrics(size, weight, mono=mono).horizontalAdvance(text)
