"""Commands on a server: run to the end, or line by line; ending one ends its whole process group."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, Protocol

from godploy_desktop.remote.connection import CommandResult
from godploy_desktop.remote.problems import CommandFailed, CommandTimedOut, lost
from godploy_desktop.remote.ssh.unix_access import parse_group
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import GodployError

STDERR_BYTES: Final = 64 * 1024
READ_BYTES: Final = 64 * 1024
GROUP_LOOKS: Final = 40
GROUP_LOOK_S: Final = 0.05


class Tail:
    """The last bytes of a stream, and its first line: what came first names the process group."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        """Take more; any thread."""
        room = 256 - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > STDERR_BYTES:
            del self._tail[:-STDERR_BYTES]

    def content(self) -> bytes:
        """Give what is kept."""
        return bytes(self._head + self._tail)


class Execution(Protocol):
    """A command that was started."""

    @property
    def sock(self) -> socket.socket:
        """Its stdin and stdout."""

    @property
    def stderr(self) -> Tail:
        """What it wrote there."""

    @property
    def is_reachable(self) -> bool:
        """Whether the way to it still stands."""

    def exit_code(self) -> int | None:
        """Wait for the exit code; None where the way to it ended before. -1 where a signal ended it. Blocks."""

    def close(self) -> None:
        """Give up its streams. Blocks for a moment."""


class Command:
    """One run of one command; see RunningCommand."""

    def __init__(
        self,
        target: str,
        start: Callable[[], Awaitable[Execution]],
        end_group: Callable[[int], Awaitable[None]],
        workers: Workers,
        stdin: bytes,
        timeout_s: float | None,
    ) -> None:
        self._target = target
        self._start = start
        self._end_group = end_group
        self._workers = workers
        self._stdin = stdin
        self._timeout_s = timeout_s
        self._execution: Execution | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._result: CommandResult | None = None
        self._is_started = False
        self._is_timed_out = False
        self._given: AsyncGenerator[str] | None = None

    def __aiter__(self) -> AsyncGenerator[str]:
        """Give the lines of stdout as they come. Raises CommandTimedOut, or Unreachable when the connection ends."""
        # kept, so that leaving a loop over it does not destroy it before `aclose` can end it properly: not every
        # event loop takes care of generators that are left (Qt's does not)
        if self._given is None:
            self._given = self._lines()
        return self._given

    async def _lines(self) -> AsyncGenerator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        async with contextlib.aclosing(self.output()) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + decoder.decode(chunk)).split("\n")
                for line in lines:
                    yield line.removesuffix("\r")
        if rest:
            yield rest

    async def output(self, on_sent: Callable[[float], None] | None = None) -> AsyncGenerator[bytes]:
        """Give stdout as it comes; `on_sent` gets how much of stdin was taken, as a fraction."""
        if self._is_started:
            raise lost(self._target, "the command was ended")
        self._is_started = True
        timer: asyncio.TimerHandle | None = None
        feeding: asyncio.Task[None] | None = None
        try:
            if self._timeout_s is not None:
                timer = asyncio.get_running_loop().call_later(self._timeout_s, self._time_out)
            execution = self._execution = await self._start()
            reader, self._writer = await asyncio.open_connection(sock=execution.sock, limit=READ_BYTES)
            feeding = asyncio.create_task(self._feed(self._writer, on_sent))
            with contextlib.suppress(ConnectionError):
                while not self._is_timed_out and (chunk := await reader.read(READ_BYTES)):
                    yield chunk
            await self._finish(execution)
        finally:
            if timer is not None:
                timer.cancel()
            if feeding is not None:
                feeding.cancel()
            await self._end()

    async def _feed(self, writer: asyncio.StreamWriter, on_sent: Callable[[float], None] | None) -> None:
        content = memoryview(self._stdin)
        with contextlib.suppress(ConnectionError):  # it may end without reading everything
            for start in range(0, len(content), READ_BYTES):
                writer.write(content[start : start + READ_BYTES])
                await writer.drain()
                if on_sent is not None:
                    on_sent(min(1.0, (start + READ_BYTES) / len(content)))
            writer.write_eof()

    async def _finish(self, execution: Execution) -> None:
        exit_code = None if self._is_timed_out else await self._workers.call(execution.exit_code)
        if self._is_timed_out:
            await self._end()
            raise CommandTimedOut(
                f"A command on {self._target} did not end in time",
                f"it was ended after {self._timeout_s or 0:.0f} s",
                "Look at the server's load and try again",
            )
        if exit_code is None:
            raise lost(self._target, "it ended while a command ran")
        self._result = CommandResult(exit_code, b"", parse_group(execution.stderr.content())[1])

    def _time_out(self) -> None:
        self._is_timed_out = True
        if self._writer is not None:
            self._writer.transport.abort()

    async def wait(self) -> CommandResult:
        """Wait for the end, dropping lines that nobody took."""
        if self._result is None:
            async with contextlib.aclosing(self.output()) as chunks:
                async for _ in chunks:
                    pass
        if self._result is None:  # the output was read to its end by another
            raise lost(self._target, "the command was ended")
        return self._result

    async def aclose(self) -> None:
        """End the command with its process group, if it still runs. Call it when the lines are left early."""
        if self._given is not None:
            await self._given.aclose()
        await self._end()

    async def _end(self) -> None:
        execution, self._execution = self._execution, None
        if execution is None:
            return
        group = None if self._result is not None else await _group_of(execution)
        if self._writer is not None:
            self._writer.transport.abort()
        self._workers.submit(execution.close)
        if group is not None and execution.is_reachable:
            with contextlib.suppress(GodployError):  # the connection went away: nothing more can be done from here
                await self._end_group(group)


async def _group_of(execution: Execution) -> int | None:
    """Give the process group; it is the first that a command tells, but a command may be ended sooner than that."""
    for _ in range(GROUP_LOOKS):
        group, _rest = parse_group(execution.stderr.content())
        if group is not None or not execution.is_reachable:
            return group
        await asyncio.sleep(GROUP_LOOK_S)
    return None


async def run_to_end(command: Command) -> CommandResult:
    """Run it and give back all that it wrote. Raises CommandTimedOut or Unreachable."""
    async with contextlib.aclosing(command.output()) as chunks:
        output = b"".join([chunk async for chunk in chunks])
    result = await command.wait()
    return CommandResult(result.exit_code, output, result.stderr)


async def write_with(
    command: Command, remote_path: str, target: object, progress: Callable[[float], None] | None
) -> None:
    """Run a command that writes its stdin to a file. Raises CommandFailed with what the system says."""
    async with contextlib.aclosing(command.output(progress)) as chunks:
        async for _ in chunks:
            pass
    result = await command.wait()
    if not result.ok:
        raise CommandFailed(
            f"{remote_path} could not be written on {target}",
            result.stderr.decode("utf-8", "replace").strip()[-300:] or f"exit code {result.exit_code}",
            "Check the free space and the permissions there",
        )
