"""From "image ready" to "switched": how much a rollout adds to the application's own start, median of some rounds.

Real deployments by real job processes on this machine's Docker, with a real Traefik in front. The application sleeps
a second before it listens and says itself how long its process took to get there: that is its own start.
Run: python -m tests.bench.bench_switch
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from godploy_server.contract import Deployment, Step
from tests.bench.figures import Figure, publish
from tests.unit.deploy.conftest import IMAGES, Shop, has_images, open_shop, run

ROUNDS = 5
GOAL_S = 1.5
NAME = "image ready to switched, over the own start"

SLOW_START = """
import http.server, os, signal, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *parts):
        pass
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(1)
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer)
began = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
print("ready after", time.clock_gettime(time.CLOCK_BOOTTIME) - began, flush=True)
server.serve_forever()  # round {number}
"""


def seconds(row: Deployment, first: Step, last: Step) -> float:
    """Give the time from the beginning of one step to the end of another."""
    steps = {each.step: each for each in row.steps}
    ended = steps[last].ended_at
    assert ended is not None
    return (ended - steps[first].started_at).total_seconds()


def own_start(shop: Shop) -> float:
    """Give how long the process that serves now says that it took to listen."""
    from godploy_server.runtime.release_containers import last_lines

    (container,) = shop.containers(is_running=True)
    lines = run(last_lines(shop.engine.docker, container))
    return float(next(each for each in lines if each.startswith("ready after")).split()[-1])


def measure(shop: Shop) -> list[tuple[float, float, dict[Step, float]]]:
    """Deploy some times; gives for each round image ready to switched, the own start, and each step's seconds."""
    rounds = []
    for number in range(ROUNDS + 1):
        (shop.repository / "app.py").write_text(SLOW_START.replace("{number}", str(number)))
        shop.commit(f"round {number}")
        row = shop.deploy()
        assert row.problem is None, row.problem
        steps = {each: seconds(row, each, each) for each in (Step.START, Step.PROBE, Step.SWITCH)}
        if number:  # the first round also warms the caches
            rounds.append((seconds(row, Step.START, Step.SWITCH), own_start(shop), steps))
    return rounds


def main() -> int:
    """Measure and publish."""
    if not has_images(*IMAGES):
        why = f"needs a Docker that has {' and '.join(IMAGES)}; `python -m tests.lab up --local-images` gives it both"
        publish([Figure(NAME, not_run=why)])
        return 0
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        rounds = measure(shop)
    switched = statistics.median(each[0] for each in rounds)
    own = statistics.median(each[1] for each in rounds)
    over = statistics.median(each[0] - each[1] for each in rounds)
    parts = ", ".join(
        f"{step.value} {statistics.median(each[2][step] for each in rounds):.2f}"
        for step in (Step.START, Step.PROBE, Step.SWITCH)
    )
    publish(
        [
            Figure(
                NAME, over, " s", f"{switched:.2f} s, {switched / own:.2f}x, median of {len(rounds)} ({parts})",
                f"the application's own start {own:.2f} s", GOAL_S,
            )
        ]
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
