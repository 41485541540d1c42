"""How much longer the Dockerfile builder takes than a plain `docker build` of the same files on the same Docker.

Real deployments by real job processes; what counts is their BUILD step. Builds of both kinds take turns: cached
(nothing changed) and uncached (a changed file before the costly step). Run: python -m tests.bench.bench_build
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from godploy_server.contract import Step
from godploy_server.deploy.builders.image_build import plugin_folders
from godploy_server.deploy.docker_build import is_integrated
from tests.bench.bench_switch import seconds
from tests.bench.figures import Figure, publish
from tests.unit.deploy.conftest import APP, IMAGES, Shop, has_images, open_shop

ROUNDS = 3
GOAL = 1.05
DOCKERFILE = """FROM python:3.12-slim
COPY nonce /nonce
RUN python3 -c "sum(each * each for each in range(12_000_000))"
COPY app.py /app.py
CMD ["python", "-u", "/app.py"]
"""


def has_buildkit() -> bool:
    """Whether the docker command builds with BuildKit: through buildx, or inside itself before version 23."""
    if any((folder / "docker-buildx").exists() for folder in plugin_folders(os.environ)):
        return True
    said = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return len(said) > 2 and is_integrated(said[2])


def build_ours(shop: Shop) -> float:
    """Deploy; gives how long the BUILD step took."""
    shop.commit(f"build {secrets.token_hex(4)}")
    row = shop.deploy()
    assert row.problem is None, row.problem
    return seconds(row, Step.BUILD, Step.BUILD)


def build_plainly(shop: Shop, tag: str) -> float:
    """Let the docker command build the same files by itself; gives how long that took."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
    began = time.monotonic()
    subprocess.run(
        ["docker", "build", "--tag", tag, str(shop.repository)], check=True, capture_output=True, env=environment
    )
    return time.monotonic() - began


def change(shop: Shop, *, nonce: bool) -> None:
    """Change the file that the costly step comes after, or one that no layer holds."""
    (shop.repository / ("nonce" if nonce else "README.md")).write_text(secrets.token_hex(16))


def measure(shop: Shop, tag: str, *, is_cached: bool) -> tuple[list[float], list[float]]:
    """Build both ways some times, in turns; gives the seconds of ours and of the plain ones."""
    ours, plain = [], []
    for number in range(ROUNDS + 1):
        change(shop, nonce=not is_cached)
        our_time = build_ours(shop)
        change(shop, nonce=not is_cached)
        plain_time = build_plainly(shop, tag)
        if number:  # the first round fills the caches
            ours.append(our_time)
            plain.append(plain_time)
    return ours, plain


def main() -> int:
    """Measure and publish."""
    names = {False: "Dockerfile builder, uncached", True: "Dockerfile builder, cached"}
    if not has_images(*IMAGES):
        why = f"needs a Docker that has {' and '.join(IMAGES)}; `python -m tests.lab up --local-images` gives it both"
        publish([Figure(name, not_run=why) for name in names.values()])
        return 0
    if not has_buildkit():
        # without it every label is a layer of its own, which a plain build has none of
        publish(
            [Figure(name, not_run="the docker command here has no BuildKit (docker-buildx)") for name in names.values()]
        )
        return 0
    tag = f"godploy-bench:{secrets.token_hex(4)}"
    figures = []
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        (shop.repository / "Dockerfile").write_text(DOCKERFILE)
        (shop.repository / "app.py").write_text(APP.format(version="bench"))
        (shop.repository / "nonce").write_text("first")
        (shop.repository / ".dockerignore").write_text(".git\nREADME.md\n")
        try:
            for is_cached, name in names.items():
                ours, plain = (statistics.median(each) for each in measure(shop, tag, is_cached=is_cached))
                measured = f"{ours:.2f} s, median of {ROUNDS}"
                figures.append(Figure(name, ours / plain, "x", measured, f"plain docker build {plain:.2f} s", GOAL))
        finally:
            subprocess.run(["docker", "rmi", tag], check=False, capture_output=True)
    publish(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
