"""The time limit around everything that is asked of Docker and of the proxy."""

import asyncio

import pytest

from godploy_server.runtime.time_limit import within


def test_a_cancellation_in_the_moment_of_the_result_is_not_lost():
    async def story():
        answer = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(within(answer, 5))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        answer.set_result("here")
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())


def test_work_that_takes_too_long_is_ended():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(within(work(), 0.01))
    assert ended == [True]


def test_result_and_error_of_the_work_come_through():
    async def fails():
        raise OSError("gone")

    assert asyncio.run(within(asyncio.sleep(0, "done"), None)) == "done"
    with pytest.raises(OSError, match="gone"):
        asyncio.run(within(fails(), 1))


def test_a_cancelled_wait_ends_the_work_first():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def story():
        task = asyncio.ensure_future(within(work(), None))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    asyncio.run(story())
