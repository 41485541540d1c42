"""What a server can do without: seen first, removed after a yes, and what that freed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.cleanup_words import (
    cleaned_words,
    cleanup_losses,
    goes,
    going,
    item_icon,
    staying_words,
    total_words,
)
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    Cell,
    Column,
    ConfirmDialog,
    Icon,
    Label,
    Row,
    Section,
    Spinner,
    Table,
    column,
    row,
)
from godploy_server.contract import Cleanup, CleanupItem, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_COLUMNS = (
    Column("What", width=120),
    Column("Name, and why nobody needs it", stretch=1),
    Column("Last used", width=90, align_right=True, hidden_below=560),
    Column("Size", width=80, align_right=True),
)


class CleanupSection(QWidget, Observer):
    """Nothing is looked for until a person asks, nothing is removed without showing it."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._found: Cleanup | None = None
        self._look = Button("See what can go", "search", on_click=self.look)
        self._look.setObjectName("see-cleanup")
        self._remove = Button("Remove these…", "trash-2", ButtonKind.DANGER, on_click=self._ask)
        self._remove.setObjectName("clean-up")
        self._problems = ProblemSlot()
        self._doing, self._said = Label("", "md", 400, "text2"), Label("", "md", 400, "text", wrap=True)
        self._total, self._stays = Label("", "md", 600), Label("", "sm", 400, "text3", wrap=True)
        self._table = Table(list(_COLUMNS), name="What can go")
        self._table.setObjectName("cleanup-table")
        self._table.is_clickable = False
        working, said, found, idle = QWidget(), QWidget(), QWidget(), QWidget()
        column(row(Spinner(), self._doing, None), parent=working)
        line = row(Icon("circle-check", 16, "ok"), spacing=10)
        line.addWidget(self._said, 1)
        column(line, parent=said)
        foot = row(spacing=8)
        foot.addLayout(column(self._total, self._stays, spacing=2), 1)
        foot.addWidget(self._remove)
        column(self._table, foot, spacing=12, parent=found)
        self._parts = Switcher({"idle": idle, "working": working, "said": said, "found": found})
        self._section = Section(
            "Clean up",
            "Images of releases that are not kept, old build files and caches, uploads and caches of git that nobody "
            "needs. Only what Godploy made; nothing goes before you have seen it.",
            self._look,
        )
        self._section.body.addWidget(self._problems)
        self._section.body.addWidget(self._parts)
        column(self._section, parent=self)
        self.watch(server.model.changed, self._changed)
        self._show_part("idle")

    def look(self) -> None:
        """Ask the server what can go; takes a while where there is much."""
        self._problems.clear_problem()
        self._doing.setText("Looking for what nobody needs…")
        self._show_part("working")
        self.act(
            f"See what can go from {self._server.name}",
            self._server.agent.preview_cleanup,
            done=self._show_found,
            failed=self._failed,
            about=str(self._server.id),
        )

    def _failed(self, problem: Problem) -> None:
        self._show_part("found" if self._found is not None and self._found.items else "idle")
        self._problems.show_problem(problem)

    def _show_found(self, found: Cleanup) -> None:
        self._found = found
        if not found.items:
            self._said.setText("There is nothing that could go.")
            self._show_part("said")
            return
        self._table.set_rows([self._row(index, each) for index, each in enumerate(found.items)])
        self._total.setText(total_words(found))
        self._stays.setText(staying_words(found))
        self._stays.setVisible(bool(self._stays.text()))
        self._remove.setVisible(bool(going(found)))
        self._show_part("found")

    def _row(self, index: int, item: CleanupItem) -> Row:
        used = words.ago(item.last_used_at, self.context.now()) if item.last_used_at else "never"
        return Row(
            str(index),
            (
                Cell(item.what, "text2" if goes(item) else "text3", icon=item_icon(item)),
                Cell(
                    item.name, "text" if goes(item) else "text2", sub=item.why if goes(item) else f"stays; {item.why}"
                ),
                Cell(used, "text3"),
                Cell(words.size(item.size_bytes), "text2"),
            ),
        )

    def _ask(self) -> None:
        if self._found is None:
            return
        dialog = ConfirmDialog(
            self,
            f"Remove {total_words(self._found)} from {self._server.name}?",
            "What runs, and every release that is kept, stays. Builds that used a removed cache take longer once.",
            losses=cleanup_losses(self._found),
            confirm_text="Remove",
        )
        dialog.confirm.setObjectName("confirm-clean-up")
        dialog.finished.connect(lambda answer: self._clean_up() if answer else None)
        dialog.open()

    def _clean_up(self) -> None:
        self._problems.clear_problem()
        self._doing.setText("Removing…")
        self._show_part("working")
        self.act(
            f"Clean up {self._server.name}",
            self._server.clean_up,
            done=self._show_gone,
            failed=self._failed,
            about=str(self._server.id),
        )

    def _show_gone(self, gone: Cleanup) -> None:
        self._found = None
        self._said.setText(cleaned_words(gone))
        self._show_part("said")

    def _show_part(self, key: str) -> None:
        self._part = key
        self._parts.show_part(key)
        self._parts.setVisible(key != "idle")
        self._show_state()

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self._show_state()

    def _show_state(self) -> None:
        may = self._server.model.is_live and self._part != "working"
        self._look.setEnabled(may)
        self._remove.setEnabled(may)
        self._look.set_content("Look again" if self._part in ("found", "said") else "See what can go")
