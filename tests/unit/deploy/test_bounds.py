"""What bounds a deployment, who holds a port, and what undoing says: pure parts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from godploy_server.contract import (
    DeploymentFailed,
    DeploymentState,
    HealthCheck,
    ImageSource,
    PublishedPort,
    Rollout,
    ServiceSettings,
    Step,
    StepState,
)
from godploy_server.deploy import deployment as deploying
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.deployment import CancelRequest, DockerWentAwayError, deploy
from godploy_server.deploy.published_ports import publisher_of, refused_port
from godploy_server.deploy.recovery import cause_of
from godploy_server.deploy.time_limits import limit_s
from godploy_server.runtime.docker_client import DockerClient
from godploy_server.state import deployments
from tests.unit.deploy.conftest import run
from tests.unit.deploy.test_deployment_loop import Recorder, attempt  # noqa: F401  the fixture

SETTINGS = ServiceSettings(
    ImageSource("shop"),
    health=HealthCheck(timeout_s=50),
    rollout=Rollout(drain_s=20, settle_s=5, build_timeout_s=100),
    published=(PublishedPort(5432, 15432), PublishedPort(53, 53, "udp")),
)


def test_every_step_ends_and_what_a_person_allowed_fits_into_it() -> None:
    limits = {each: limit_s(each, SETTINGS) for each in Step}
    assert all(0 < each < 3600 for each in limits.values())
    assert limits[Step.FETCH] == 100
    assert limits[Step.BUILD] > 100, "the builder's own word on its time comes first"
    assert limits[Step.PROBE] > 50 + 5
    assert limits[Step.DRAIN] > 20 + SETTINGS.rollout.stop_grace_s
    longer = replace(SETTINGS, rollout=replace(SETTINGS.rollout, build_timeout_s=7200))
    assert limit_s(Step.FETCH, longer) == 7200


def test_a_step_that_hangs_is_ended_undone_and_named(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(deploying, "limit_s", lambda *_: 0.05)
    recorder = Recorder()

    async def hang(_: Attempt) -> str:
        await asyncio.sleep(60)
        return ""

    steps = [recorder.steps()[0], DeploymentStep(Step.BUILD, hang)]
    assert run(deploy(attempt, CancelRequest(), steps)) is DeploymentState.FAILED
    row = deployments.find(attempt.engine.connection, attempt.deployment.id)
    assert row.problem is not None
    assert row.problem.what == "The step build took too long"
    assert recorder.did == ["fetch", "undo fetch"]


def test_a_deployment_that_docker_went_away_under_stays_open(attempt: Attempt) -> None:  # noqa: F811
    engine = attempt.engine
    attempt.engine = replace(engine, docker=DockerClient(engine.paths.run_dir / "nobody.sock"))
    recorder = Recorder(Step.START, DeploymentFailed("It could not start", "no answer", "Try again"))
    with pytest.raises(DockerWentAwayError):
        run(deploy(attempt, CancelRequest(), recorder.steps()))
    assert not [each for each in recorder.did if each.startswith("undo")], "nothing can be undone without Docker"
    row = deployments.find(engine.connection, attempt.deployment.id)
    assert row.state is DeploymentState.RUNNING
    assert row.steps[-1].state is StepState.INTERRUPTED
    assert cause_of(row) == "Docker went away during start"


def test_what_was_heard_of_is_in_the_row_before_it_is_undone(attempt: Attempt) -> None:  # noqa: F811
    seen: list[StepState] = []

    async def look(attempt: Attempt) -> None:
        row = deployments.find(attempt.engine.connection, attempt.deployment.id)
        seen.append(row.steps[-1].state)
        attempt.outcome = "release 1 was started again and is healthy"

    async def fail(_: Attempt) -> str:
        raise DeploymentFailed("It is sick", "it answered 500", "Look at the log")

    assert run(deploy(attempt, CancelRequest(), [DeploymentStep(Step.FETCH, fail, look)])) is DeploymentState.FAILED
    assert seen == [StepState.FAILED]
    problem = deployments.find(attempt.engine.connection, attempt.deployment.id).problem
    assert problem is not None
    assert problem.why == "it answered 500; release 1 was started again and is healthy"


def test_a_published_port_is_found_by_its_protocol_too() -> None:
    tcp = {"Id": "1", "Ports": [{"PublicPort": 53, "Type": "tcp"}]}
    udp = {"Id": "2", "Ports": [{"PrivatePort": 9}, {"PublicPort": 53, "Type": "udp"}]}
    assert publisher_of(PublishedPort(53, 53, "udp"), [tcp, udp]) == udp
    assert publisher_of(PublishedPort(53, 53), [udp]) is None


@pytest.mark.parametrize(
    ("why", "word"),
    [
        ("driver failed: Bind for 0.0.0.0:15432 failed: port is already allocated", "Port 15432 on"),
        ("listen udp4 0.0.0.0:53: bind: address already in use", "Port 53/udp on"),
        ('exec: "nope": executable file not found in $PATH', ""),
    ],
)
def test_dockers_word_for_a_taken_port_is_understood(why: str, word: str) -> None:
    refused = refused_port(why, SETTINGS)
    assert (refused.problem.what if refused else "").startswith(word)
    assert (refused is None) == (not word)
