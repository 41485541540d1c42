"""The visitors' own process: `python -m tests.lab.labkit.visiting JSON`.

Prints a report (one JSON object a line, each replaces the one before) four times a second, and a last one when its
standard input ends or a bound is reached.
"""

import asyncio
import collections
import contextlib
import json
import ssl
import sys
import time
from dataclasses import dataclass, field

import h11

from tests.lab.labkit.visitors import Visit

_LONGEST_ANSWER_S = 30.0  # beyond what the slow path takes
_MOST_LOSSES = 1000
_REPORT_EVERY_S = 0.25


@dataclass
class Tally:
    """What happened so far."""

    started: float = field(default_factory=time.monotonic)
    sent: int = 0
    lost: list[tuple[str, str, str, float, str]] = field(default_factory=list)
    methods: collections.Counter[str] = field(default_factory=collections.Counter)
    versions: collections.Counter[str] = field(default_factory=collections.Counter)

    def report(self) -> None:
        """Print the counts."""
        print(
            json.dumps({"sent": self.sent, "lost": self.lost, "methods": self.methods, "versions": self.versions}),
            flush=True,
        )


class Lost(Exception):
    """An answer that does not count as one."""


@dataclass(frozen=True)
class Habit:
    """How one visitor behaves."""

    method: str
    path: str
    keeps_connection: bool
    takes_s: float

    @property
    def way(self) -> str:
        return "kept" if self.keeps_connection else "new"


def habits(visit: Visit) -> list[Habit]:
    """The visitors that a visit consists of."""
    slow = visit.slow_path.format(seconds="0.4")
    slowest = visit.slow_path.format(seconds=visit.slowest_s)
    kinds = [(visit.path, True, 0.0)] * 4 + [(visit.path, False, 0.0)] * 2 + [(slow, True, 0.4), (slow, False, 0.4)]
    found = []
    for number in range(visit.connections):
        # Methods change slower than kinds, so that every method is used in every way.
        path, keeps, takes = kinds[number % len(kinds)]
        method = visit.methods[(number // len(kinds) + number) % len(visit.methods)]
        found.append(Habit(method, path, keeps, takes))
    return found + [Habit(method, slowest, True, visit.slowest_s) for method in visit.methods]


class Browser:
    """One visitor with at most one connection."""

    def __init__(self, visit: Visit, habit: Habit, tls: ssl.SSLContext | None) -> None:
        self._visit, self._habit, self._tls = visit, habit, tls
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self) -> str:
        """Send one request and read the whole answer; gives back its X-Version. Raises Lost or OSError."""
        if self._writer is None:
            await self._connect()
        try:
            version = await self._exchange()
        except BaseException:
            self.close()
            raise
        if not self._habit.keeps_connection or self._protocol.our_state is not h11.DONE:
            self.close()
        else:
            try:
                self._protocol.start_next_cycle()
            except h11.LocalProtocolError:  # the other side wants to close
                self.close()
        return version

    def close(self) -> None:
        """Drop the connection."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _connect(self) -> None:
        name = self._visit.host if self._tls else None
        self._reader, self._writer = await asyncio.open_connection(
            self._visit.address, self._visit.port, ssl=self._tls, server_hostname=name
        )
        self._protocol = h11.Connection(h11.CLIENT)

    async def _exchange(self) -> str:
        assert self._writer is not None
        body = b"one more visitor" if self._habit.method == "POST" else b""
        headers = [("Host", self._visit.host), ("Content-Length", str(len(body)))]
        if not self._habit.keeps_connection:
            headers.append(("Connection", "close"))
        request = h11.Request(method=self._habit.method, target=self._habit.path, headers=headers)
        parts = [request, h11.Data(data=body), h11.EndOfMessage()]
        self._writer.write(b"".join(self._protocol.send(part) or b"" for part in parts))
        await self._writer.drain()
        version = ""
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Response):
                if not 200 <= event.status_code < 300:
                    raise Lost(f"status {event.status_code}")
                version = next((value.decode() for name, value in event.headers if name == b"x-version"), "")
            elif isinstance(event, h11.EndOfMessage):
                return version
            elif isinstance(event, h11.ConnectionClosed):
                raise Lost("connection closed without an answer")


async def live(browser: Browser, habit: Habit, visit: Visit, tally: Tally, enough: asyncio.Event) -> None:
    """One visitor, until it is enough."""
    while not enough.is_set():
        sent_at_s = time.monotonic() - tally.started
        try:
            async with asyncio.timeout(habit.takes_s + _LONGEST_ANSWER_S):
                tally.versions[await browser.ask()] += 1
        except (Lost, OSError, TimeoutError, h11.ProtocolError, EOFError) as failure:
            browser.close()
            if len(tally.lost) < _MOST_LOSSES:
                reason = f"{type(failure).__name__}: {failure}"
                tally.lost.append((habit.method, habit.path, habit.way, round(sent_at_s, 3), reason))
        tally.sent += 1
        tally.methods[habit.method] += 1
        if tally.sent >= visit.most_requests or time.monotonic() - tally.started >= visit.most_seconds:
            enough.set()
        await asyncio.sleep(visit.pause_s)
    browser.close()


async def report_until(enough: asyncio.Event, tally: Tally) -> None:
    """Print the counts now and then, until it is enough."""
    while not enough.is_set():
        tally.report()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), _REPORT_EVERY_S)


async def main(visit: Visit) -> None:
    """All visitors at once; ends when standard input does."""
    tally, enough = Tally(), asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, enough.set)
    tls = ssl.create_default_context(cadata=visit.tls_root) if visit.tls_root else None
    async with asyncio.TaskGroup() as group:
        group.create_task(report_until(enough, tally))
        for habit in habits(visit):
            group.create_task(live(Browser(visit, habit, tls), habit, visit, tally, enough))
    tally.report()


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    asyncio.run(main(Visit(**{**wanted, "methods": tuple(wanted["methods"])})))
