"""Menus that open beside what was pressed and never block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from godploy_desktop.ui.theme import icon, tokens
from godploy_desktop.ui.widgets.buttons import IconButton


@dataclass(frozen=True)
class MenuEntry:
    """One line of a menu; an entry without text is a separator."""

    content: str
    on_choose: Callable[[], object] = lambda: None
    icon: str = ""
    is_danger: bool = False
    is_enabled: bool = True
    name: str = ""  # the object name of its action


def open_menu(entries: Sequence[MenuEntry], parent: QWidget, at: QPoint) -> QMenu:
    """Show a menu at a point of the screen; it deletes itself when it closes."""
    menu = QMenu(parent)
    for entry in entries:
        if not entry.content:
            menu.addSeparator()
            continue
        action = QAction(entry.content, menu)
        action.setEnabled(entry.is_enabled)
        action.setObjectName(entry.name)
        if entry.icon:
            action.setIcon(icon(entry.icon, tokens().err if entry.is_danger else tokens().text2))
        action.triggered.connect(lambda _checked=False, entry=entry: entry.on_choose())
        menu.addAction(action)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)
    return menu


class MenuButton(IconButton):
    """An icon that opens a menu; `entries` is asked each time, so that it fits what is true then."""

    def __init__(
        self, entries: Callable[[], Sequence[MenuEntry]], tip: str = "More", icon_name: str = "ellipsis"
    ) -> None:
        super().__init__(icon_name, tip)
        self._entries = entries
        self.on_click(self._open)

    def _open(self) -> None:
        open_menu(self._entries(), self, self.mapToGlobal(QPoint(0, self.height() + 4)))
