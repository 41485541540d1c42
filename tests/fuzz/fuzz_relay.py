"""Throws made-up and damaged deliveries at the relay for a time: `make fuzz`.

    python -m tests.fuzz.fuzz_relay [SECONDS]

From the bytes of a request to the line that the agent reads. Never may there be an exception that is not a refusal; a
delivery that is believed without a signature made with the secret over exactly its body; chunks that are read another
way than by h11; two readers of payloads that disagree; a notice that the agent would not take; a spool that loses its
order. What hypothesis finds is kept in .hypothesis, so that the next run begins with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import h11
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from godploy_server.agent.hook_inbox import notice_of
from godploy_server.contract.hooks import HookHost, Notice
from godploy_server.contract.wire import to_json
from godploy_server.relay import body as relay_body
from godploy_server.relay.events import notices
from godploy_server.relay.handover import HandOver
from godploy_server.relay.head import Refused, parse_head
from godploy_server.relay.hook_files import HookFiles
from godploy_server.relay.limits import Rate
from godploy_server.relay.receiving import HOOKS_PATH, SEEN_FILE, Limits, Receiving
from godploy_server.relay.scan import NotJson, pruned, read, scan
from godploy_server.relay.spool import Spool, SpoolFull
from tests.fuzz import made_up

ROUND: Final = 500
LONGEST_LINE: Final = 128 * 1024  # the agent reads 256 KiB
WANTED: Final = {"ref": True, "commits": {"id": True, "added": True}, "push": {"changes": {"new": {"name": True}}}}

quietly = settings(deadline=None, max_examples=ROUND, suppress_health_check=list(HealthCheck), print_blob=True)
LOOP: Final = asyncio.new_event_loop()
seeds = st.integers(0, 2**64 - 1)
counted: Counter[str] = Counter()


class Recorder(HandOver):
    """In the place of the agent: keeps what was handed over."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    async def take(self, notices: Sequence[Notice]) -> None:
        self.told += notices


class Relay:
    """A relay without a socket: a folder of hooks, and requests as bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for host, hook in made_up.HOOKS.items():
            (folder / f"{hook}.json").write_text(json.dumps({"host": host.value, "secret": made_up.SECRET}))

    def believed(self, head: bytes, sent: bytes) -> tuple[HookHost, dict[str, str], list[Notice]] | None:
        """Send a request; gives whose hook believed it, its fields and what was told. None: it was refused."""
        return LOOP.run_until_complete(self._send(head, sent))

    async def _send(self, head: bytes, sent: bytes) -> tuple[HookHost, dict[str, str], list[Notice]] | None:
        (self._folder / SEEN_FILE).unlink(missing_ok=True)
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        agent = Recorder()
        try:
            asked = parse_head(head)
            if not asked.path.startswith(HOOKS_PATH):
                raise Refused(404)
            limits = Limits(believed=Rate(1e9, 1e9), pings=Rate(1e9, 1e9), listed=Rate(1e9, 1e9))
            receiving = Receiving(HookFiles(self._folder), agent, self._folder, lambda: made_up.NOW_S, limits)
            await receiving.receive(asked, reader)
        except Refused as refusal:
            assert all(each.refused and not each.commit for each in agent.told)
            counted[f"refused with {refusal.status}"] += 1
            return None
        finally:
            for each in agent.told:
                handed_over(each)
        counted["believed"] += 1
        host = next(each for each, hook in made_up.HOOKS.items() if asked.path.endswith(hook))
        return host, dict(asked.fields), agent.told


_FOLDER: Final = tempfile.TemporaryDirectory(prefix="godploy-fuzz-")
relay = Relay(Path(_FOLDER.name))


def handed_over(notice: Notice) -> None:
    """What the relay tells is what the agent takes, and short."""
    line = json.dumps(to_json(notice), separators=(",", ":")).encode()
    assert len(line) < LONGEST_LINE
    assert notice_of(line) == notice
    assert notice.ref.isprintable()


@quietly
@given(seeds)
def whole_deliveries(seed: int) -> None:
    """What a host sends is believed, however it is cut into chunks."""
    chance = Random(seed)
    sent = made_up.delivery(chance, chance.choice(list(HookHost)))
    found = relay.believed(sent.head(), sent.sent)
    assert found is not None, sent
    assert all(not each.refused for each in found[2])


@quietly
@given(seeds)
def damaged_deliveries(seed: int) -> None:
    """What was changed on its way is believed only where nothing was changed that the signature covers."""
    chance = Random(seed)
    whole = made_up.delivery(chance, chance.choice(list(HookHost)))
    sent = made_up.damaged(chance, whole)
    found = relay.believed(sent.head(), sent.sent)
    if found is None:
        return
    host, fields, _ = found
    body = sent.sent
    if fields.get("transfer-encoding"):
        body = by_h11(sent.sent) or b""
    elif "content-length" in fields:
        body = sent.sent[: int(fields["content-length"])]
    assert made_up.is_authentic(whole, host, fields, body), sent


heads = st.builds(
    lambda method, path, version, fields: b"\r\n".join(
        [b" ".join([method, path, version]), *(name.encode() + b": " + value for name, value in fields), b"", b""]
    ),
    st.sampled_from([b"POST", b"GET", b"post", b"PRI", b""]),
    st.one_of(
        st.sampled_from([f"{HOOKS_PATH}{hook}".encode() for hook in made_up.HOOKS.values()]),
        st.from_regex(rb"/_godploy/(hooks|health)[ -~]{0,60}", fullmatch=True),
        st.binary(max_size=60),
    ),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b""]),
    st.lists(
        st.tuples(
            st.sampled_from([*made_up.OTHER_FIELDS, *(name for name, _ in made_up.EVENTS.values())]),
            st.binary(max_size=60)
            | st.from_regex(rb"(sha256=|v1,)?[0-9a-fA-F]{64}", fullmatch=True)
            | st.sampled_from([b"application/json", b"push", b"Push Hook", b"5", b"0", b"v1,AAAA", b"chunked", b""]),
        ),
        max_size=8,
    ),
)


@quietly
@given(heads, st.binary(max_size=200))
def guessed_requests(head: bytes, body: bytes) -> None:
    """Without the secret nothing is believed."""
    assert relay.believed(head, body) is None


@quietly
@given(seeds, st.binary(max_size=80))
def chunks(seed: int, text: bytes) -> None:
    """What is read of chunks is what h11 reads, or nothing."""
    chance = Random(seed)
    sent = made_up.chunked(chance, text)
    assert by_relay(sent) == text
    bad = made_up.mangled(chance, sent)
    read_by_relay = by_relay(bad)
    counted["damaged chunks that are still chunks"] += read_by_relay is not None
    assert read_by_relay is None or read_by_relay == by_h11(bad), bad


def by_relay(sent: bytes) -> bytes | None:
    """Read a body in chunks as the relay does; None where it refuses."""

    async def read_all() -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        return b"".join([piece async for piece in relay_body.pieces(reader, None)])

    try:
        return LOOP.run_until_complete(read_all())
    except Refused:
        return None


def by_h11(sent: bytes) -> bytes | None:
    """Read a body in chunks by h11; None where it refuses, or wants more."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
    kept = b""
    try:
        while True:
            match connection.next_event():
                case h11.Data(data=data):
                    kept += bytes(data)
                case h11.EndOfMessage():
                    return kept
                case h11.Request():
                    continue
                case _:
                    return None
    except h11.RemoteProtocolError:
        return None


