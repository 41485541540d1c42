"""Whether this computer can be a server: does its Docker answer, and if not, what is missing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_server.contract import Problem

DOCKER_SOCKET: Final = Path("/var/run/docker.sock")
ANSWER_S: Final = 5.0


@dataclass(frozen=True)
class DockerCheck:
    """Either a version (Docker answers) or the problem."""

    version: str
    problem: Problem | None

    @property
    def works(self) -> bool:
        """Whether this computer can be used as a server now."""
        return self.problem is None


def docker_socket(environment: Mapping[str, str] | None = None) -> Path:
    """The socket that this computer's agent would use: DOCKER_HOST if it names a unix socket, else Docker's own."""
    host = (os.environ if environment is None else environment).get("DOCKER_HOST", "")
    return Path(host.removeprefix("unix://")) if host.startswith("unix://") else DOCKER_SOCKET


async def check_docker(path: Path | None = None) -> DockerCheck:
    """Ask Docker for its version. Never raises; takes 5 s at most."""
    path = path or docker_socket()
    try:
        async with asyncio.timeout(ANSWER_S):
            return DockerCheck(await _version(path), None)
    except PermissionError:
        return _cannot(
            "docker-not-allowed",
            "Docker runs, but you may not use it",
            f"your account may not open {path}",
            'Add yourself to the group "docker" (sudo usermod -aG docker $USER) and log in again',
        )
    except (FileNotFoundError, ConnectionRefusedError):
        if shutil.which("dockerd") or shutil.which("docker"):
            return _cannot(
                "docker-not-running",
                "Docker is installed and does not run",
                f"nothing listens on {path}",
                "Start it: sudo systemctl start docker",
            )
        return _cannot(
            "docker-absent",
            "This computer has no Docker",
            f"{path} does not exist and there is no docker command",
            "Install it, on Debian and Ubuntu: sudo apt install docker.io",
        )
    except (OSError, ValueError, TimeoutError) as error:
        return _cannot(
            "docker-silent",
            "Docker does not answer",
            f"{path}: {type(error).__name__} {error}".strip(),
            "Look at its log (journalctl -u docker), or restart it",
        )


async def _version(path: Path) -> str:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
        await writer.drain()
        answer = await reader.read(1 << 20)
        while more := await reader.read(1 << 20):
            answer += more
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise ValueError(head.split(b"\r\n", 1)[0].decode(errors="replace"))
    return str(json.loads(body)["Version"])


def _cannot(code: str, what: str, why: str, next_step: str) -> DockerCheck:
    return DockerCheck("", Problem(code, what, why, next_step))
