"""The log view under load: how late a 16 ms timer fires while 10, 50 and 200 thousand lines a second come in, whether
any line is lost, and what a million lines cost. Compared in the same run with an idle view.

    python -m tests.bench.bench_log_view [SECONDS]
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from godploy_desktop.ui.theme import ThemeChoice, theme
from godploy_desktop.ui.widgets.log_view import LogView
from godploy_desktop.ui.widgets.log_view.scan import Question, Scan

RATES = (10_000, 50_000, 200_000)
BATCH_S = 0.05
INTERVAL_MS = 16
GOAL_P95_MS = 6.0


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


class Producer(threading.Thread):
    """Hands over `rate` lines a second in batches, as a reader of a stream would."""

    def __init__(self, view: LogView, rate: int, seconds: float, lines: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._view, self._rate, self._seconds = view, rate, seconds
        self._batch = int(rate * BATCH_S)
        repeated = lines * (self._batch // len(lines) + 1)
        self._content = b"".join(repeated[: self._batch])
        self.sent = 0

    def run(self) -> None:
        start = time.perf_counter()
        while (now := time.perf_counter() - start) < self._seconds:
            if self.sent < now * self._rate:
                self._view.append(self._content)
                self.sent += self._batch
            else:
                time.sleep(0.002)


def lateness(app: QApplication, seconds: float) -> list[float]:
    """Give back how late each tick of a 16 ms timer was, in ms, sorted."""
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
    return sorted(late[5:])


def share(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, int(len(values) * part))]


def resident_mb() -> float:
    """Give back this process's resident memory in MB."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def settle(app: QApplication, view: LogView, lines: int) -> None:
    until = time.perf_counter() + 5
    while view.store.end < lines and time.perf_counter() < until:
        app.processEvents()
        time.sleep(0.005)


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 5.0
    app = QApplication(["bench"])
    theme().install(app, ThemeChoice.DARK)
    lines = sample_lines(20_000)
    reached = True
    print(f"{'lines/s':>9} {'late p50':>9} {'p95':>7} {'max ms':>8} {'dropped':>8} {'paints/s':>9}")
    for rate in (0, *RATES):
        view = LogView()
        view.resize(1180, 640)
        view.show()
        app.processEvents()
        producer = Producer(view, rate, seconds, lines) if rate else None
        paints = view.area.paint_count
        if producer:
            producer.start()
        late = lateness(app, seconds)
        painted = (view.area.paint_count - paints) / seconds
        dropped = 0
        if producer:
            producer.join()
            settle(app, view, producer.sent)
            dropped = producer.sent - view.store.end
            reached = reached and share(late, 0.95) <= GOAL_P95_MS and dropped == 0
        print(
            f"{rate or 'idle':>9} {share(late, 0.5):9.1f} {share(late, 0.95):7.1f} {late[-1]:8.1f} {dropped:8}"
            f" {painted:9.0f}"
        )
        view.close()
        view.deleteLater()
        app.processEvents()
    memory_and_search(app, lines)
    print(f"goal p95 <= {GOAL_P95_MS:g} ms and 0 dropped: {'reached' if reached else 'NOT reached'}")
    return 0


def memory_and_search(app: QApplication, lines: list[bytes]) -> None:
    view = LogView()
    view.resize(1180, 640)
    view.show()
    before = resident_mb()
    content = b"".join(lines)
    for _ in range(1_000_000 // len(lines)):
        view.append(bytes(bytearray(content)))  # bytes of its own, as a reader would bring
        view.flush()
        app.processEvents()
    held, grown = view.store.size_bytes / 1e6, resident_mb() - before
    print(f"1M lines: {held:.0f} MB of text, +{grown:.0f} MB resident ({grown / held:.2f}x)")
    for name, question in (
        ("plain text", Question("id=000019999 ")),
        ("expression", Question(r"status=(4|5)\d\d", is_regex=True)),
    ):
        scan = Scan(view.store, question)
        start = time.perf_counter()
        while not scan.is_done:
            scan.advance(1)
        print(f"search of {name}: {(time.perf_counter() - start) * 1000:.0f} ms, {len(scan.lines)} lines")
    view.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
