"""Running a command inside a container that runs, with text on its standard input.

What is secret goes through stdin: the arguments of a process can be read by every user of the server, and Docker shows
those of an exec to whoever inspects it. Source: Docker Engine API 1.41, ContainerExec and ExecStart (the connection is
taken over: what is sent after the answer's head is stdin, half-closing it ends stdin).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from godploy_server.contract import NotReady
from godploy_server.runtime.docker_client import DockerClient, DockerRefused, demultiplex
from godploy_server.runtime.time_limit import within

_KEPT_OUTPUT: Final = 64 * 1024
_LONGEST_HEAD: Final = 64 * 1024


@dataclass(frozen=True)
class ExecResult:
    """How a command ended, and the end of what it wrote (stdout and stderr as they came)."""

    exit_code: int
    output: str


async def run_inside(
    docker: DockerClient, container: str, command: Sequence[str], stdin: str = "", timeout_s: float = 60.0
) -> ExecResult:
    """Run `command` in a container and wait for its end.

    Raises DockerRefused (404: no such container, 409: it does not run), NotReady when Docker breaks off or the command
    takes longer than `timeout_s`: then it is not known what it did, and it may go on.
    """
    body = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Cmd": list(command)}
    made = await docker.request("POST", f"/containers/{container}/exec", body=body)
    try:
        output = await within(_attached(docker, made["Id"], stdin.encode()), timeout_s)
    except (asyncio.TimeoutError, TimeoutError):
        raise NotReady(
            "The command inside the container does not end",
            f"{command[0]} took longer than {timeout_s:g} s",
            "Look at the service's log",
        ) from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NotReady(
            "Docker's answer broke off", str(error) or type(error).__name__, "Try again in a moment"
        ) from None
    found = await docker.request("GET", f"/exec/{made['Id']}/json")
    if found.get("Running") or found.get("ExitCode") is None:
        raise NotReady("The command inside the container was cut off", "Docker closed its output", "Try again")
    return ExecResult(int(found["ExitCode"]), output.decode(errors="replace"))


async def _attached(docker: DockerClient, exec_id: str, stdin: bytes) -> bytes:
    api = (await docker.version()).api
    reader, writer = await asyncio.open_unix_connection(str(docker.socket_path), limit=_LONGEST_HEAD)
    try:
        body = json.dumps({"Detach": False, "Tty": False}).encode()
        head = (
            f"POST /v{api}/exec/{exec_id}/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        if status not in (101, 200):
            why = (await reader.read(2000)).decode(errors="replace").strip()
            raise DockerRefused("Docker refused to run a command", why[:300], "Look at Docker's log", status)
        feeding = asyncio.ensure_future(_feed(writer, stdin))  # beside the reading: it may answer while it reads
        try:
            kept = b""
            async for _, piece in demultiplex(_chunks(reader)):
                kept = (kept + piece)[-_KEPT_OUTPUT:]
            return kept
        finally:
            feeding.cancel()
    finally:
        writer.close()


async def _feed(writer: asyncio.StreamWriter, stdin: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended without reading all
        writer.write(stdin)
        await writer.drain()
        writer.write_eof()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    # A connection that breaks because stdin was not read is an end too; the exit code tells how it ended.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while chunk := await reader.read(65536):
            yield chunk
