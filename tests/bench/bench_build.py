"""How much longer the Dockerfile builder takes than a plain `docker build` of the same files on the same server.

A lab server with Docker's BuildKit (buildx); real deployments, of which the BUILD step counts, and plain builds that
are timed on the server itself. Both take turns: cached (nothing of the image changed) and uncached (a file before the
costly step did). Run: python -m tests.bench.bench_build
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, publish
from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import bring_up
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, Godploy, Shop, add_server, open_shop

ROUNDS = 5
GOAL = 1.05
NAMES = {False: "Dockerfile builder, uncached", True: "Dockerfile builder, cached"}
FOLDER = "/root/plain"
DOCKERFILE = """FROM python:3.12-slim
COPY nonce /nonce
RUN python3 -c "sum(each * each for each in range(12_000_000))"
COPY app.py /app.py
CMD ["python", "-u", "/app.py"]
"""
APP = """import http.server, os
http.server.HTTPServer(("", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
TIMED = """import subprocess, time
began = time.monotonic()
subprocess.run(["docker", "build", "--tag", "plain", "%s"], check=True, capture_output=True)
print(time.monotonic() - began)
"""


@dataclass(frozen=True)
class Both:
    """The same files as a service and as a folder of the server."""

    shop: Shop
    repository: Repository
    server: Server

    def change(self, name: str) -> None:
        """Change a file in both."""
        text = secrets.token_hex(16)
        self.repository.commit({name: text}, "Change a file")
        self.server.write(f"{FOLDER}/{name}", text.encode())

    def ours(self) -> float:
        """Deploy; gives the seconds of the BUILD step."""
        self.shop.deploy()
        newest: Any = self.shop.deployments()[0]
        step = next(each for each in newest["steps"] if each["step"] == "build")
        return (datetime.fromisoformat(step["ended_at"]) - datetime.fromisoformat(step["started_at"])).total_seconds()

    def plain(self) -> float:
        """Let the docker command build; gives its seconds."""
        return float(self.server.run("python3 -", stdin=(TIMED % FOLDER).encode()))


def measure(both: Both, *, is_cached: bool) -> tuple[list[float], list[float]]:
    """Build both ways some times, in turns; gives the seconds of ours and of the plain ones."""
    ours, plain = [], []
    for number in range(ROUNDS + 1):
        both.change("README.md" if is_cached else "nonce")
        ours.append(both.ours())
        plain.append(both.plain())
        if number == 0:  # the first round fills the caches
            ours.clear()
            plain.clear()
    return ours, plain


def run() -> list[Figure]:
    """Rent a server, build, give it back."""
    lab = bring_up()
    files = {
        "Dockerfile": DOCKERFILE,
        "app.py": APP,
        "nonce": "first",
        "README.md": "x",
        ".dockerignore": "README.md\n",
    }
    repository = lab.git_host.create(f"bench-{secrets.token_hex(3)}", files)
    server = lab.rent(Debian.TRIXIE, prepared=True)
    try:
        with tempfile.TemporaryDirectory() as home:
            godploy = Godploy(Path(home))
            add_server(godploy, server, lab)
            godploy("server", "bootstrap", timeout_s=600)
            for name, content in files.items():
                server.write(f"{FOLDER}/{name}", content.encode())
            shop = open_shop(godploy, server, repository, "--drain", "0", "--settle", "0", label="bench")
            both = Both(shop, repository, server)
            figures = []
            for is_cached, name in NAMES.items():
                ours, plain = (statistics.median(each) for each in measure(both, is_cached=is_cached))
                measured = f"BUILD step {ours:.2f} s, median of {ROUNDS}"
                figures.append(Figure(name, ours / plain, "x", measured, f"plain docker build {plain:.2f} s", GOAL))
            godploy("project", "delete", SHOP.partition("/")[0], "--yes")
            return figures
    finally:
        server.remove()
        repository.delete()


def main() -> int:
    """Measure and publish."""
    try:
        publish(run())
    except (LabUnavailable, CommandFailed) as reason:
        publish([Figure(name, not_run=f"the lab cannot run: {reason}") for name in NAMES.values()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
