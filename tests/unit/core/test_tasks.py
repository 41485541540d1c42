import asyncio

import pytest

from godploy_desktop.core.tasks import KEPT_FINISHED, Tasks, TaskState, TaskStepState
from godploy_server.contract import Cancelled, GodployError, NotFound

pytestmark = pytest.mark.asyncio


async def test_a_task_gives_its_result_and_shows_its_steps():
    async def work(progress):
        progress.plan({"a": "First", "b": "Second"})
        progress.begin("a")
        await asyncio.sleep(0)
        progress.begin("b", detail="now")
        progress.end("b", detail="then")
        return 7

    fractions = []
    task = Tasks().run("Count", work)
    task.changed.connect(lambda each: fractions.append(each.fraction))
    assert await task.wait() == 7
    assert task.state is TaskState.SUCCEEDED
    assert [(each.key, each.state, each.detail) for each in task.steps] == [
        ("a", TaskStepState.DONE, ""),
        ("b", TaskStepState.DONE, "then"),
    ]
    assert [each for each in fractions if each is not None][-1] == 1.0


async def test_a_godploy_error_is_kept_and_raised_as_it_is():
    error = NotFound("a", "b", "c")

    async def work(progress):
        progress.begin("look")
        raise error

    task = Tasks().run("Look", work)
    with pytest.raises(NotFound) as caught:
        await task.wait()
    assert caught.value is error is task.error
    assert task.steps[0].state is TaskStepState.FAILED
    assert task.report == ""


async def test_an_unexpected_exception_becomes_an_internal_error_with_a_report(caplog):
    async def work(progress):
        return {}["missing"]

    task = Tasks().run("Look it up", work)
    with pytest.raises(GodployError) as caught:
        await task.wait()
    assert caught.value.problem.code == "internal-error"
    assert "Look it up" in caught.value.problem.what
    assert "Traceback" in task.report
    assert "KeyError" in task.report
    assert "Look it up failed unexpectedly" in caplog.text


async def test_cancelling_lets_the_work_clean_up_first():
    cleaned = []

    async def work(progress):
        progress.begin("wait")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)

    task = Tasks().run("Wait", work)
    await asyncio.sleep(0)
    task.cancel()
    assert task.is_cancelling
    with pytest.raises(Cancelled):
        await task.wait()
    assert cleaned == [True]
    assert task.state is TaskState.CANCELLED
    assert task.steps[0].state is TaskStepState.CANCELLED
    task.cancel()
    assert task.state is TaskState.CANCELLED


async def test_a_task_cancelled_before_it_began_never_begins():
    begun = []

    async def work(progress):
        begun.append(True)

    task = Tasks().run("Begin", work)
    task.cancel()
    with pytest.raises(Cancelled):
        await task.wait()
    assert begun == []
    assert task.state is TaskState.CANCELLED


async def test_whoever_stops_waiting_does_not_stop_the_task():
    go_on = asyncio.Event()

    async def work(progress):
        await go_on.wait()
        return "done"

    task = Tasks().run("Wait", work)
    waiter = asyncio.create_task(task.wait())
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    go_on.set()
    assert await task.wait() == "done"


async def test_the_list_forgets_old_ended_tasks_but_never_a_running_one():
    tasks = Tasks()
    go_on = asyncio.Event()
    first = tasks.run("Long", lambda progress: go_on.wait())
    for _ in range(KEPT_FINISHED + 5):
        await tasks.run("Short", lambda progress: asyncio.sleep(0)).wait()
    tasks.run("Last", lambda progress: asyncio.sleep(0))
    assert len([each for each in tasks.all if not each.is_running]) == KEPT_FINISHED
    assert first in tasks.running
    await tasks.cancel_all()
    assert tasks.running == []


async def test_the_list_tells_of_new_tasks_and_of_changes_in_any():
    tasks, added, changed = Tasks(), [], []
    tasks.added.connect(added.append)
    tasks.changed.connect(lambda task: changed.append((task.title, task.message)))

    async def work(progress):
        progress.say("half way")

    task = tasks.run("Say", work)
    await task.wait()
    assert added == [task]
    assert ("Say", "half way") in changed
