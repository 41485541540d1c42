"""A log with its toolbar: follow and pause, filter, search, levels, wrap, copy, save. Takes bytes from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog

from godploy_desktop.ui.theme import Tone
from godploy_desktop.ui.widgets.cards import Card
from godploy_desktop.ui.widgets.log_view.ansi import strip_escapes
from godploy_desktop.ui.widgets.log_view.area import LogArea
from godploy_desktop.ui.widgets.log_view.feed import Feed
from godploy_desktop.ui.widgets.log_view.pages import PageStore
from godploy_desktop.ui.widgets.log_view.scan import LevelCounts, Scan
from godploy_desktop.ui.widgets.log_view.toolbar import LogToolbar
from godploy_desktop.ui.widgets.text import Line
from godploy_server.contract import BadInput, GodployError, Problem

_SCAN_MS = 10
_SCAN_BUDGET_S = 0.004
_COUNT_BUDGET_S = 0.001
_FIGURES_MS = 250


class LogView(Card):
    """`append` bytes as they come; `end` once no more will. `failed` carries the Problem of what went wrong."""

    failed = Signal(object)
    saved = Signal(str)

    def __init__(self, title: str = "Logs", *, max_lines: int = 1_000_000, file_name: str = "service.log") -> None:
        super().__init__(0, name=title)
        self.store = PageStore(max_lines)
        self.area = LogArea(self.store)
        self.area.placeholder = "No lines yet"
        self.toolbar = LogToolbar(title)
        self._file_name = file_name
        self._ended: tuple[str, Tone] | None = None
        self._counts = LevelCounts(self.store)
        self._search: Scan | None = None
        self._feed = Feed(self._take, lambda: self.area.paint_s, self)
        self._scan_timer = QTimer(self)
        self._scan_timer.setInterval(_SCAN_MS)
        self._scan_timer.timeout.connect(self._scan_on)
        self._shows_counts = QTimer(self)
        self._shows_counts.setSingleShot(True)
        self._shows_counts.setInterval(_FIGURES_MS)
        self._shows_counts.timeout.connect(self._show_counts)
        self.body.setContentsMargins(2, 1, 2, 8)
        self.body.addWidget(self.toolbar)
        self.body.addWidget(Line())
        self.body.addWidget(self.area, 1)
        self.setMinimumHeight(180)
        self._connect()

    def _connect(self) -> None:
        bar = self.toolbar
        bar.asked.connect(self._ask)
        bar.stepped.connect(self.step)
        bar.wrap.clicked.connect(self.area.set_wraps)
        bar.pause.on_click(lambda: self.area.set_following(not self.area.is_following))
        bar.end.on_click(lambda: self.area.set_following(True))
        bar.save.on_click(self.ask_where_to_save)
        self.area.following_changed.connect(lambda _on: self._show_state())
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, action in (
            (QKeySequence(QKeySequence.StandardKey.Find), self.begin_search),
            (QKeySequence("F3"), lambda: self.step(1)),
            (QKeySequence("Shift+F3"), lambda: self.step(-1)),
        ):
            QShortcut(keys, self, context=within).activated.connect(action)

    # what comes in

    def append(self, content: bytes) -> None:
        """Add bytes, whole lines or parts of them. May be called from any thread."""
        self._feed.push(content)

    def append_lines(self, lines: Iterable[bytes]) -> None:
        """Add lines without their newlines. May be called from any thread."""
        content = b"\n".join(lines)
        if content:
            self._feed.push(content + b"\n")

    def clear(self) -> None:
        """Forget every line and begin anew, as live."""
        self._feed.drain_now()
        self.store.clear()
        self._counts = LevelCounts(self.store)
        self._ended = None
        self.area.forget_current_line()
        self._ask()
        self.area.set_following(True)
        self._show_state()

    def end(self, content: str = "Ended", tone: Tone = "text3") -> None:
        """Say that no more will come, with a word and its tone."""
        self._feed.drain_now()
        self.store.finish_line()
        self._ended = (content, tone)
        self._refresh()
        self._show_state()

    def begin_again(self) -> None:
        """Say that the log is live again, after `end`."""
        self._ended = None
        self._show_state()

    def set_placeholder(self, content: str) -> None:
        """Say why there are no lines."""
        self.area.placeholder = content
        self.area.viewport().update()

    def flush(self) -> None:
        """Show what has come, without waiting for the next tick; only in the window's thread."""
        self._feed.drain_now()

    def _take(self, content: bytes) -> None:
        self.store.append(content)
        self._refresh()

    def _refresh(self) -> None:
        scan = self.area.rows.scan
        if scan is not None:
            scan.advance(_SCAN_BUDGET_S)
        if self._search is not None:
            self._search.advance(_SCAN_BUDGET_S)
        self._show_counts_soon()
        if self.isVisible():
            self.area.refresh()
        if self._is_scanning() and not self._scan_timer.isActive():
            self._scan_timer.start()

    def _show_counts_soon(self) -> None:
        if not self._shows_counts.isActive():  # new figures lay the toolbar out anew: a few times a second will do
            self._shows_counts.start()

    def _show_counts(self) -> None:
        self.toolbar.show_counts(len(self.store), self._counts)
        self._show_found()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.area.refresh()

    # looking for lines

    def _is_scanning(self) -> bool:
        scan = self.area.rows.scan
        return (
            not self._counts.is_done
            or (scan is not None and not scan.is_done)
            or (self._search is not None and not self._search.is_done)
        )

    def _scan_on(self) -> None:
        scan = self.area.rows.scan
        if scan is not None and scan.advance(_SCAN_BUDGET_S):
            self.area.refresh()
        if self._search is not None:
            self._search.advance(_SCAN_BUDGET_S)
        self._counts.advance(_COUNT_BUDGET_S)  # apart from taking and painting: three short waits, not a long one
        self._show_counts_soon()
        if not self._is_scanning():
            self._scan_timer.stop()
            self._show_counts()

    def _ask(self) -> None:
        question, hides = self.toolbar.question, self.toolbar.hides_others
        try:
            mark = question.pattern()
            of_level = type(question)(level=question.level)
            shown = question if hides else of_level
            self.area.rows.set_scan(None if shown.is_empty else Scan(self.store, shown))
            self._search = Scan(self.store, question) if question.text and not hides else None
        except BadInput as error:
            self.toolbar.set_wrong(error.problem.why)
            return
        self.toolbar.set_wrong("")
        self.area.set_mark(mark)
        self.area.forget_current_line()
        self._refresh()
        self._show_found()
        self.area.refresh()

    def begin_search(self) -> None:
        """Put the cursor into the field, which a narrow line leaves out until there is text in it."""
        self.toolbar.field.show()
        self.toolbar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.toolbar.field.selectAll()

    def step(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) line with a match, around the ends."""
        lines = self._search.lines if self._search is not None else None
        if not lines:
            return
        current = self.area.current_line
        if direction > 0:
            target = next((each for each in lines if each > current), lines[0])
        else:
            target = next((each for each in reversed(lines) if each < current), lines[-1])
        self.area.show_line(target)
        self._show_found()

    def _show_found(self) -> None:
        scan = self._search or (self.area.rows.scan if self.toolbar.question.text else None)
        if scan is None:
            self.toolbar.found.setText("")
            return
        count = len(scan.lines)
        more = "" if scan.is_done else "+"
        self.toolbar.found.setText("no match" if not count and scan.is_done else f"{count:,}{more} lines")

    def _show_state(self) -> None:
        bar, is_following = self.toolbar, self.area.is_following
        if self._ended is not None:
            bar.pill.set_state(*self._ended)
        elif is_following:
            bar.pill.set_state("Live", "ok")
        else:
            bar.pill.set_state("Paused", "warn")
        bar.pause.set_icon("pause" if is_following else "play", "Hold still" if is_following else "Follow")

    # saving

    def ask_where_to_save(self) -> None:
        """Ask for a file, then write the whole log into it."""
        dialog = QFileDialog(self, "Save the log", self._file_name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the whole log as plain text, in the background where a loop runs."""
        pages = self.store.snapshot()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._tell_saved(path, _write_pages(path, pages))
            return
        work = loop.run_in_executor(None, _write_pages, path, pages)
        work.add_done_callback(lambda done: self._tell_saved(path, done.result()))

    def _tell_saved(self, path: Path, problem: Problem | None) -> None:
        if problem is None:
            self.saved.emit(str(path))
        else:
            self.failed.emit(problem)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.DeferredDelete:
            self._feed.stop()
            self._scan_timer.stop()
            self._shows_counts.stop()
        return super().event(event)


def _write_pages(path: Path, pages: list[bytes]) -> Problem | None:
    try:
        with path.open("wb") as file:
            for page in pages:
                file.write(strip_escapes(page))
    except OSError as error:
        return GodployError(
            "The log could not be saved", f"{path.name}: {error.strerror or error}", "Choose another folder"
        ).problem
    return None
