"""Find a Docker Engine that answers, or start one that survives the test run and the leftovers of earlier ones."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tests.lab.labkit.cache import cache_folder, locked
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run, succeeds
from tests.lab.labkit.machine import install_missing

LABEL = "godploy.lab=1"
HUB_ON_LOOPBACK = "127.10.0.202:5000"
_ATTEMPTS = 2
_START_S = 60
_STOP_S = 10
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
        if absent := [program for program in ("dockerd", "docker") if shutil.which(program) is None]:
            raise LabUnavailable(f"Docker is installed, but PATH leads to no {' and no '.join(absent)}")
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
    log = folder / "dockerd.log"
    for _ in range(_ATTEMPTS):
        _remove_leftovers()
        with log.open("wb") as output:
            daemon = _launch(folder / "data", output)
        give_up = time.monotonic() + _START_S
        while time.monotonic() < give_up and daemon.poll() is None:
            if engine_answers():
                return
            time.sleep(0.2)
    raise LabUnavailable(f"dockerd does not start: {_last_line(log)}")


def _remove_leftovers() -> None:
    """Clear what a killed daemon leaves and the next one stumbles over: its pid file, its containerd, which ends a
    little later than the daemon, and the networks of its containers, whose addresses would be there twice."""
    for left_behind in (_PID_FILE, Path("/var/run/docker.pid")):
        if left_behind.exists() and not _runs("dockerd", left_behind.read_text().strip()):
            left_behind.unlink()
    orphan = _RUNTIME / "exec/containerd/containerd.pid"
    if orphan.exists() and not _PID_FILE.exists():
        pid = orphan.read_text().strip()
        if not _ends("containerd", pid, _STOP_S):
            os.kill(int(pid), signal.SIGKILL)
        orphan.unlink(missing_ok=True)
    if not _PID_FILE.exists():
        for namespace in (_RUNTIME / "exec/netns").glob("*"):
            succeeds(["umount", "-l", str(namespace)], timeout_s=10)
            namespace.unlink(missing_ok=True)


def _launch(data: Path, output: BinaryIO) -> "subprocess.Popen[bytes]":
    arguments = [
        "dockerd",
        f"--data-root={data}",
        f"--exec-root={_RUNTIME / 'exec'}",
        f"--pidfile={_PID_FILE}",
        f"--registry-mirror=http://{HUB_ON_LOOPBACK}",
        f"--insecure-registry={HUB_ON_LOOPBACK}",
        "--log-level=warn",
    ]
    # A session of its own and no inherited streams, so that it outlives the test run that started it.
    return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def own_engine_left_traces() -> bool:
    """Whether an engine that the lab started has not been ended in order."""
    return _PID_FILE.exists()


def stop_own_engine() -> None:
    """End the Docker Engine that the lab started, unless containers of others run in it."""
    try:
        pid = _PID_FILE.read_text().strip()
    except OSError:
        return  # it is not ours
    if _runs("dockerd", pid) and not docker("ps", "-q"):
        os.kill(int(pid), signal.SIGTERM)
        _ends("dockerd", pid, _STOP_S)


def _runs(program: str, pid: str) -> bool:
    try:
        return program in Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]
    except OSError:
        return False


def _ends(program: str, pid: str, within_s: float) -> bool:
    give_up = time.monotonic() + within_s
    while _runs(program, pid):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def remove(containers: Sequence[str] = (), volumes: Sequence[str] = ()) -> None:
    """Remove containers with their anonymous volumes, then named volumes; missing ones are no error."""
    if containers:
        docker("rm", "-f", "-v", *containers)
    if volumes:
        docker("volume", "rm", "-f", *volumes)
