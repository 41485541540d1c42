"""Running git and docker as child processes that can be ended as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from godploy_server.runtime.time_limit import within

_TERMINATION_GRACE_S: Final = 0.7  # a cancelled deployment ends within 2 s
_LONGEST_LINE_BYTES: Final = 64 * 1024


class ChildTimeout(Exception):
    """A child process took longer than it may; it was ended."""


async def run_child(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    on_output: Callable[[bytes], None],
    cwd: Path | None = None,
    timeout_s: float,
) -> int:
    """Run a program in a process group of its own and give its exit code.

    What it writes (both streams, in order) is handed over as whole lines while it runs. When this is cancelled or
    `timeout_s` pass, the whole group is ended first; then CancelledError or ChildTimeout is raised.
    """
    starting = asyncio.ensure_future(_start(arguments, environment, cwd))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The program runs before asyncio hands it over: a cancel in between must not leave its children behind.
        await _end_group(await starting)
        raise
    assert process.stdout is not None
    try:
        return await within(_until_end(process, process.stdout, on_output), timeout_s)
    except asyncio.TimeoutError:
        raise ChildTimeout(arguments[0]) from None
    finally:
        await _end_group(process)


async def _start(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path | None
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *arguments,
        env=dict(environment),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=os.setpgrp,  # (process_group= came with 3.11) the group stays in the job's session
    )


async def _until_end(
    process: asyncio.subprocess.Process, output: asyncio.StreamReader, on_output: Callable[[bytes], None]
) -> int:
    rest = b""
    while chunk := await output.read(65536):
        rest += chunk
        cut = rest.rfind(b"\n") + 1
        if not cut and len(rest) > _LONGEST_LINE_BYTES:
            cut = len(rest)
        if cut:
            on_output(rest[:cut])
            rest = rest[cut:]
    if rest:
        on_output(rest + b"\n")
    return await process.wait()


async def _end_group(process: asyncio.subprocess.Process) -> None:
    for number, grace_s in ((signal.SIGTERM, _TERMINATION_GRACE_S), (signal.SIGKILL, _TERMINATION_GRACE_S)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return  # the group is empty
        except PermissionError:
            pass  # on some kernels: only zombies are left
        with contextlib.suppress(asyncio.TimeoutError):
            await within(process.wait(), grace_s)


def end_session(session: int, proc: Path = Path("/proc")) -> list[int]:
    """End what a job that was killed left behind: every process of the session that it led; gives their pids.

    The session's number cannot belong to anyone else while one of them lives. Source: proc(5), field 6 of stat.
    """
    ended = []
    for process in proc.iterdir():
        if process.name.isdigit() and _session_of(process) == session:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
                ended.append(int(process.name))
    return ended


def _session_of(process: Path) -> int | None:
    try:
        fields = (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[3])  # a zombie has ended already


def child_environment(own: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for a child: this process's own without what would steer git or docker, and `added`."""
    kept = {name: value for name, value in own.items() if not name.startswith(("GIT_", "DOCKER_", "BUILDKIT_"))}
    return {**kept, "LC_ALL": "C.UTF-8", **added}
