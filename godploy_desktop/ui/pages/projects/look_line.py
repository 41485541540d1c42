"""The line that says what was found of a repository: looking, found, or why nothing is known yet."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Button, ButtonKind, Icon, Label, row


class LookLine(QWidget):
    """Hidden until something is said. `action` may offer one thing to do about it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._icon, self._words = Icon("info", 14, "text3"), Label("", "sm", 400, "text2", wrap=True)
        self._words.setObjectName(name)
        self._action = Button("", "", ButtonKind.GHOST)
        self._action.setObjectName(f"{name}-action")
        self._on_action: Callable[[], object] = lambda: None
        self._action.clicked.connect(self._act)
        line = row(self._icon, spacing=8, parent=self)
        line.addWidget(self._words, 1)
        line.addWidget(self._action)
        self.hide()

    def say(
        self, icon: str, tone: State, text: str, action: str = "", on_action: Callable[[], object] = lambda: None
    ) -> None:
        """Say this, with one thing to do about it where `action` names one."""
        self._icon.set_icon(icon, tone)
        self._words.setText(text)
        self._on_action = on_action
        self._action.set_content(action or " ")
        self._action.setVisible(bool(action))
        self.show()

    def _act(self) -> None:
        self._on_action()

    def clear(self) -> None:
        """Say nothing."""
        self.hide()
