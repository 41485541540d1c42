"""A service on its way from its repository: each step once, whatever fails or is cancelled in between."""

import asyncio

import pytest

from godploy_desktop.core.git.from_repository import FromRepository, Wanted
from godploy_desktop.core.tasks import Tasks, TaskState, TaskStepState
from godploy_server.contract import AddDomain, Conflict, CreateService, GodployError, ServiceSettings
from tests.unit.core import example

REQUEST = CreateService(example.PROJECT, "web", ServiceSettings(example.service().settings.source))


class AgentOf:
    """Answers as a server does. `refuses` raises in place of a step's call, `holds` lets it wait."""

    def __init__(self):
        self.asked = []
        self.refuses = {}
        self.holds = {}

    @property
    def agent(self):
        return self

    async def _call(self, verb):
        if verb in self.holds:
            await self.holds[verb].wait()
        if verb in self.refuses:
            raise self.refuses.pop(verb)
        self.asked.append(verb)

    async def create_service(self, _request):
        await self._call("create")
        return example.service()

    async def service(self, _service_id):
        return example.service()

    async def add_domain(self, _service_id, _domain):
        await self._call("domain")

    async def deploy(self, _service_id):
        await self._call("deploy")
        return example.deployment(1)


def told(plot, domain=None):
    async def whole():
        server = AgentOf()
        making = FromRepository(server, Wanted(REQUEST, domain))
        await asyncio.wait_for(plot(server, making, Tasks()), 20)

    asyncio.run(whole())


async def until(holds):
    while not holds():  # noqa: ASYNC110  what is waited for sets no event
        await asyncio.sleep(0.005)


def test_the_steps_are_named_before_they_begin_and_taken_in_order():
    async def plot(server, making, tasks):
        task = tasks.run("Deploy web", making.run)
        await task.wait()
        assert [each.name for each in task.steps] == [
            "Make the service web", "Add the domain shop.example.com", "Ask for the first deployment",
        ]  # fmt: skip
        assert server.asked == ["create", "domain", "deploy"]
        assert (making.stopped_at, making.undone) == ("", ())

    told(plot, AddDomain("shop.example.com"))


def test_a_cancel_while_the_service_is_made_knows_afterwards_that_it_was():
    async def plot(server, making, tasks):
        server.holds["create"] = asyncio.Event()
        task = tasks.run("Deploy web", making.run)
        await until(lambda: task.steps)
        task.cancel()
        await asyncio.sleep(0.02)
        assert task.is_cancelling
        server.holds.pop("create").set()
        with pytest.raises(GodployError):
            await task.wait()
        assert task.state is TaskState.CANCELLED
        assert making.service is not None
        again = tasks.run("Deploy web", making.run)
        await again.wait()
        assert server.asked == ["create", "deploy"]
        assert [each.state for each in again.steps] == [TaskStepState.DONE, TaskStepState.DONE]

    told(plot)


def test_what_failed_is_tried_again_or_left_out():
    async def plot(server, making, tasks):
        server.refuses["domain"] = Conflict("It is taken", "another has it", "Choose another")
        with pytest.raises(Conflict):
            await tasks.run("Deploy web", making.run).wait()
        assert making.stopped_at == "domain"
        assert making.done == ("Make the service web",)
        making.leave_out()
        task = tasks.run("Deploy web", making.run)
        await task.wait()
        assert [each.state for each in task.steps] == [
            TaskStepState.DONE, TaskStepState.SKIPPED, TaskStepState.DONE,
        ]  # fmt: skip
        assert server.asked == ["create", "deploy"]

    told(plot, AddDomain("shop.example.com"))


def test_the_service_itself_cannot_be_left_out():
    async def plot(server, making, tasks):
        server.refuses["create"] = Conflict("There is one", "names are unique", "Choose another")
        with pytest.raises(Conflict):
            await tasks.run("Deploy web", making.run).wait()
        making.leave_out()
        await tasks.run("Deploy web", making.run).wait()
        assert server.asked == ["create", "deploy"]

    told(plot)
