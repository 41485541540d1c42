"""Everything that goes to one server while it is connected: a control line, a bulk line, and lines for commands."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import paramiko

from godploy_desktop.remote.commands import Command, Tail
from godploy_desktop.remote.problems import lost, unreachable
from godploy_desktop.remote.ssh.line import Dialer, Line
from godploy_desktop.remote.ssh.transport import BULK_WINDOW_BYTES
from godploy_desktop.remote.ssh.unix_access import (
    PROBE_COMMAND,
    ServerFacts,
    SocketAccess,
    access_command,
    end_group_command,
    group_command,
    parse_access,
    parse_probe,
    relay_command,
)
from godploy_desktop.remote.ssh.watchdog import TICK_S, Clocks, Verdict, Watchdog
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import GodployError, NotAllowed, Unreachable

QUICK_TIMEOUT_S: Final = 15.0
MAX_COMMAND_LINES: Final = 8
STATUS_TIMEOUT_S: Final = 5.0


class SshExecution:
    """A command that was started on a line; see Execution."""

    def __init__(self, line: Line, channel: paramiko.Channel, sock: socket.socket, stderr: Tail) -> None:
        self.sock = sock
        self.stderr = stderr
        self._line = line
        self._channel = channel

    @property
    def is_reachable(self) -> bool:
        """Whether the line still stands."""
        return self._line.is_alive

    def exit_code(self) -> int | None:
        """Wait for the exit code."""
        if not self._channel.status_event.wait(STATUS_TIMEOUT_S) or not self._line.is_alive:
            return None
        return self._channel.exit_status

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class Tunnel:
    """One server while it is connected. When its control line ends it is of no use any more; make another."""

    def __init__(self, target: str, dialer: Dialer, workers: Workers, control: Line) -> None:
        self._target = target
        self._dialer = dialer
        self._workers = workers
        self._control = control
        self._bulk: Line | None = None
        self._command_lines: list[Line] = [control]
        self._dialing = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._relayed: dict[str, str] = {}  # socket path -> the command that leads there
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        self.facts = ServerFacts()

    @classmethod
    async def open(cls, target: str, dialer: Dialer, workers: Workers) -> Tunnel:
        """Log in and look around. Raises as Dialer.dial."""
        tunnel = cls(target, dialer, workers, await dialer.dial())
        try:
            tunnel.facts = parse_probe(await tunnel._quick(PROBE_COMMAND))
        except BaseException:
            tunnel.close()
            raise
        return tunnel

    @property
    def is_alive(self) -> bool:
        """Whether the control line still stands, as far as is known."""
        return self._control.is_alive and not self._is_closed

    def close(self) -> None:
        """End everything, in other threads."""
        self._is_closed = True
        for line in {*self._command_lines, *([self._bulk] if self._bulk else [])}:
            self._workers.submit(line.close)

    async def watch(self) -> Unreachable:
        """Wait until the server is gone; gives back why. A dead bulk or command line is dropped on the way."""
        watchdogs: dict[Line, Watchdog] = {}
        while True:
            clocks = Clocks.now()
            for line in {*self._command_lines, *([self._bulk] if self._bulk else [])}:
                watchdog = watchdogs.setdefault(line, Watchdog(clocks))
                verdict = watchdog.judge(clocks, line.transport.last_heard) if line.is_alive else Verdict.DEAD
                if verdict is Verdict.PING:
                    self._workers.submit(partial(_ping, line))
                elif verdict in {Verdict.DEAD, Verdict.SLEPT}:
                    why = self._why(line, verdict)
                    self._drop(line)
                    watchdogs.pop(line, None)
                    if line is self._control or verdict is Verdict.SLEPT:
                        self.close()
                        return lost(self._target, why)
            await asyncio.sleep(TICK_S)

    def _why(self, line: Line, verdict: Verdict) -> str:
        if verdict is Verdict.SLEPT:
            return "this computer was asleep"
        if line.is_alive:
            return f"no answer for {time.monotonic() - line.transport.last_heard:.0f} s"
        error = line.transport.get_exception()
        return str(error)[:300] if error is not None and str(error) else "the server closed it"

    def _drop(self, line: Line) -> None:
        if line is self._bulk:
            self._bulk = None
        if line in self._command_lines:
            self._command_lines.remove(line)
        self._workers.submit(line.close)

    # unix sockets

    async def open_unix(self, path: str, *, bulk: bool) -> socket.socket:
        """Give back a socket to a unix socket on the server. Raises Unreachable or NotAllowed."""
        line, channel, on_end = await self._open_channel(path, bulk=bulk)
        return line.mux.bridge(channel, on_end)

    async def attach(self, path: str, sock: socket.socket, *, bulk: bool) -> None:
        """Join a connected socket with a unix socket on the server; it belongs to the tunnel from now on."""
        try:
            line, channel, on_end = await self._open_channel(path, bulk=bulk)
        except BaseException:
            sock.close()
            raise
        line.mux.attach(channel, sock, on_end)

    async def _open_channel(self, path: str, *, bulk: bool) -> tuple[Line, paramiko.Channel, Callable[[], None] | None]:
        command = self._relayed.get(path)
        if command is None:
            line = await self._bulk_line() if bulk else self._control
            try:
                channel = await self._workers.call(
                    lambda: line.transport.open_unix(path), discard=paramiko.Channel.close
                )
            except (OSError, EOFError, paramiko.SSHException) as error:
                if not line.is_alive:
                    raise lost(self._target, "it ended while a channel was opened") from error
                async with self._asking:
                    command = self._relayed.get(path) or await self._way_around(path, error)
                    self._relayed[path] = command
            else:
                return line, channel, None
        line, channel = await self._open_command(command)
        return line, channel, partial(self._release, line)

    async def _bulk_line(self) -> Line:
        async with self._dialing:
            if self._bulk is None or not self._bulk.is_alive:
                try:
                    self._bulk = await self._dialer.dial(BULK_WINDOW_BYTES)
                except GodployError:
                    return self._control  # slower, and what else goes through it waits behind; but it works
            return self._bulk

    async def _way_around(self, path: str, error: BaseException) -> str:
        """Give back the command that reaches a socket to which sshd does not forward. Raises why there is none.

        Every refusal of a channel reads alike, so the server is asked what is wrong.
        """
        if isinstance(error, paramiko.SSHException) and "Timeout" in str(error):
            raise unreachable(f"{path} on {self._target}", TimeoutError()) from error
        access = parse_access(await self._quick(access_command(path)))
        if access is SocketAccess.ABSENT:
            raise Unreachable(
                f"{path} is not there on {self._target}",
                "no such socket exists: the program that makes it is not installed or does not run",
                "Set the server up, or start that program again",
            ) from error
        if access is SocketAccess.DENIED:
            raise NotAllowed(
                f"{path} on {self._target} may not be used",
                "the account has no permission on it, and sudo asks for a password or is not there",
                "Log in as root, or give the account passwordless sudo",
            ) from error
        command = relay_command(path, self.facts, as_root=access is SocketAccess.NEEDS_ROOT)
        if command is None:
            raise Unreachable(
                f"{path} on {self._target} cannot be reached",
                "the server's sshd does not forward to unix sockets, and there is no python3 to do it",
                "Allow AllowStreamLocalForwarding in sshd_config, or install python3",
            ) from error
        return command

    # commands

    def command(self, command: str, stdin: bytes, timeout_s: float | None) -> Command:
        """Give back a command that starts when its output is asked for."""
        return Command(
            self._target,
            lambda: self._execute(group_command(command)),
            self._end_group,
            self._workers,
            stdin,
            timeout_s,
        )

    async def _execute(self, command: str) -> SshExecution:
        line, channel = await self._open_command(command)
        stderr = Tail()
        sock = line.mux.bridge(channel, partial(self._release, line), stderr.add)
        return SshExecution(line, channel, sock, stderr)

    async def _quick(self, command: str) -> bytes:
        output = b""
        async for chunk in self.command(command, b"", QUICK_TIMEOUT_S).output():
            output += chunk
        return output

    async def _end_group(self, group: int) -> None:
        await self._quick(end_group_command(group, with_sudo=False))
        if self.facts.has_sudo:  # what sudo started belongs to root
            await self._quick(end_group_command(group, with_sudo=True))

    async def _open_command(self, command: str) -> tuple[Line, paramiko.Channel]:
        while True:
            line = await self._free_line()
            line.commands += 1
            try:
                return line, await self._workers.call(partial(_start, line, command), discard=paramiko.Channel.close)
            except (OSError, EOFError, paramiko.SSHException) as error:
                line.commands -= 1
                if not line.is_alive:
                    raise lost(self._target, "it ended while a command was started") from error
                if line.commands == 0 or not isinstance(error, paramiko.SSHException):
                    raise unreachable(f"A command on {self._target}", error) from error
                line.max_commands = line.commands  # this sshd allows fewer sessions
            except BaseException:
                line.commands -= 1
                raise

    async def _free_line(self) -> Line:
        async with self._dialing:
            for line in self._command_lines:
                if line.is_alive and line.commands < line.max_commands:
                    return line
            if len(self._command_lines) >= MAX_COMMAND_LINES:
                raise Unreachable(
                    f"Too much at once on {self._target}",
                    "the server's sshd does not forward to unix sockets, so that each stream takes one of few sessions",
                    "Close some logs, or allow AllowStreamLocalForwarding in the server's sshd_config",
                )
            line = await self._dialer.dial()
            self._command_lines.append(line)
            return line

    def _release(self, line: Line) -> None:
        def count_down() -> None:
            line.commands -= 1

        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(count_down)


def _start(line: Line, command: str) -> paramiko.Channel:
    channel = line.transport.open_session(timeout=QUICK_TIMEOUT_S)
    try:
        channel.exec_command(command)
    except BaseException:
        channel.close()
        raise
    return channel


def _ping(line: Line) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        line.transport.ping()
