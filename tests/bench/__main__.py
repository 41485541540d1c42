"""Runs every benchmark in this folder, one after the other, and ends with one table. A name runs those that carry it:

python -m tests.bench [NAME...]
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import KEPT_IN, Figure, kept, publish, table

LONGEST_S = 300


def main(names: list[str]) -> int:
    """Run them; the exit code counts those that did not come to their end; a missed goal is no failure."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {_load()}")
    failed = []
    with tempfile.TemporaryDirectory(prefix="godploy-bench-") as folder:
        path = Path(folder) / "figures"
        for file in sorted(Path(__file__).parent.glob("bench_*.py")):
            if names and not any(each in file.stem for each in names):
                continue
            if (why := _run(file.stem, path)) is not None:
                failed.append(file.stem)
                os.environ[KEPT_IN] = str(path)
                publish([Figure(file.stem, not_run=why)])
        figures = kept(path)
    missed = sum(each.is_reached is False for each in figures)
    not_run = sum(bool(each.not_run) for each in figures)
    print(f"\n{table(figures)}\n")
    print(f"{sum(each.is_reached is True for each in figures)} goals reached, {missed} not reached, {not_run} not run")
    return len(failed)


def _run(name: str, figures: Path) -> str | None:
    """Run one benchmark in a process of its own; gives back why it did not come to its end."""
    print(f"\n== {name} (load {_load()}) ==", flush=True)
    command = [sys.executable, "-m", f"tests.bench.{name}"]
    started = time.monotonic()
    try:
        result = subprocess.run(command, check=False, timeout=LONGEST_S, env=os.environ | {KEPT_IN: str(figures)})
    except subprocess.TimeoutExpired:
        return f"it took more than {LONGEST_S} s"
    print(f"({time.monotonic() - started:.0f} s)", flush=True)
    return None if result.returncode == 0 else f"it ended with {result.returncode}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
