"""A field of rows, such as mounts or ports: each row has the same cells, rows are added and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.theme import font
from godploy_desktop.ui.widgets.buttons import Button, IconButton
from godploy_desktop.ui.widgets.fields import Check, Field
from godploy_desktop.ui.widgets.layouts import column, row
from godploy_desktop.ui.widgets.select_box import SelectBox
from godploy_desktop.ui.widgets.switches import CheckBox
from godploy_desktop.ui.widgets.text import Label

CELL_END: Final = "\t"
ROW_END: Final = "\n"


@dataclass(frozen=True)
class RowColumn:
    """One column: text, one of `options`, or a check box where `is_check`. `width` in px; 0 takes `share` of what is
    left."""

    key: str
    title: str
    placeholder: str = ""
    width: int = 0
    share: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    is_check: bool = False


class _TextCell(QLineEdit):
    def __init__(self, shown: RowColumn) -> None:
        super().__init__()
        self.setFont(font("sm", mono=True))
        self.setPlaceholderText(shown.placeholder)

    def value(self) -> str:
        return self.text().replace(CELL_END, " ").strip()


class _Row(QWidget):
    changed = Signal()
    removed = Signal()

    def __init__(self, name: str, what: str, columns: Sequence[RowColumn], cells: Sequence[str]) -> None:
        super().__init__()
        self._cells: list[_TextCell | SelectBox | CheckBox] = []
        line = row(spacing=8, parent=self)
        for index, shown in enumerate(columns):
            cell = self._make(shown, cells[index] if index < len(cells) else "")
            cell.setAccessibleName(f"{shown.title} of the {what}")
            cell.setProperty("cell", shown.key)
            if shown.width:
                cell.setFixedWidth(shown.width)
            self._cells.append(cell)
            line.addWidget(cell, 0 if shown.width else shown.share)
        self._remove = IconButton("trash-2", f"Remove the {what}", on_click=self.removed.emit)
        line.addWidget(self._remove)
        self._name = name

    def number(self, index: int) -> None:
        """Call the widgets by the row's place."""
        for cell in self._cells:
            cell.setObjectName(f"{self._name}-{cell.property('cell')}-{index}")
        self._remove.setObjectName(f"{self._name}-remove-{index}")

    def _make(self, shown: RowColumn, text: str) -> _TextCell | SelectBox | CheckBox:
        if shown.is_check:
            check = CheckBox(shown.title, checked=bool(text))
            check.toggled.connect(lambda _on: self.changed.emit())
            return check
        if shown.options:
            box = SelectBox(shown.options, text)
            box.chosen.connect(lambda _value: self.changed.emit())
            return box
        cell = _TextCell(shown)
        cell.setText(text)
        cell.setCursorPosition(0)
        cell.textChanged.connect(lambda _text: self.changed.emit())
        return cell

    def cells(self) -> list[str]:
        """Give back the text of every cell; a ticked box is `yes`."""
        texts = []
        for cell in self._cells:
            if isinstance(cell, CheckBox):
                texts.append("yes" if cell.isChecked() else "")
            else:
                texts.append(cell.value if isinstance(cell, SelectBox) else cell.value())
        return texts

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not any(each.value() for each in self._cells if isinstance(each, _TextCell))

    def focus_first(self) -> None:
        """Put the cursor into the first cell that is typed into."""
        first = next((each for each in self._cells if isinstance(each, _TextCell)), self._cells[0])
        first.setFocus(Qt.FocusReason.OtherFocusReason)


class RowsField(Field):
    """`value()` is one line a row with tabs between the cells; a row in which nothing was typed is left out.

    The widgets of row N are called NAME-COLUMN-N and NAME-remove-N, from 0; the button below NAME-add.
    """

    def __init__(
        self,
        label: str,
        columns: Sequence[RowColumn],
        *,
        name: str,
        what: str,
        hint: str = "",
        check: Check | None = None,
    ) -> None:
        self._columns, self._object, self._what = tuple(columns), name, what
        self._rows: list[_Row] = []
        self._lines = column(spacing=8)
        self._add = Button(f"Add a {what}", "plus", on_click=self._add_empty)
        self._add.setObjectName(f"{name}-add")
        self._titles = QWidget()
        self._lay_out_titles()
        holder = QWidget()
        column(self._titles, self._lines, row(self._add, None), spacing=8, parent=holder)
        super().__init__(label, holder, hint, check)
        self.setFocusProxy(self._add)
        self._titles.hide()

    def _lay_out_titles(self) -> None:
        line = row(spacing=8, parent=self._titles)
        for shown in self._columns:
            title = Label("" if shown.is_check else shown.title, "sm", 400, "text3")
            if shown.width:
                title.setFixedWidth(shown.width)
            line.addWidget(title, 0 if shown.width else shown.share)
        line.addSpacing(8 + 32)  # where the rows have the button that removes them

    def value(self) -> str:
        return ROW_END.join(CELL_END.join(each.cells()) for each in self._rows if not each.is_empty())

    def set_value(self, value: str) -> None:
        if value == self.value():
            self._drop([each for each in self._rows if each.is_empty()])
            return
        self._drop(list(self._rows))
        for line in value.split(ROW_END) if value else ():
            self._append(line.split(CELL_END))
        self.changed.emit()

    def _add_empty(self) -> None:
        self._append(()).focus_first()
        self.changed.emit()

    def _append(self, cells: Sequence[str]) -> _Row:
        added = _Row(self._object, self._what, self._columns, cells)
        added.changed.connect(self.changed)
        added.removed.connect(lambda: self._remove(added))
        self._rows.append(added)
        self._lines.addWidget(added)
        self._number()
        return added

    def _remove(self, gone: _Row) -> None:
        self._drop([gone])
        self._add.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()

    def _drop(self, gone: list[_Row]) -> None:
        for each in gone:
            self._rows.remove(each)
            self._lines.removeWidget(each)
            each.hide()
            each.deleteLater()
        self._number()

    def _number(self) -> None:
        for index, each in enumerate(self._rows):
            each.number(index)
        self._titles.setVisible(bool(self._rows))
