"""Handing over while the agent is there, away, stuck or unwilling; and what waits on the disk meanwhile."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import pytest

from godploy_server.contract.hooks import Notice
from godploy_server.relay import handover, spool
from godploy_server.relay.handover import HandOver
from godploy_server.relay.limits import Slots
from godploy_server.relay.spool import Spool, SpoolFull

HOOK, OTHER = "a" * 40, "b" * 40


def notice(number, hook=HOOK, refused=""):
    return Notice(hook, str(number), "", datetime(2026, 1, 1, tzinfo=UTC), refused=refused)


class Agent:
    """Answers each line as `answer(notice)` says; None: not at all."""

    def __init__(self, folder, answer=lambda _: "+"):
        self.socket = folder / "agent.sock"
        self.answer = answer
        self.came = []
        self.connections = 0

    async def __aenter__(self):
        self.socket.unlink(missing_ok=True)
        self.server = await asyncio.start_unix_server(self._serve, str(self.socket))
        self.writers = []
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for each in self.writers:
            each.close()
        self.socket.unlink(missing_ok=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                told = json.loads(line)
                said = self.answer(told)
                if said == "+":
                    self.came.append(told["delivery"])
                if said:
                    writer.write(said.encode() + b"\n")


def test_what_waits_keeps_its_order_across_restarts_and_reboots(tmp_path):
    for number in range(5):
        Spool(tmp_path).keep(b"%d" % number, HOOK, is_refused=False)  # each time as after a restart
    (tmp_path / f".{99:016d}-{HOOK}-b.json").write_text("half")  # the relay was killed while it wrote
    (tmp_path / "seen").write_text("")
    again = Spool(tmp_path)
    assert [again.read(each) for each in again.waiting()] == [b"0", b"1", b"2", b"3", b"4"]
    assert not list(tmp_path.glob(".*"))


def test_no_hook_takes_the_room_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "MOST_OF_ONE", 3)
    monkeypatch.setattr(spool, "MOST", 5)
    kept = Spool(tmp_path)
    for _ in range(3):
        kept.keep(b"x", HOOK, is_refused=False)
    with pytest.raises(SpoolFull):
        kept.keep(b"x", HOOK, is_refused=False)
    for _ in range(2):
        kept.keep(b"x", OTHER, is_refused=False)
    with pytest.raises(SpoolFull):
        kept.keep(b"x", "c" * 40, is_refused=False)
    kept.drop(kept.waiting()[0])
    kept.keep(b"x", OTHER, is_refused=False)


def test_the_spool_is_bounded_in_bytes_and_refused_ones_have_a_small_part_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "MOST_BYTES", 100)
    monkeypatch.setattr(spool, "MOST_REFUSED", 2)
    kept = Spool(tmp_path)
    for hook in (HOOK, OTHER):
        kept.keep(b"x", hook, is_refused=True)
    with pytest.raises(SpoolFull):
        kept.keep(b"x", HOOK, is_refused=True)
    kept.keep(b"y" * 98, HOOK, is_refused=False)
    with pytest.raises(SpoolFull):
        Spool(tmp_path).keep(b"y", HOOK, is_refused=False)


def test_a_spool_that_cannot_write_leaves_nothing_half_done(tmp_path):
    kept = Spool(tmp_path / "s")
    (tmp_path / "s").rename(tmp_path / "gone")
    with pytest.raises(OSError, match="No such file"):
        kept.keep(b"x", HOOK, is_refused=False)
    assert len(kept) == 0


def test_what_an_agent_cannot_take_holds_up_its_own_hook_only(tmp_path):
    async def story():
        async with Agent(tmp_path, lambda told: "-" if told["delivery"] == "1" else "+") as agent:
            over = HandOver(agent.socket, tmp_path / "s")
            for number, hook in ((1, HOOK), (2, HOOK), (3, OTHER)):
                await over.take([notice(number, hook)])
            await over.empty()
            assert agent.came == ["3"]
            agent.answer = lambda _: "+"
            await over.empty()
            assert agent.came == ["3", "1", "2"]
            await over.take([notice(4)])
            assert agent.came[-1] == "4"
            assert not list((tmp_path / "s").iterdir())
            over.close()

    asyncio.run(story())


def test_what_an_agent_never_takes_is_dropped_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(handover, "_GIVE_UP_AFTER_S", 0.0)

    async def story():
        async with Agent(tmp_path, lambda told: "-" if told["delivery"] == "1" else "+") as agent:
            over = HandOver(agent.socket, tmp_path / "s")
            await over.take([notice(1)])
            await over.take([notice(2)])
            await over.empty()
            assert agent.came == ["2"]
            assert not list((tmp_path / "s").iterdir())
            over.close()

    asyncio.run(story())


def test_a_stuck_agent_costs_a_while_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(handover, "_ANSWER_WITHIN_S", 0.2)

    async def story():
        async with Agent(tmp_path, lambda _: None) as agent:
            over = HandOver(agent.socket, tmp_path / "s")
            await asyncio.gather(*(over.take([notice(each)]) for each in range(3)))
            assert len(list((tmp_path / "s").iterdir())) == 3
            agent.answer = lambda _: "+"
            await over.empty()
            await over.take([notice(3)])
            await asyncio.sleep(0.3)  # the end of the first connection must not end the second
            await over.take([notice(4)])
            assert sorted(agent.came[:3]) == ["0", "1", "2"]
            assert agent.came[3:] == ["3", "4"]
            assert agent.connections == 2
            over.close()

    asyncio.run(story())


def test_an_agent_that_goes_away_and_comes_back_twice_gets_everything_in_order(tmp_path):
    async def story():
        over = HandOver(tmp_path / "agent.sock", tmp_path / "s")
        came = []
        for turn in range(2):
            await over.take([notice(f"{turn}a"), notice(f"{turn}b")])
            async with Agent(tmp_path) as agent:
                await over.empty()
                await over.take([notice(f"{turn}c")])
                came += agent.came
        over.close()
        return came

    assert asyncio.run(story()) == ["0a", "0b", "0c", "1a", "1b", "1c"]


def test_slots_are_shared_and_whoever_waits_too_long_is_told_so():
    async def story():
        slots = Slots(most=3, most_each=2)
        assert [slots.try_take("a") for _ in range(3)] == [True, True, False]
        assert slots.try_take("b")
        assert not slots.try_take("c")
        assert not await slots.take("c", 0.05)
        waiting = [asyncio.ensure_future(slots.take(each, 5)) for each in ("a", "c")]
        await asyncio.sleep(0)
        slots.give_back("b")
        assert await waiting[1]  # "a" has its share already
        assert not waiting[0].done()
        slots.give_back("a")
        assert await waiting[0]
        cancelled = asyncio.ensure_future(slots.take("a", 5))
        await asyncio.sleep(0)
        cancelled.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cancelled
        slots.give_back("a")
        slots.give_back("a")
        slots.give_back("c")
        assert [slots.try_take(each) for each in ("a", "a", "b")] == [True] * 3

    asyncio.run(story())
