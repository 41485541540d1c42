"""Processes that begin with their imports done.

Starting Python and importing takes most of the time of a test that needs an agent or a command, and a scenario of the
lab runs dozens of commands. Here the standard library's fork server imports once for each test process what those
programs import, and forks for each start. What it gives is a process like any other (pid, memory, streams, environment
and folder of its own) that begins at `main`. Tests that measure memory, and those of the start itself, start the
program itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import reduction
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    [
        "godploy_server.agent.run",
        "godploy_server.relay.run",
        "godploy_desktop.commands.context",
        "godploy_desktop.local_store.store",
        "godploy_desktop.remote.ssh_connection",
    ]
)


def run_warm(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], *, stdin: str, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS` to its end, as subprocess.run would; raises TimeoutExpired, and ends it."""
    with TemporaryFile("w+") as typed, TemporaryFile("w+") as said, TemporaryFile("w+") as complained:
        typed.write(stdin)
        typed.seek(0)
        process = WarmProcess(module, arguments, environment, stdin=typed, stdout=said, stderr=complained)
        try:
            code = process.wait(timeout_s)
        finally:
            process.kill()
        said.seek(0)
        complained.seek(0)
        return subprocess.CompletedProcess([module, *arguments], code, said.read(), complained.read())


class WarmProcess:
    """`python -m MODULE ARGUMENTS` without Python's start: the part of subprocess.Popen that tests use.

    Streams are open files; `stderr` may be subprocess.PIPE.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: IO[Any] | None = None,
        stdout: IO[Any] | None = None,
        stderr: IO[Any] | int | None = None,
    ) -> None:
        self.args = [module, *arguments]
        self.stderr: IO[bytes] | None = None
        closing = [os.open(os.devnull, os.O_RDWR)]
        numbers = [each.fileno() if each is not None else closing[0] for each in (stdin, stdout)]
        if isinstance(stderr, int):
            reading, writing = os.pipe()
            self.stderr = os.fdopen(reading, "rb")
            closing.append(writing)
            numbers.append(writing)
        else:
            numbers.append(stderr.fileno() if stderr is not None else closing[0])
        words = (module, list(arguments), dict(environment), str(Path.cwd()), [_Descriptor(each) for each in numbers])
        self._process = _FORKING.Process(target=_be, args=words, daemon=True)
        self._process.start()
        for each in closing:
            os.close(each)
        assert self._process.pid
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Descriptor:
    """An open file on its way to the new process, where it arrives as a number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (reduction.DupFd(self._number),)


def _arrived(descriptor: Any) -> int:
    return int(descriptor.detach())


def _be(module: str, arguments: list[str], environment: dict[str, str], folder: str, streams: list[int]) -> None:
    """Be the program from here on."""
    for number, each in enumerate(streams):
        os.dup2(each, number)
    for each in set(streams):
        os.close(each)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  as long as the process
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    program = import_module(module)
    sys.argv = [str(program.__file__), *arguments]
    sys.exit(program.main())
