"""How a source is built, as a person reads it: which builder, why, and what it will do in detail."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from godploy_desktop.ui.models.builder_form import BUILDERS
from godploy_desktop.ui.theme import font
from godploy_desktop.ui.widgets import Disclosure, IconTile, Label, column, row
from godploy_server.contract import BuildPlan

_LINE: Final = 17
_MOST_LINES: Final = 14
_FEWEST_LINES: Final = 3


class PlanView(QWidget):
    """Shows one plan; its detail is folded unless `is_open`."""

    def __init__(self, *, is_open: bool = False) -> None:
        super().__init__()
        self._builder = Label("", "md", 600)
        self._reason = Label("", "sm", 400, "text2", wrap=True)
        self.detail = QPlainTextEdit()
        self.detail.setObjectName("plan-detail")
        self.detail.setReadOnly(True)
        self.detail.setTabChangesFocus(True)
        self.detail.setFont(font("sm", mono=True))
        self.detail.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.detail.setAccessibleName("What the builder will do")
        self.fold = Disclosure("What it does", self.detail, "show-plan-detail")
        self.fold.set_open(is_open)
        head = row(IconTile("hammer", 30), spacing=12)
        head.addLayout(column(self._builder, self._reason, spacing=2), 1)
        column(head, self.fold, spacing=8, parent=self)

    def show_plan(self, plan: BuildPlan) -> None:
        """Show this plan."""
        self._builder.setText(f"Built with {BUILDERS.get(plan.builder, plan.builder)}")
        self._reason.setText(plan.reason)
        if plan.detail != self.detail.toPlainText():
            self.detail.setPlainText(plan.detail)
            lines = max(_FEWEST_LINES, min(_MOST_LINES, plan.detail.count("\n") + 1))
            self.detail.setFixedHeight(lines * _LINE + 18)
        self.fold.setVisible(bool(plan.detail))