@quietly
@given(seeds, st.sampled_from(list(HookHost)), st.booleans())
def payloads(seed: int, host: HookHost, is_damaged: bool) -> None:
    """Both readers of payloads agree, and what is told of one is fit to be handed over."""
    chance = Random(seed)
    text = json.dumps(made_up.payload(chance, host), ensure_ascii=False).encode()
    if is_damaged:
        text = made_up.mangled(chance, text)
    by_library, by_walking = decoded(read, text), decoded(scan, text)
    if by_library is not None and by_walking is not None:
        assert by_library == by_walking, text
    elif by_library is None and by_walking is not None:
        counted["payloads read by walking alone"] += 1
    name, events = made_up.EVENTS[host]
    moment = datetime.fromtimestamp(made_up.NOW_S, UTC)
    base = Notice(made_up.HOOKS[host], "d", "1" * 64, moment)
    try:
        told = notices(host, {name: chance.choice(events)}, text, base)
    except NotJson:
        assert is_damaged
        return
    for each in told:
        handed_over(each)


def decoded(way: Callable[..., tuple[object, bool]], text: bytes) -> object:
    """What a reader makes of a text; None where it refuses."""
    try:
        return pruned(way(text, WANTED)[0], WANTED)
    except NotJson:
        return None


@quietly
@given(seeds)
def hand_over_lines(seed: int) -> None:
    """The agent reads a line as a notice, or drops it."""
    chance = Random(seed)
    moment = datetime.fromtimestamp(made_up.NOW_S, UTC)
    notice = Notice("a" * 40, "d", "1" * 64, moment, ref="main", commit="b" * 40, paths=("a", "é"))
    line = made_up.mangled(chance, json.dumps(to_json(notice)).encode())
    try:
        taken = notice_of(line)
    except ValueError:
        return
    counted["damaged lines that are still notices"] += 1
    assert len(taken.hook) == 40
    assert len(taken.commit) in (0, 40, 64)
    assert notice_of(json.dumps(to_json(taken)).encode()) == taken


@quietly
@given(st.lists(st.sampled_from(["keep", "refuse", "drop", "restart", "kill", "strange"]), max_size=30))
def spools(steps: list[str]) -> None:
    """Whatever happens to the relay, what waits is in the order in which it came."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool, expected = Spool(folder), []
        for number, step in enumerate(steps):
            line = b"%d" % number
            match step:
                case "keep" | "refuse":
                    try:
                        spool.keep(line, "a" * 40, is_refused=step == "refuse")
                    except SpoolFull:
                        continue
                    expected.append(line)
                case "drop" if expected:
                    spool.drop(spool.waiting()[0])
                    expected.pop(0)
                case "kill":
                    (folder / f".{number:016d}-{'a' * 40}-b.json").write_bytes(line)
                    spool = Spool(folder)
                case "strange":
                    (folder / f"{number}-x.json").write_bytes(line)
                case _:
                    spool = Spool(folder)
            assert [spool.read(each) for each in spool.waiting()] == expected


PARTS: Final = (
    whole_deliveries, damaged_deliveries, guessed_requests, chunks, payloads, hand_over_lines, spools,
)  # fmt: skip


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    end = time.monotonic() + seconds
    made: Counter[str] = Counter()
    while time.monotonic() < end:
        for part in PARTS:
            part()
            made[part.__name__] += ROUND
    print(f"{made.total()} made-up cases in {seconds:.0f} s: no crash, and nothing believed that was not signed")
    for name, count in sorted((made | counted).items()):
        print(f"  {count:>8}  {name.replace('_', ' ')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
