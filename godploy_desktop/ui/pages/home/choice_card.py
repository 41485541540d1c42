"""One of the ways to begin: icon, name, a sentence, and its button."""

from __future__ import annotations

from PySide6.QtCore import Qt

from godploy_desktop.ui.widgets import Button, Card, IconTile, Label, row


class ChoiceCard(Card):
    """`set_text` changes the sentence."""

    def __init__(self, icon: str, title: str, text: str, *buttons: Button) -> None:
        super().__init__(18, name=title)
        self._text = Label(text, "sm", 400, "text2", wrap=True)
        self._text.setMinimumHeight(52)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(IconTile(icon, 40, "accent"))
        self.body.addSpacing(14)
        self.body.addWidget(Label(title, "lg", 600))
        self.body.addSpacing(4)
        self.body.addWidget(self._text)
        self.body.addStretch(1)
        self.body.addSpacing(14)
        self.body.addLayout(row(*buttons, None))

    def set_text(self, text: str) -> None:
        """Show another sentence."""
        self._text.setText(text)
