"""The log view under load: how late a 16 ms timer fires (p50/p95/worst) while 10, 50 and 200 thousand lines a second
come in, whether any line is lost, and what a million lines cost. In the same run, in turns: the same timer in an idle
window, in a loop that does nothing but compute for 2 ms every 10 (what this machine does to any program that uses a
fifth of a core), and beside Qt's own view of text, without colours.

    python -m tests.bench.bench_log_view [SECONDS]
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from godploy_desktop.ui.theme import ThemeChoice, theme
from godploy_desktop.ui.widgets.log_view import LogView
from godploy_desktop.ui.widgets.log_view.ansi import strip_escapes
from godploy_desktop.ui.widgets.log_view.scan import Question, Scan
from tests.bench.figures import Figure, publish
from tests.bench.priority import take_precedence

RATES = (10_000, 50_000, 200_000)
ROUNDS = 3
CHUNK_LINES = 200
INTERVAL_MS = 16
GOAL_P95_MS = 6.0
SIZE = (1180, 640)


def sample_lines(count: int) -> list[bytes]:
    """Coloured lines of about 120 characters."""
    levels = (b"32mINFO ", b"32mINFO ", b"32mINFO ", b"33mWARN ", b"31mERROR", b"36mDEBUG")
    return [
        b"\x1b[90m2026-11-22T20:%02d:%02d.%03dZ\x1b[0m \x1b[%b\x1b[0m \x1b[1mapi-%d\x1b[0m request id=%09d "
        b"path=/api/v1/items/%d status=200 dur=%dms bytes=%06d\n"
        % (
            index // 60 % 60,
            index % 60,
            index % 1000,
            levels[index % 6],
            index % 7,
            index,
            index % 997,
            index % 301,
            index,
        )
        for index in range(count)
    ]


def chunks_of(lines: list[bytes]) -> list[bytes]:
    """Pieces of about 28 kB, as a tunnel hands them over."""
    return [b"".join(lines[at : at + CHUNK_LINES]) for at in range(0, len(lines), CHUNK_LINES)]


class Producer(threading.Thread):
    """Hands over `rate` lines a second in ready-made pieces, as the reader of a stream would."""

    def __init__(self, append: Callable[[bytes], object], rate: int, seconds: float, chunks: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._append, self._rate, self._seconds, self._chunks = append, rate, seconds, chunks
        self.sent = 0

    def run(self) -> None:
        start = time.perf_counter()
        while (now := time.perf_counter() - start) < self._seconds:
            while self.sent < now * self._rate:
                self._append(self._chunks[self.sent // CHUNK_LINES % len(self._chunks)])
                self.sent += CHUNK_LINES
            time.sleep(0.002)


def lateness(seconds: float) -> list[float]:
    """Give back how late each tick of a 16 ms timer was, in ms."""
    late: list[float] = []
    due = time.perf_counter() + INTERVAL_MS / 1000

    def tick() -> None:
        nonlocal due
        now = time.perf_counter()
        late.append(max(0.0, (now - due) * 1000))
        due = now + INTERVAL_MS / 1000

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(INTERVAL_MS)
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
    timer.stop()
    return late[5:] or [seconds * 1000]  # so few ticks: it stood still nearly all the time


def busy_lateness(seconds: float) -> list[float]:
    """The same beside a timer that computes for 2 ms of every 10, and does nothing else."""

    def compute() -> None:
        until = time.thread_time() + 0.002
        while time.thread_time() < until:
            pass

    timer = QTimer()
    timer.timeout.connect(compute)
    timer.start(10)
    late = lateness(seconds)
    timer.stop()
    return late


def share(values: list[float], part: float) -> float:
    """Give back the value below which `part` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def described(values: list[float]) -> str:
    """Give back p50, p95 and the worst."""
    return f"{share(values, 0.5):.1f}/{share(values, 0.95):.1f}/{max(values):.0f} ms"


class Shown(Protocol):
    """A view that takes bytes of any thread."""

    @property
    def widget(self) -> QWidget: ...

    def append(self, content: bytes) -> object: ...

    def shown_lines(self) -> int: ...


class OwnView:
    """Ours."""

    def __init__(self) -> None:
        self.widget = LogView()

    def append(self, content: bytes) -> None:
        self.widget.append(content)

    def shown_lines(self) -> int:
        return self.widget.store.end


class PlainText:
    """Qt's own, fed as well as it can be: once every 33 ms, plain text, no undo, no wrapping."""

    def __init__(self) -> None:
        self.widget = QPlainTextEdit()
        self.widget.setReadOnly(True)
        self.widget.setUndoRedoEnabled(False)
        self.widget.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._waiting: deque[bytes] = deque()
        self._shown = 0
        self._timer = QTimer(self.widget)
        self._timer.timeout.connect(self._drain)
        self._timer.start(33)

    def append(self, content: bytes) -> None:
        self._waiting.append(content)

    def _drain(self) -> None:
        content = b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
        if content:
            self._shown += content.count(b"\n")
            self.widget.appendPlainText(strip_escapes(content).decode().rstrip("\n"))
            bar = self.widget.verticalScrollBar()
            bar.setValue(bar.maximum())

    def shown_lines(self) -> int:
        return self._shown


