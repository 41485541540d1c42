import asyncio
import json

from godploy_server.agent import event_stream
from godploy_server.agent.deployment_log import LogGrowth
from godploy_server.agent.event_stream import EventHub
from godploy_server.contract import AgentSettings, SettingsChanged


def numbered(number):
    return SettingsChanged(AgentSettings(builds_at_once=number))


def test_a_reader_gets_the_snapshot_and_then_each_change_in_order():
    async def story():
        hub = EventHub()
        stream = hub.follow(lambda: numbered(0))
        lines = [await stream.__anext__()]
        for number in (1, 2, 3):
            hub.publish(numbered(number))
        lines.append(await stream.__anext__())
        hub.close()
        assert [each async for each in stream] == []
        assert not hub.has_subscribers
        return b"".join(lines)

    found = [json.loads(line)["settings"]["builds_at_once"] for line in asyncio.run(story()).splitlines()]
    assert found == [0, 1, 2, 3]


def test_a_reader_that_does_not_keep_up_is_ended_and_delays_nobody():
    async def story():
        hub = EventHub()
        slow, quick = hub.follow(lambda: numbered(0)), hub.follow(lambda: numbered(0))
        await slow.__anext__()
        await quick.__anext__()
        got = 0
        for number in range(event_stream.MAX_WAITING_LINES + 1):
            hub.publish(numbered(number))
            if number % 100 == 0:
                got += len((await quick.__anext__()).splitlines())
        assert [each async for each in slow] == []  # no change with holes before it
        assert got == event_stream.MAX_WAITING_LINES + 1
        await quick.aclose()

    asyncio.run(story())


def test_silence_is_filled_with_heartbeats(monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)

    async def story():
        stream = EventHub().follow(lambda: numbered(0))
        await stream.__anext__()
        beat = json.loads(await stream.__anext__())
        await stream.aclose()
        return beat["kind"]

    assert asyncio.run(story()) == "heartbeat"


def test_a_log_is_followed_from_any_offset_to_its_end(tmp_path):
    async def story():
        log, growth, is_over = tmp_path / "d.log", LogGrowth(), False
        log.write_bytes(b"0123456789")
        stream = growth.follow("d", log, 4, lambda: is_over)
        assert await stream.__anext__() == b"456789"
        waiting = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        with log.open("ab") as file:
            file.write(b"more")
        growth.wake("d")
        assert await waiting == b"more"
        with log.open("ab") as file:
            file.write(b"last")
        is_over = True
        growth.wake("d")
        assert [each async for each in stream] == [b"last"]

    asyncio.run(story())


def test_a_task_that_loses_its_cancellation_is_asked_again():
    from godploy_server.agent.ending import end_tasks

    async def story():
        lost = 0

        async def stubborn():
            nonlocal lost
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    lost += 1
                    if lost == 3:
                        raise

        tasks = [asyncio.ensure_future(stubborn())]
        await asyncio.sleep(0)
        return await end_tasks(tasks, 10.0)

    assert asyncio.run(story())
