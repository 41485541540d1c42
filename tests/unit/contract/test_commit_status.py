"""What is told of a deployment, and the requests that tell it, against the shapes that each host publishes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from godploy_server.contract import (
    CommitState,
    CommitStatus,
    Deployment,
    DeploymentId,
    DeploymentState,
    HookHost,
    ServiceId,
    Step,
    StepRecord,
    StepState,
    Trigger,
    knows_already,
    status_name,
    status_of,
    status_request,
)
from godploy_server.contract.status_requests import TOKENS

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COMMIT = "a" * 40
NAME = "godploy/shop/web"
RUNNING = Deployment(
    DeploymentId("d1"), ServiceId("s1"), 1, DeploymentState.RUNNING, Trigger.PUSH, "ada", AT,
    started_at=AT, commit=COMMIT,
)  # fmt: skip


def ended(state, after_s=75, **changes):
    return replace(RUNNING, state=state, ended_at=AT + timedelta(seconds=after_s), **changes)


@pytest.mark.parametrize(
    ("deployment", "status"),
    [
        (RUNNING, CommitStatus(CommitState.PENDING, "Being deployed")),
        (ended(DeploymentState.SUCCEEDED), CommitStatus(CommitState.SUCCESS, "Deployed in 1 min 15 s")),
        (ended(DeploymentState.SUCCEEDED, 9), CommitStatus(CommitState.SUCCESS, "Deployed in 9 s")),
        (ended(DeploymentState.FAILED), CommitStatus(CommitState.FAILURE, "The deployment failed")),
        (ended(DeploymentState.FAILED, steps=(StepRecord(Step.BUILD, StepState.FAILED, AT),)),
         CommitStatus(CommitState.FAILURE, "The build failed")),
        (ended(DeploymentState.FAILED, started_at=None), CommitStatus(CommitState.FAILURE, "The deployment failed")),
        (ended(DeploymentState.CANCELLED), CommitStatus(CommitState.STOPPED, "Cancelled")),
        (ended(DeploymentState.INTERRUPTED), CommitStatus(CommitState.STOPPED, "Interrupted")),
        (replace(RUNNING, commit="b" * 64), CommitStatus(CommitState.PENDING, "Being deployed")),
    ],
)  # fmt: skip
def test_a_deployment_is_told_as_it_is(deployment, status):
    assert status_of(deployment) == status


@pytest.mark.parametrize(
    "deployment",
    [
        replace(RUNNING, state=DeploymentState.QUEUED, started_at=None),
        ended(DeploymentState.SUPERSEDED, started_at=None),
        ended(DeploymentState.CANCELLED, started_at=None),  # while it waited: the host was told nothing yet
        replace(RUNNING, trigger=Trigger.ROLLBACK),
        replace(RUNNING, commit=""),
        replace(RUNNING, commit="abc1234"),
        replace(RUNNING, commit="main"),
    ],
)
def test_nothing_is_told_of_what_never_began_or_has_no_whole_commit(deployment):
    assert status_of(deployment) is None


def test_every_step_that_fails_has_words_without_addresses():
    for step in Step:
        status = status_of(ended(DeploymentState.FAILED, steps=(StepRecord(step, StepState.FAILED, AT),)))
        assert status.text != "The deployment failed"
        assert "://" not in status.text
        assert len(status.text) < 140


STATES = {
    # GitHub has no others; Gitea has more
    HookHost.GITHUB: ("pending", "success", "failure", "error"),
    HookHost.GITEA: ("pending", "success", "failure", "error"),
    # of GitLab's states, which also has “running” and “skipped”
    HookHost.GITLAB: ("pending", "success", "failed", "canceled"),
    HookHost.BITBUCKET: ("INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"),
}


@pytest.mark.parametrize("host", HookHost)
def test_each_host_reads_each_state_in_its_own_word(host):
    said = tuple(
        status_request(host, "team/shop", COMMIT, NAME, CommitStatus(state, "x")).body["state"]
        for state in (CommitState.PENDING, CommitState.SUCCESS, CommitState.FAILURE, CommitState.STOPPED)
    )
    assert said == STATES[host]


def request(host, repository="team/shop", name=NAME, text="The build failed"):
    return status_request(host, repository, COMMIT, name, CommitStatus(CommitState.FAILURE, text))


def test_github_takes_a_context_and_140_characters():
    asked = request(HookHost.GITHUB, text="x" * 200)
    assert asked.path == f"repos/team/shop/statuses/{COMMIT}"
    assert asked.body == {"state": "failure", "context": NAME, "description": "x" * 140}


def test_gitea_takes_what_github_takes():
    asked = request(HookHost.GITEA)
    assert asked.path == f"repos/team/shop/statuses/{COMMIT}"
    assert asked.body == {"state": "failure", "context": NAME, "description": "The build failed"}


def test_gitlab_takes_the_whole_path_as_one_part_and_a_name():
    asked = request(HookHost.GITLAB, "team/sub/shop", text="x" * 300)
    assert asked.path == f"projects/team%2Fsub%2Fshop/statuses/{COMMIT}"
    assert asked.body == {"state": "failed", "name": NAME, "description": "x" * 255}


def test_bitbucket_takes_a_key_of_40_characters_and_its_own_page_of_the_commit():
    asked = request(HookHost.BITBUCKET)
    assert asked.path == f"repositories/team/shop/commit/{COMMIT}/statuses/build"
    assert asked.body == {
        "state": "FAILED",
        "key": NAME,
        "name": NAME,
        "description": "The build failed",
        "url": f"https://bitbucket.org/team/shop/commits/{COMMIT}",
    }
    long = [
        request(HookHost.BITBUCKET, name=status_name("a-project-with-a-long-name", f"service-{each}")) for each in "ab"
    ]
    keys = {each.body["key"] for each in long}
    assert len(keys) == 2, "two services must not overwrite each other's state"
    assert all(len(each) == 40 for each in keys)


@pytest.mark.parametrize("host", [HookHost.GITHUB, HookHost.GITEA, HookHost.GITLAB])
def test_no_request_holds_an_address(host):
    assert "://" not in str(request(host))


def test_a_name_cannot_leave_its_place_in_the_path():
    for host in HookHost:
        assert "?" not in request(host, "team/shop?x=1").path
        assert "#" not in request(host, "team/shop#x").path


def test_that_a_state_is_there_already_is_known_of_gitlab_alone():
    said = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")'
    assert knows_already(HookHost.GITLAB, 400, said)
    assert not knows_already(HookHost.GITLAB, 400, "state does not have a valid value")
    assert not knows_already(HookHost.GITLAB, 403, said)
    assert not knows_already(HookHost.GITHUB, 400, said)


def test_the_smallest_token_is_named_for_every_host():
    assert set(TOKENS) == set(HookHost)
