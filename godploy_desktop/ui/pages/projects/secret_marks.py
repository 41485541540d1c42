"""Which of the variables that are typed are secrets: one mark for each, set at first where its name says so."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.repository_look import names_in, secret_at_first
from godploy_desktop.ui.widgets import CardGrid, CheckBox, Field, Label, clear, column

_MARK_WIDTH = 210


class SecretMarks(QWidget):
    """Follows the text of `variables`. A mark that a person changed stays as long as the variable does."""

    def __init__(self, variables: Field, name: str) -> None:
        super().__init__()
        self._variables, self._name = variables, name
        self._chosen: dict[str, bool] = {}  # what a person said otherwise
        self._shown: tuple[str, ...] = ()
        self._is_wanted = True
        self._marks: dict[str, CheckBox] = {}
        self._grid = CardGrid(minimum_width=_MARK_WIDTH, spacing=4)
        holder = QWidget()
        holder.setLayout(self._grid)
        title = Label("Secret: encrypted on the server, never shown again", "sm", 400, "text3")
        column(title, holder, spacing=4, parent=self)
        variables.changed.connect(self._follow)
        self.hide()

    def show_if(self, *, is_wanted: bool) -> None:
        """Show or hide it together with the variables."""
        self._is_wanted = is_wanted
        self._show()

    def secrets(self) -> frozenset[str]:
        """Give back the names that are marked."""
        return frozenset(name for name, mark in self._marks.items() if mark.isChecked())

    def _follow(self) -> None:
        names = names_in(self._variables.value())
        if names is None or names == self._shown:
            return  # a line is being typed
        clear(self._grid)
        self._shown, self._marks = names, {}
        for name in names:
            mark = CheckBox(name, checked=self._chosen.get(name, secret_at_first(name)))
            mark.setObjectName(f"{self._name}-{name}")
            mark.setAccessibleName(f"{name} is secret")
            mark.toggled.connect(lambda is_secret, name=name: self._chosen.update({name: is_secret}))
            self._marks[name] = mark
            self._grid.addWidget(mark)
        self._show()

    def _show(self) -> None:
        self.setVisible(self._is_wanted and bool(self._shown))
