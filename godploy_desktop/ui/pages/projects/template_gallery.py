"""The gallery of templates: search, cards, and the keyboard between them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.templates import Library
from godploy_desktop.ui.models.gallery import matching
from godploy_desktop.ui.pages.projects.template_card import BrokenTemplateCard, TemplateCard
from godploy_desktop.ui.widgets import CardGrid, FilterField, Label, bring_into_sight, clear, column

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_CARD_PX = 230


class TemplateGallery(QWidget):
    """`chosen` carries a Template. From the search field Down goes to the cards and Enter takes the first; between
    cards the arrows go, Enter takes one."""

    chosen = Signal(object)
    refitted = Signal()

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self.search = FilterField("Search templates")
        self.search.setObjectName("template-search")
        self._cards: list[TemplateCard] = []
        self._holder = QWidget()
        self._grid = CardGrid(self._holder, minimum_width=_CARD_PX, spacing=10)
        self._broken = column(spacing=10)
        self._none = Label("", "sm", 400, "text2", wrap=True)
        self._none.setObjectName("template-none")
        self.search.textChanged.connect(self._show_matching)
        column(self.search, self._holder, self._broken, self._none, spacing=12, parent=self)
        self._show_matching("")

    def _show_matching(self, text: str) -> None:
        clear(self._grid)
        found = matching(self._library.templates, text)
        self._cards = [TemplateCard(each) for each in found]
        for card in self._cards:
            card.clicked.connect(lambda card=card: self.chosen.emit(card.template))
            self._grid.addWidget(card)
        clear(self._broken)
        for broken in self._library.broken:
            if not text or text.lower() in broken.path.name.lower():
                self._broken.addWidget(BrokenTemplateCard(broken))
        is_empty = not self._cards and not self._broken.count()
        self._none.setText(f"No template has “{text}” in its name, keywords or description.")
        self._none.setVisible(is_empty)
        self._holder.setVisible(bool(self._cards))
        self.refitted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, focused = Qt.Key(event.key()), self.window().focusWidget()
        if focused is self.search:
            if key in _ENTER:
                if self._cards and self.search.text():
                    self.chosen.emit(self._cards[0].template)
                return  # it must not press the dialog's button
            if key is Qt.Key.Key_Down and self._cards:
                self._focus(0)
                return
        index = next((place for place, card in enumerate(self._cards) if card is focused), None)
        if index is None or not self._step(index, key):
            super().keyPressEvent(event)

    def _step(self, index: int, key: Qt.Key) -> bool:
        """Go from card `index`; False when the key does not lead anywhere here."""
        columns = self._grid.columns_in(self._holder.width())
        if key is Qt.Key.Key_Up and index < columns:
            self.search.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        target = {
            Qt.Key.Key_Left: index - 1,
            Qt.Key.Key_Right: index + 1,
            Qt.Key.Key_Up: index - columns,
            Qt.Key.Key_Down: index + columns,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._cards) - 1,
        }.get(key)
        if target is None:
            return False
        self._focus(max(0, min(len(self._cards) - 1, target)))
        return True

    def _focus(self, index: int) -> None:
        self._cards[index].setFocus(Qt.FocusReason.TabFocusReason)
        bring_into_sight(self._cards[index])
