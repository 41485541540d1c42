"""Find a Docker Engine that answers, or start one that survives the test run and the leftovers of earlier ones."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab.labkit.cache import cache_folder, locked
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run, succeeds
from tests.lab.labkit.machine import install_missing

LABEL = "godploy.lab=1"
HUB_ON_LOOPBACK = "127.10.0.202:5000"
_START_S = 60
_STOP_S = 20
_RUNTIME = Path("/run/godploy-lab-docker")
_PID_FILE = _RUNTIME / "docker.pid"


def docker(*arguments: str, stdin: bytes = b"", timeout_s: float = 600) -> str:
    """Run the Docker client; gives back its output without the last line end."""
    return run(["docker", *arguments], stdin=stdin, timeout_s=timeout_s).rstrip("\n")


def image_id(name: str) -> str:
    """The id of a local image, or "" where there is none."""
    try:
        return docker("image", "inspect", "-f", "{{.Id}}", name)
    except CommandFailed:
        return ""


def names_of(kind: str, *filters: str) -> list[str]:
    """Names of the lab's own `container`s, `volume`s or `network`s; filters as Docker takes them."""
    listed = ["ps", "-a", "--format", "{{.Names}}"] if kind == "container" else [kind, "ls", "--format", "{{.Name}}"]
    options = [word for text in (f"label={LABEL}", *filters) for word in ("--filter", text)]
    return docker(*listed, *options).split()


def ensure_engine() -> None:
    """Make sure that a Docker Engine answers. Raises LabUnavailable where none can run."""
    if engine_answers():
        return
    if os.geteuid() != 0:
        raise LabUnavailable("no Docker Engine answers, and only root can start one")
    with locked("engine"):
        if engine_answers():
            return
        try:
            install_missing({"dockerd": "docker.io", "docker": "docker-cli" if _splits_client() else "docker.io"})
        except (CommandFailed, OSError) as failure:
            raise LabUnavailable(f"Docker is not installed and cannot be: {failure}") from failure
        _start()


def engine_answers() -> bool:
    """Whether a Docker Engine answers this process."""
    return succeeds(["docker", "info"], timeout_s=20)


def _splits_client() -> bool:
    return succeeds(["apt-cache", "show", "docker-cli"])


def _start() -> None:
    folder = cache_folder() / "docker"
    for path in (folder, _RUNTIME):
        path.mkdir(parents=True, exist_ok=True)
    # A killed daemon leaves its pid file and the next one then refuses to start.
    for left_behind in (_PID_FILE, Path("/var/run/docker.pid")):
        if left_behind.exists() and not _is_dockerd(left_behind.read_text().strip()):
            left_behind.unlink()
    log = folder / "dockerd.log"
    with log.open("wb") as output:
        # A session of its own and no inherited streams, so that it outlives the test run that started it.
        daemon = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={folder / 'data'}",
                f"--exec-root={_RUNTIME / 'exec'}",
                f"--pidfile={_PID_FILE}",
                f"--registry-mirror=http://{HUB_ON_LOOPBACK}",
                f"--insecure-registry={HUB_ON_LOOPBACK}",
                "--log-level=warn",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and daemon.poll() is None:
        if engine_answers():
            return
        time.sleep(0.2)
    raise LabUnavailable(f"dockerd does not start: {_last_line(log)}")


def own_engine_left_traces() -> bool:
    """Whether an engine that the lab started has not been ended in order."""
    return _PID_FILE.exists()


def stop_own_engine() -> None:
    """End the Docker Engine that the lab started, unless containers of others run in it."""
    try:
        pid = _PID_FILE.read_text().strip()
    except OSError:
        return  # it is not ours
    if not _is_dockerd(pid) or docker("ps", "-q"):
        return
    os.kill(int(pid), signal.SIGTERM)
    give_up = time.monotonic() + _STOP_S
    while _is_dockerd(pid) and time.monotonic() < give_up:
        time.sleep(0.1)


def _is_dockerd(pid: str) -> bool:
    try:
        return "dockerd" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def remove(containers: Sequence[str] = (), volumes: Sequence[str] = ()) -> None:
    """Remove containers with their anonymous volumes, then named volumes; missing ones are no error."""
    if containers:
        docker("rm", "-f", "-v", *containers)
    if volumes:
        docker("volume", "rm", "-f", *volumes)
