"""What this computer tells git hosts of deployments: real models and accounts, a host that answers as it is told."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio

from godploy_desktop.core.git.accounts import GitAccounts
from godploy_desktop.core.git.begun_states import BEGUN
from godploy_desktop.core.git.statuses import CommitStatuses
from godploy_desktop.core.questions import NoQuestions
from godploy_desktop.core.secrets import Secrets
from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.git_hosting.values import HostKind
from godploy_desktop.local_store.vault import Vault
from godploy_server.contract import (
    CommitState,
    DeploymentChanged,
    DeploymentState,
    GitSource,
    NotFound,
    ServiceSettings,
    Trigger,
)
from tests.unit.core import example

pytestmark = pytest.mark.asyncio
COMMIT, OTHER = "a" * 40, "b" * 40
SOURCE = ServiceSettings(GitSource("git@git.example.org:team/shop.git"))


class Host:
    """A Gitea that takes states, or answers what it is told to."""

    def __init__(self):
        self.told = []
        self.answers = []

    def __call__(self, request):
        if request.method == "GET":
            return httpx.Response(200, json={"login": "someone", "full_name": "Some One"})
        answer = self.answers.pop(0) if self.answers else httpx.Response(201, json={"id": 1})
        if answer.status_code < 400:
            body = json.loads(request.content)
            self.told.append((request.url.path.rpartition("/")[2], body["state"], body["context"]))
        return answer


class FollowedServer:
    """A server as far as it is followed: its model, and what its agent knows of deployments."""

    def __init__(self):
        self.id, self.name, self.model, self.agent = 1, "web-1", ServerModel(), self
        self.known = {}

    async def deployment(self, deployment_id):
        if deployment_id not in self.known:
            raise NotFound("There is no such deployment", "it is gone", "Look at the history")
        return self.known[deployment_id]


def running(number=1, commit=COMMIT, **values):
    values = {"started_at": example.START, "trigger": Trigger.PUSH, **values}
    return replace(example.deployment(number, state=DeploymentState.RUNNING), commit=commit, ended_at=None, **values)


def ended(deployment, state=DeploymentState.SUCCEEDED):
    return replace(deployment, state=state, ended_at=example.START)


class Session:
    """One session of the desktop, with one account; `settings` live on in the next."""

    def __init__(self, folder):
        self.vault = Vault(folder / "vault")
        self.vault.choose_file("a passphrase")
        self.settings = {}
        self.host = Host()
        self.begin()

    def begin(self):
        self.server = FollowedServer()
        transport = httpx.MockTransport(self.host)
        self.git = GitAccounts(
            Secrets(self.vault, NoQuestions()), self.settings.get, self.settings.__setitem__, transport
        )
        self.statuses = CommitStatuses(
            lambda: self.git, self.settings.get, self.settings.__setitem__, retry_s=(0.01, 0.01)
        )
        self.statuses.follow([self.server])

    async def sign_in(self):
        account = await self.git.add_token(HostKind.GITEA, "git.example.org", "a-token")
        self.git.tell_commits(account, is_on=True)
        return self.git.accounts[0]

    def connect(self, *deployments, **service):
        self.server.model.apply(
            replace(
                example.snapshot(),
                services=(example.service(settings=SOURCE, **service),),
                deployments=deployments,
            )
        )

    def see(self, deployment):
        self.server.model.apply(DeploymentChanged(deployment))

    async def until_quiet(self):
        for _ in range(500):
            await asyncio.sleep(0.005)
            if not (self.statuses._tasks or self.statuses._completing):
                return
        raise AssertionError("it goes on telling")

    def report(self):
        return self.statuses.report(1, example.WEB)


@pytest_asyncio.fixture
async def session(tmp_path):
    made = Session(tmp_path)
    await made.sign_in()
    yield made
    await made.statuses.close()


NAME = "godploy/shop/web"


async def test_a_deployment_is_told_when_it_begins_and_when_it_ends(session):
    session.connect(ended(running(1, OTHER)))
    deployment = running(2)
    session.see(replace(deployment, state=DeploymentState.QUEUED, started_at=None))
    session.see(deployment)
    session.see(replace(deployment, commit_message="the same, seen again"))
    await session.until_quiet()
    session.see(ended(deployment))
    session.see(ended(deployment))
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "pending", NAME), (COMMIT, "success", NAME)]
    assert (session.report().told.state, session.report().problem) == (CommitState.SUCCESS, None)
    assert session.settings[BEGUN] == {}
    session.connect(ended(deployment))  # connected again
    await session.until_quiet()
    assert len(session.host.told) == 2


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (DeploymentState.FAILED, "failure"),
        (DeploymentState.CANCELLED, "error"),
        (DeploymentState.INTERRUPTED, "error"),
    ],
)
async def test_what_did_not_succeed_is_told_as_it_was(session, state, told):
    session.connect(running())
    session.see(ended(running(), state))
    await session.until_quiet()
    assert session.host.told[-1] == (COMMIT, told, NAME)


async def test_nothing_is_told_of_what_never_began(session):
    waiting = replace(running(), state=DeploymentState.QUEUED, started_at=None)
    session.connect(waiting)
    session.see(ended(waiting, DeploymentState.SUPERSEDED))
    session.see(running(2, trigger=Trigger.ROLLBACK))
    session.see(running(3, commit="abc1234"))  # the whole hash is not known yet
    await session.until_quiet()
    assert session.host.told == []


async def test_nothing_is_told_without_leave_nor_where_the_server_tells(session):
    session.connect(running(), tells_commits=True)
    await session.until_quiet()
    account = session.git.tell_commits(session.git.accounts[0], is_on=False)
    session.connect(running())
    await session.until_quiet()
    assert session.host.told == []
    session.git.tell_commits(account, is_on=True)
    session.connect(running())
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "pending", NAME)]


async def test_leave_that_is_taken_back_meanwhile_counts_at_once(session):
    session.connect()
    session.host.answers = [httpx.Response(502)]
    session.see(running())
    session.see(ended(running()))
    session.git.tell_commits(session.git.accounts[0], is_on=False)
    await session.until_quiet()
    assert (session.host.told, session.report().told, session.settings[BEGUN]) == ([], None, {})


async def test_what_another_version_remembered_is_no_trouble(session):
    session.settings[BEGUN] = {"s1-d1": {"of": "another version"}}
    session.connect(running())
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "pending", NAME)]


async def test_leave_outlives_signing_in_again(session):
    await session.git.add_token(HostKind.GITEA, "git.example.org", "another")
    assert session.git.accounts[0].tells_commits


async def test_what_ended_meanwhile_is_completed_when_the_server_is_connected_again(session):
    session.connect(running(1), running(2, OTHER))
    await session.until_quiet()
    await session.statuses.close()
    session.begin()
    session.server.known = {"s1-d1": ended(running(1), DeploymentState.FAILED)}  # too old for the snapshot
    session.connect(ended(running(2, OTHER)))
    await session.until_quiet()
    assert sorted(session.host.told[2:]) == [(COMMIT, "failure", NAME), (OTHER, "success", NAME)]
    assert session.settings[BEGUN] == {}


async def test_a_deployment_that_was_removed_leaves_nothing_pending(session):
    session.connect(running())
    await session.until_quiet()
    session.connect()
    await session.until_quiet()
    assert session.host.told[-1] == (COMMIT, "error", NAME)


async def test_a_refusal_is_reported_and_not_repeated_with_every_step(session):
    session.connect()
    reports = []
    session.statuses.changed.connect(reports.append)
    session.host.answers = [httpx.Response(403, json={"message": "token does not have write:repository"})]
    session.see(running())
    await session.until_quiet()
    assert session.report().problem.code == "not-allowed"
    assert session.statuses.problems_of(session.git.accounts[0]) == (session.report().problem,)
    for step in range(3):
        session.see(replace(running(), commit_message=str(step)))
    await session.until_quiet()
    assert (len(reports), session.host.told) == (1, [])  # one report, and one request
    session.git.tell_commits(session.git.accounts[0], is_on=True)  # as signing in again does
    assert session.report().problem is None
    session.see(ended(running()))  # the permission was given meanwhile
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "success", NAME)]
    assert session.report().problem is None


async def test_a_host_that_is_away_is_tried_again_and_completed_later_at_the_latest(session):
    session.connect()
    away = httpx.Response(502)
    session.host.answers = [away, away]
    session.see(running())
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "pending", NAME)]
    session.host.answers = [away] * 3
    session.see(ended(running()))
    await session.until_quiet()
    assert session.report().problem.code == "unreachable"
    session.connect(ended(running()))
    await session.until_quiet()
    assert session.host.told == [(COMMIT, "pending", NAME), (COMMIT, "success", NAME)]


async def test_a_commit_that_is_deployed_again_shows_the_newest_alone(session):
    session.connect()
    session.host.answers = [httpx.Response(502)] * 3
    first = running(1)
    session.see(first)
    session.see(ended(first, DeploymentState.FAILED))
    session.see(running(2))
    session.see(ended(running(2)))
    await session.until_quiet()
    session.connect(ended(first, DeploymentState.FAILED), ended(running(2)))
    await session.until_quiet()
    assert session.host.told[-1] == (COMMIT, "success", NAME)
    assert (COMMIT, "failure", NAME) not in session.host.told
