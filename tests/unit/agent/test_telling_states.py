"""How long and in which order states are told: rows of a real database, a real host, short waits."""

import asyncio

import pytest
import pytest_asyncio

from godploy_server.agent.commit_states import CommitStates, Patience
from godploy_server.contract import DeploymentState, HookHost, SetStatusWriter, Trigger
from godploy_server.state import deployments, status_writers
from godploy_server.state.database import open_database
from godploy_server.state.paths import Paths
from godploy_server.state.secrets import Secrets
from tests.unit.agent.fake_git_host import FakeGitHost, Said
from tests.unit.agent.rows import add_project, add_service

pytestmark = pytest.mark.asyncio
COMMIT, OTHER = "a" * 40, "b" * 40


class Telling:
    """Rows of one service, and what tells its states."""

    def __init__(self, paths, host, patience):
        self.service = add_service(paths, add_project(paths).id)
        self.connection = open_database(paths.database)
        self.secrets = Secrets(paths.secrets_key)
        self.host, self.patience = host, patience
        self.tasks, self.events = [], []
        self.begin()

    def begin(self):
        self.states = CommitStates(self.connection, self.secrets, self.events.append, self.run, self.patience)
        self.states.open()

    def run(self, work):
        self.tasks.append(asyncio.ensure_future(work))

    def store(self):
        wanted = SetStatusWriter(HookHost.GITEA, self.host.address, "team/shop", "a-token", "godploy/shop/web")
        status_writers.put(self.connection, self.secrets, self.service.id, wanted)
        self.states.writer_changed(self.service.id)

    def enqueue(self, commit=COMMIT):
        return deployments.enqueue(self.connection, self.service.id, Trigger.PUSH, "ada", commit).deployment.id

    def changed(self, deployment_id):
        self.states.deployment_changed(deployments.find(self.connection, deployment_id))

    def start(self, deployment_id):
        assert deployments.begin(self.connection, deployment_id, 1, "x")
        self.changed(deployment_id)

    def end(self, deployment_id, state=DeploymentState.SUCCEEDED):
        assert deployments.finish(self.connection, deployment_id, state)
        self.changed(deployment_id)

    def writer(self):
        return status_writers.find(self.connection, self.service.id)

    async def until_quiet(self):
        while any(not each.done() for each in self.tasks):
            await asyncio.wait_for(asyncio.wait(self.tasks), 20)
        for each in self.tasks:
            each.result()

    async def close(self):
        for each in self.tasks:
            each.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.connection.close()


@pytest_asyncio.fixture
async def telling_with(tmp_path):
    host, made = FakeGitHost(), []

    def make(patience=Patience(0.02, 0.1, 60.0)):  # noqa: B008  a frozen value
        made.append(Telling(Paths(tmp_path / "s", tmp_path / "r"), host, patience))
        return made[-1]

    yield make
    for each in made:
        await each.close()
    host.close()