class Loaded:
    """How a view does at one rate."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.dropped = 0
        self.pictures_a_second = 0.0


def put_under_load(app: QApplication, view: Shown, rate: int, seconds: float, chunks: list[bytes]) -> Loaded:
    """Feed a view for some seconds. A line that is not taken within 2 s after the last one came counts as dropped."""
    found = Loaded()
    view.widget.resize(*SIZE)
    view.widget.show()
    app.processEvents()
    producer = Producer(view.append, rate, seconds, chunks)
    pictures = view.widget.area.paint_count if isinstance(view.widget, LogView) else 0
    producer.start()
    found.late = lateness(seconds)
    if isinstance(view.widget, LogView):
        found.pictures_a_second = (view.widget.area.paint_count - pictures) / seconds
    producer.join()
    until = time.perf_counter() + 2
    while view.shown_lines() < producer.sent and time.perf_counter() < until:
        app.processEvents()
        time.sleep(0.005)
    found.dropped = producer.sent - view.shown_lines()
    view.widget.close()
    view.widget.deleteLater()
    app.processEvents()
    return found


def at_rate(app: QApplication, rate: int, seconds: float, chunks: list[bytes]) -> tuple[Figure, int]:
    """Measure ours and the references in turns; gives back how late, and how many lines were dropped."""
    late: list[float] = []
    idle: list[float] = []
    busy: list[float] = []
    dropped, pictures = 0, 0.0
    for _ in range(ROUNDS):
        idle += lateness(seconds / 3)
        busy += busy_lateness(seconds / 3)
        found = put_under_load(app, OwnView(), rate, seconds, chunks)
        late += found.late
        dropped += found.dropped
        pictures += found.pictures_a_second / ROUNDS
    plain = put_under_load(app, PlainText(), rate, seconds / 2, chunks)
    print(
        f"{rate} lines/s: ours {described(late)}, {dropped} dropped, {pictures:.0f} pictures/s; "
        f"idle {described(idle)}; busy loop {described(busy)}; "
        f"plain text edit {described(plain.late)}, {plain.dropped} behind",
        flush=True,
    )
    figure = Figure(
        f"log view at {rate // 1000}k lines/s, p95 late", share(late, 0.95), " ms",
        described(late),
        f"QPlainTextEdit {share(plain.late, 0.95):.1f} ms, idle timer {share(idle, 0.95):.1f} ms",
        GOAL_P95_MS,
    )  # fmt: skip
    return figure, dropped


def resident_mb() -> float:
    """Give back this process's resident memory in MB."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def memory_and_search(app: QApplication, lines: list[bytes]) -> list[Figure]:
    """What a million lines take, and how long looking through them takes."""
    view = LogView()
    view.resize(*SIZE)
    view.show()
    app.processEvents()
    before = resident_mb()
    content = b"".join(lines)
    for _ in range(1_000_000 // len(lines)):
        view.append(bytes(bytearray(content)))  # bytes of its own, as a reader would bring
        view.flush()
        app.processEvents()
    held, grown = view.store.size_bytes / 1e6, resident_mb() - before
    figures = [
        Figure("log view, memory at 1M lines", grown / held, "x", f"+{grown:.0f} MB", f"the text alone {held:.0f} MB")
    ]
    pages = view.store.snapshot()
    expression = r"status=(4|5)\d\d"
    compiled = re.compile(expression.encode(), re.IGNORECASE)
    for name, question, bare in (
        ("text", Question("id=000019999 "), lambda page: page.lower().count(b"id=000019999 ")),
        ("expression", Question(expression, is_regex=True), compiled.findall),
    ):
        started = time.perf_counter()
        for page in pages:
            bare(page)
        reference = time.perf_counter() - started
        scan = Scan(view.store, question)
        started = time.perf_counter()
        while not scan.is_done:
            scan.advance(1)
        taken = time.perf_counter() - started
        figures.append(
            Figure(
                f"log view, search of 1M lines for {name}", taken / reference, "x",
                f"{taken * 1000:.0f} ms, {len(scan.lines)} lines", f"nothing but the search {reference * 1000:.0f} ms",
            )
        )  # fmt: skip
    view.close()
    return figures


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 3.0
    app = QApplication(["bench"])
    theme().install(app, ThemeChoice.DARK)
    lines = sample_lines(20_000)
    chunks = chunks_of(lines)
    publish(memory_and_search(app, lines))  # first: what the others leave behind would be used again unseen
    print("late: p50/p95/worst", flush=True)
    as_it_is, dropped = at_rate(app, RATES[-1], seconds, chunks)
    publish([replace(as_it_is, name=f"{as_it_is.name}, with what else runs", goal=None)])
    print(take_precedence(), flush=True)
    for rate in RATES:
        figure, missing = at_rate(app, rate, seconds, chunks)
        dropped += missing
        publish([figure])
    publish([Figure("log view, lines dropped at any rate", dropped, "", f"{dropped} lines", goal=0)])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
