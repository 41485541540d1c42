"""Fields under one another, checked together."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget

from godploy_desktop.ui.widgets.fields import Field
from godploy_desktop.ui.widgets.layouts import column


class Form(QWidget):
    """A column of fields and other widgets."""

    def __init__(self, *parts: QWidget | QLayout, spacing: int = 14) -> None:
        super().__init__()
        self._column = column(spacing=spacing, parent=self)
        for part in parts:
            self.add(part)

    def add(self, part: QWidget | QLayout) -> None:
        """Put a field or anything else under the last one."""
        if isinstance(part, QLayout):
            self._column.addLayout(part)
        elif isinstance(part, Field):
            self._column.addWidget(part)
        else:
            self._column.addWidget(part, 0, _alignment(part))

    def fields(self) -> list[Field]:
        """Give back the fields that are in use now, in order."""
        return [each for each in self.findChildren(Field) if not each.isHidden()]

    def is_valid(self) -> bool:
        """Check every field; show what is wrong at each, and put the cursor into the first of them."""
        wrong = [field for field in self.fields() if not field.is_valid()]
        if wrong:
            wrong[0].setFocus(Qt.FocusReason.OtherFocusReason)
        return not wrong


def _alignment(part: QWidget) -> Qt.AlignmentFlag:
    """What has a width of its own keeps it; the rest fills the line."""
    fixed = part.sizePolicy().horizontalPolicy() is part.sizePolicy().Policy.Fixed
    return Qt.AlignmentFlag.AlignLeft if fixed else Qt.AlignmentFlag(0)