async def test_a_host_that_is_away_is_tried_until_it_takes_the_newest_state(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.answers = [Said(502), Said(500), Said(408)]
    deployment = telling.enqueue()
    telling.changed(deployment)
    telling.start(deployment)
    await telling.until_quiet()
    assert len(telling.host.asked) == 4
    assert telling.writer().problem is None
    telling.end(deployment)
    await telling.until_quiet()
    assert telling.host.states == [(COMMIT, "pending")] * 4 + [(COMMIT, "success")]
    assert [each.writer.problem is None for each in telling.events] == [False, False, False, True, True]


async def test_a_state_that_is_over_is_not_told_any_more(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.answers = [Said(503)] * 2
    deployment = telling.enqueue()
    telling.start(deployment)
    await asyncio.sleep(0)
    telling.end(deployment, DeploymentState.FAILED)
    await telling.until_quiet()
    assert telling.host.states[-1] == (COMMIT, "failure")
    assert telling.writer().waiting == 0


async def test_a_refused_token_is_not_tried_again_until_there_is_news(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.answers = [Said(401)]
    deployment = telling.enqueue()
    telling.start(deployment)
    await telling.until_quiet()
    assert (len(telling.host.asked), telling.writer().problem.code, telling.writer().waiting) == (1, "not-allowed", 0)
    telling.changed(deployment)  # the same, seen again
    await telling.until_quiet()
    assert len(telling.host.asked) == 1
    telling.end(deployment)
    await telling.until_quiet()
    assert (telling.host.states[-1], telling.writer().problem) == ((COMMIT, "success"), None)


async def test_it_is_given_up_after_a_while_and_that_is_said(telling_with):
    telling = telling_with(Patience(0.02, 0.05, 0.2))
    telling.store()
    telling.host.usual = Said(500)
    telling.start(telling.enqueue())
    await telling.until_quiet()
    assert telling.writer().waiting == 0
    assert "not tried any more" in telling.writer().problem.next_step


async def test_a_host_that_wants_longer_than_anybody_waits_is_given_up_at_once(telling_with):
    telling = telling_with(Patience(0.02, 0.05, 30.0))
    telling.store()
    telling.host.answers = [Said(429, {"retry-after": "3600"})]
    telling.start(telling.enqueue())
    await telling.until_quiet()
    assert len(telling.host.asked) == 1
    assert telling.writer().problem.code == "not-ready"


async def test_the_hosts_own_waiting_time_is_kept(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.answers = [Said(429, {"retry-after": "1"})]
    deployment = telling.enqueue()
    telling.start(deployment)
    while not telling.host.asked:  # noqa: ASYNC110  what is waited for is a thread's doing
        await asyncio.sleep(0.005)
    began = asyncio.get_running_loop().time()
    await telling.until_quiet()
    assert asyncio.get_running_loop().time() - began > 0.9  # the least that was asked for; doubling would be 0.02 s
    assert len(telling.host.asked) == 2


async def test_of_a_commit_that_is_deployed_again_the_newest_state_alone_is_told(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.usual = Said(503)
    first = telling.enqueue()
    telling.start(first)
    telling.end(first, DeploymentState.FAILED)
    await asyncio.sleep(0.05)
    second = telling.enqueue()
    telling.start(second)
    telling.end(second)
    telling.host.usual = Said(201)
    del telling.host.asked[:]
    await telling.until_quiet()
    assert (COMMIT, "success") in telling.host.states
    assert telling.host.states[-1] == (COMMIT, "success")
    assert telling.writer().waiting == 0


async def test_states_of_several_commits_are_told_in_their_order(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.answers = [Said(503)]
    for commit in (COMMIT, OTHER):
        deployment = telling.enqueue(commit)
        telling.start(deployment)
        telling.end(deployment)
    await telling.until_quiet()
    taken = [commit for commit, state in telling.host.states if state == "success"]
    assert taken[-1] == OTHER
    assert set(taken) == {COMMIT, OTHER}


async def test_what_was_deployed_before_there_was_a_token_is_left_alone(telling_with):
    telling = telling_with()
    old = telling.enqueue()
    telling.start(old)
    telling.store()
    telling.end(old)
    await telling.until_quiet()
    telling.begin()  # as after a restart
    new = telling.enqueue(OTHER)
    telling.start(new)
    await telling.until_quiet()
    assert telling.host.states == [(OTHER, "pending")]


async def test_what_happened_while_no_agent_ran_is_told_at_its_start(telling_with):
    telling = telling_with()
    telling.store()
    deployment = telling.enqueue()
    telling.start(deployment)
    await telling.until_quiet()
    deployments.finish(telling.connection, deployment, DeploymentState.INTERRUPTED)  # nobody was told
    telling.begin()
    telling.begin()
    await telling.until_quiet()
    assert telling.host.states[:2] == [(COMMIT, "pending"), (COMMIT, "error")]


async def test_history_that_is_forgotten_takes_its_states_along(telling_with):
    telling = telling_with()
    telling.store()
    telling.host.usual = Said(503)
    for _ in range(3):
        deployment = telling.enqueue()
        telling.start(deployment)
        telling.end(deployment)
    deployments.trim(telling.connection, telling.service.id, 0)
    await telling.until_quiet()
    assert telling.writer().waiting == 0
