"""What agent and relay cost while nothing happens: the memory of both together as PSS and their processor time, beside
two bare interpreters measured in the same run. They run from the bundle, as on a server. Goal: at most 45 MB together.

    python -m tests.bench.bench_idle [SECONDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.remote.bundle import build_bundle
from tests.bench.figures import Figure, publish

GOAL_MB = 45.0
WARM_UP_S = 8.0
SERVER_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
"""As the unit files set it."""


@dataclass(frozen=True)
class Cost:
    """Memory in MB, shared pages divided among those who share them (PSS) and whole (RSS), and processor time in s."""

    pss: float
    rss: float
    cpu_s: float


def cost_of(pid: int) -> Cost:
    """What a process costs until now (proc(5): smaps_rollup, and utime and stime of stat)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {name: int(rest.split()[0]) / 1024 for name, _, rest in (line.partition(":") for line in lines[1:])}
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Cost(sizes["Pss"], sizes["Rss"], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def commands_in(folder: Path) -> dict[str, list[str]]:
    """How each process is started."""
    python, run_dir = sys.executable, folder / "run"
    run_dir.mkdir()
    bundle = str(build_bundle(folder).path)
    places = ["--state-dir", str(folder / "state"), "--run-dir", str(run_dir)]
    bare = [python, "-c", "import time; time.sleep(3600)"]
    return {
        "bare": bare,
        "second bare": bare,
        # embedded: it must not make a proxy on this machine's ports, which it does only for a project
        "agent": [python, bundle, "agent", "--embedded", "--prefix", "godploy-bench-idle", *places],
        "relay": [python, bundle, "relay", "--run-dir", str(run_dir), "--listen", "127.0.0.1:0"],
    }


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with tempfile.TemporaryDirectory(prefix="godploy-idle-") as name:
        processes = {
            name: subprocess.Popen(command, env=os.environ | SERVER_ENVIRONMENT, stderr=subprocess.DEVNULL)
            for name, command in commands_in(Path(name)).items()
        }
        try:
            time.sleep(WARM_UP_S)
            before = {name: cost_of(each.pid) for name, each in processes.items()}
            time.sleep(seconds)
            if ended := [name for name, each in processes.items() if each.poll() is not None]:
                raise RuntimeError(f"ended by itself: {', '.join(ended)}")
            after = {name: cost_of(each.pid) for name, each in processes.items()}
        finally:
            for each in processes.values():
                each.terminate()
            for each in processes.values():
                each.wait(20)
    agent, relay, *bare = (after[name] for name in ("agent", "relay", "bare", "second bare"))
    busy = {name: (after[name].cpu_s - before[name].cpu_s) / seconds for name in processes}
    together, reference = agent.pss + relay.pss, sum(each.pss for each in bare)
    both = busy["agent"] + busy["relay"]
    publish(
        [
            Figure(
                "idle memory of agent + relay", together, " MB",
                f"PSS {agent.pss:.1f} + {relay.pss:.1f} MB (RSS {agent.rss:.1f} + {relay.rss:.1f}), "
                f"{together / reference:.1f}x",
                f"two bare interpreters {reference:.1f} MB", GOAL_MB,
            ),
            Figure(
                "idle processor time of agent + relay", both * 100, " %",
                f"{busy['agent']:.2%} + {busy['relay']:.2%} of a core over {seconds:.0f} s",
                f"a bare interpreter {busy['bare']:.2%}",
            ),
        ]
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
