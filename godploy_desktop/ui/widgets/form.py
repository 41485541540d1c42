"""Fields under one another, checked together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget

from godploy_desktop.ui.widgets.disclosure import Disclosure
from godploy_desktop.ui.widgets.fields import Field
from godploy_desktop.ui.widgets.layouts import column
from godploy_desktop.ui.widgets.scroll import bring_into_sight


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
        """Give back the fields that are in use now, in order: all but those that are hidden, alone or with what they
        stand in. What is only folded is in use."""
        return fields_in_use(self)

    def is_valid(self) -> bool:
        """Check every field; show what is wrong at each, and put the cursor into the first of them."""
        return are_valid(self.fields())


def fields_in_use(root: QWidget) -> list[Field]:
    """Give back the fields inside `root` that are not hidden, in order; folded ones count."""
    return [each for each in root.findChildren(Field) if _is_in_use(each, root)]


def are_valid(fields: Sequence[Field]) -> bool:
    """Check every field; show what is wrong at each, unfold the first of them and put the cursor there."""
    wrong = [field for field in fields if not field.is_valid()]
    if wrong:
        for around in _around(wrong[0]):
            if isinstance(around, Disclosure):
                around.set_open(True)
        wrong[0].setFocus(Qt.FocusReason.OtherFocusReason)
        bring_into_sight(wrong[0])
    return not wrong


def _around(widget: QWidget) -> Iterator[QWidget]:
    inner = widget.parentWidget()
    while inner is not None:
        yield inner
        inner = inner.parentWidget()


def _is_in_use(field: Field, root: QWidget) -> bool:
    each: QWidget | None = field
    while each is not None and each is not root:
        above = each.parentWidget()
        if each.isHidden() and not isinstance(above, Disclosure):
            return False
        each = above
    return True


def _alignment(part: QWidget) -> Qt.AlignmentFlag:
    """What has a width of its own keeps it; the rest fills the line."""
    fixed = part.sizePolicy().horizontalPolicy() is part.sizePolicy().Policy.Fixed
    return Qt.AlignmentFlag.AlignLeft if fixed else Qt.AlignmentFlag(0)
