"""Lucide icons (ISC) from resources/icons, tinted with a colour of the theme and kept as pixmaps."""

from __future__ import annotations

import functools

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from godploy_desktop.assets import asset

_STROKE = 'stroke-width="1.75"'  # Lucide draws for 24 px; at 16 px its 2 looks heavy beside Inter


@functools.cache
def _svg(name: str) -> str:
    return (asset("resources/icons") / f"{name}.svg").read_text(encoding="utf-8")


@functools.cache
def icon_exists(name: str) -> bool:
    """Whether resources/icons holds `name`."""
    return bool(name) and (asset("resources/icons") / f"{name}.svg").is_file()


def icon_pixmap(name: str, colour: str, size: int = 16) -> QPixmap:
    """Give back an icon in `colour` (#rrggbb), `size` px wide and high, sharp at the screen's own scale."""
    screen = QGuiApplication.primaryScreen()
    return _render(name, colour, size, screen.devicePixelRatio() if screen else 1.0)


@functools.lru_cache(maxsize=1024)
def _render(name: str, colour: str, size: int, scale: float) -> QPixmap:
    source = _svg(name).replace("currentColor", colour).replace('stroke-width="2"', _STROKE)
    pixels = round(size * scale)
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(source.encode()).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def icon(name: str, colour: str, size: int = 16) -> QIcon:
    """Give back the same as a QIcon, for Qt's own menus and fields."""
    return QIcon(icon_pixmap(name, colour, size))


def application_icon() -> QIcon:
    """Give back the icon of the window and the task bar."""
    made = QIcon()
    for size in (16, 32, 64, 128):
        made.addPixmap(_render("godploy", "#000000", size, 1.0))
    return made
