"""The log of a deployment: a file that anyone may follow from any offset, and word to the agent that it grew."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from godploy_server.contract import DeploymentId, Problem, Step
from godploy_server.state.exhaustion import is_disk_full
from godploy_server.state.paths import Paths

_NOTIFY_EVERY_S: Final = 0.1
_SHORTEST_REDACTED: Final = 6
_REDACTED: Final = b"[REDACTED]"


class DeploymentLog:
    """Appends to a deployment's log. Program output stays as it came, colours included; values of secrets do not."""

    def __init__(self, paths: Paths, deployment_id: DeploymentId) -> None:
        self._file = paths.log(deployment_id).open("ab", buffering=0)
        self._notify_socket = str(paths.notify_socket)
        self._deployment_id = deployment_id
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._announced: asyncio.TimerHandle | None = None
        self._hidden: tuple[bytes, ...] = ()

    def hide(self, values: Iterable[str]) -> None:
        """Replace these values in everything written from now on; very short ones would only garble the log."""
        lines = {line for value in values for line in value.splitlines()}  # the log is written line by line
        encoded = {line.encode() for line in lines if len(line) >= _SHORTEST_REDACTED}
        self._hidden = tuple(sorted({*self._hidden, *encoded}, key=len, reverse=True))

    def step(self, step: Step) -> None:
        """Write the line that begins a step."""
        self.write(f"== {step.value} ==\n".encode())
        self.deployment_changed()

    def say(self, text: str) -> None:
        """Write one line of the engine's own."""
        self.write(text.encode() + b"\n")

    def problem(self, problem: Problem) -> None:
        """Write why the deployment did not succeed."""
        self.say(f"!! {problem}")

    def write(self, output: bytes) -> None:
        """Write whole lines as a program gave them."""
        try:
            self._file.write(self._redacted(output))
        except OSError as error:
            # A line of the log is not worth a deployment: what needs the space itself will fail and say so.
            if not is_disk_full(error):
                raise
        if self._announced is None:
            with contextlib.suppress(RuntimeError):  # no loop runs: nobody follows live
                self._announced = asyncio.get_running_loop().call_later(_NOTIFY_EVERY_S, self._announce)

    def without_secrets(self, problem: Problem) -> Problem:
        """Give a problem as it may be kept and shown: a program's last line in it may hold a secret."""

        def clean(text: str) -> str:
            return self._redacted(text.encode(errors="replace")).decode()

        return replace(problem, what=clean(problem.what), why=clean(problem.why), next_step=clean(problem.next_step))

    def _redacted(self, output: bytes) -> bytes:
        for value in self._hidden:
            output = output.replace(value, _REDACTED)
        return output

    def deployment_changed(self) -> None:
        """Tell the agent that the deployment's row changed."""
        self._send("deployment")

    def close(self) -> None:
        """Tell the agent the final size and close the file."""
        if self._announced is not None:
            self._announced.cancel()
        self._announce()
        self._file.close()
        self._socket.close()

    def _announce(self) -> None:
        self._announced = None
        self._send("log")

    def _send(self, subject: str) -> None:
        # Best effort: without an agent (it restarts) nobody needs to know; it reads rows and files when it is back.
        with contextlib.suppress(OSError):
            self._socket.sendto(f"{subject} {self._deployment_id}".encode(), self._notify_socket)
