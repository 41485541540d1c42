"""How long the window takes from the start of the process to its first painted picture, against a minimal PySide6
window started in the same run. Goal: at most 3 times, with bytecode as an installed program has it; a checkout that
was never run has none of its own files.

    python -m tests.bench.bench_start [RUNS]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import Figure, publish
from tests.bench.priority import take_precedence

GOAL = 3.0
_ROOT = Path(__file__).resolve().parents[2]
_OWN = ("godploy_desktop", "godploy_server")

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


def seconds_to_paint(program: str, home: Path, bytecode: Path, *, writes: bool = True) -> float:
    """Start `program` as a process of its own; gives back the seconds until it painted."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "GODPLOY_HOME": str(home),
        "PYTHONPYCACHEPREFIX": str(bytecode),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if not writes:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    start = time.time()
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=_ROOT, capture_output=True, timeout=60, check=True
    )
    return float(result.stdout) - start


def main(arguments: list[str]) -> int:
    runs = int(arguments[0]) if arguments else 9
    print(take_precedence(), flush=True)
    with tempfile.TemporaryDirectory(prefix="godploy-start-") as folder:
        home, bytecode, bare = (Path(folder) / name for name in ("home", "bytecode", "without"))
        for program in (MINIMAL, OURS):  # fills the caches of bytecode and files
            seconds_to_paint(program, home, bytecode)
        shutil.copytree(bytecode, bare, ignore=shutil.ignore_patterns(*_OWN))
        minimal, ours, without = [], [], []
        for _ in range(runs):  # in turn: the load of the machine is in all alike
            minimal.append(seconds_to_paint(MINIMAL, home, bytecode))
            ours.append(seconds_to_paint(OURS, home, bytecode))
            without.append(seconds_to_paint(OURS, home, bare, writes=False))
    reference, with_bytecode, first = (statistics.median(each) for each in (minimal, ours, without))
    least = min(ours) / min(minimal)
    against = f"minimal PySide6 window {reference * 1000:.0f} ms"
    publish(
        [
            Figure(
                "start to painted window", with_bytecode / reference, "x",
                f"{with_bytecode * 1000:.0f} ms, median of {runs} (best against best {least:.2f}x)", against, GOAL,
            ),
            Figure(
                "start of a checkout without its bytecode", first / reference, "x",
                f"{first * 1000:.0f} ms, median of {runs}", against,
            ),
        ]
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
