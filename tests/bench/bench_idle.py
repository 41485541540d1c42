"""What agent and relay cost while nothing happens: their memory together as PSS and their processor time, beside a bare
interpreter measured in the same run. Goal: at most 45 MB together.

    python -m tests.bench.bench_idle [SECONDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL_MB = 45.0
WARM_UP_S = 5.0


def pss_mb(pid: int) -> float:
    """Memory of a process in MB, shared pages divided among those who share them (proc(5), smaps_rollup)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"the kernel says nothing of the memory of {pid}")


def cpu_s(pid: int) -> float:
    """Processor time of a process in seconds (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print; fails where the goal is missed."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with tempfile.TemporaryDirectory(prefix="godploy-idle-") as folder:
        run_dir = Path(folder) / "run"
        run_dir.mkdir()
        server = [sys.executable, "-m", "godploy_server"]
        agent = [*server, "agent", "--embedded", "--prefix", "godploy-bench-idle", "--state-dir", f"{folder}/state"]
        commands = {
            "bare interpreter": [sys.executable, "-c", "import time; time.sleep(3600)"],
            "agent": [*agent, "--run-dir", str(run_dir)],
            "relay": [*server, "relay", "--run-dir", str(run_dir), "--listen", "127.0.0.1:0"],
        }
        processes = {name: subprocess.Popen(command, stderr=subprocess.DEVNULL) for name, command in commands.items()}
        try:
            time.sleep(WARM_UP_S)
            before = {name: cpu_s(each.pid) for name, each in processes.items()}
            time.sleep(seconds)
            memory = {name: pss_mb(each.pid) for name, each in processes.items()}
            spent = {name: (cpu_s(each.pid) - before[name]) / seconds for name, each in processes.items()}
        finally:
            for each in processes.values():
                each.terminate()
                each.wait(20)
    bare = memory["bare interpreter"]
    for name in processes:
        print(f"{name:17} {memory[name]:5.1f} MB ({memory[name] / bare:.1f}x the bare one)  {spent[name]:.2%} CPU")
    together = memory["agent"] + memory["relay"]
    print(f"{'together':17} {together:5.1f} MB, goal at most {GOAL_MB:.0f} MB")
    return 0 if together <= GOAL_MB else 1


if __name__ == "__main__":
    sys.exit(main())
