"""How long the window takes from the start of the process to its first painted picture, against a minimal PySide6
window started in the same run. Goal: at most 3 times.

    python -m tests.bench.bench_start [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 3.0

MINIMAL = """
import os, sys, time
from PySide6.QtWidgets import QApplication, QWidget

class Window(QWidget):
    def paintEvent(self, event):
        os.write(1, b"%.6f" % time.time())
        os._exit(0)

app = QApplication([])
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""

OURS = """
import os, sys, time
import godploy_desktop.__main__ as entry
import godploy_desktop.core.workspace  # as the entry point does before it loads Qt
from godploy_desktop import app as godploy_app
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from godploy_desktop.ui.shell import main_window

class Window(main_window.MainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, self.painted)  # its children paint within the same update

    def painted(self):
        os.write(1, b"%.6f" % time.time())
        os._exit(0)

godploy_app.MainWindow = Window
sys.argv = ["godploy-desktop"]
entry.main()
"""


def seconds_to_paint(program: str, home: Path) -> float:
    """Start `program` as a process of its own; gives back the seconds until it painted."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "GODPLOY_HOME": str(home),
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),  # an installed program has its bytecode; a checkout may not
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.time()
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, timeout=60, check=True
    )
    return float(result.stdout) - start


def main(arguments: list[str]) -> int:
    runs = int(arguments[0]) if arguments else 9
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        times: dict[str, list[float]] = {MINIMAL: [], OURS: []}
        for run in range(runs + 1):
            for program, taken in times.items():
                seconds = seconds_to_paint(program, home)
                if run:  # the first run fills the caches of bytecode and files
                    taken.append(seconds)
    minimal, ours = (statistics.median(taken) * 1000 for taken in times.values())
    print(f"minimal PySide6 window  {minimal:6.0f} ms to its first paint (median of {runs})")
    print(f"godploy-desktop         {ours:6.0f} ms, {ours / minimal:.2f}x")
    print(f"goal <= {GOAL:g}x: {'reached' if ours / minimal <= GOAL else 'NOT reached'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
