"""The one loop over the steps, with steps that only remember: order, undoing, cancelling, rows and log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from godploy_server.contract import (
    DeploymentFailed,
    DeploymentState,
    ImageSource,
    ServiceKind,
    ServiceSettings,
    Step,
    StepState,
    Trigger,
)
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.deployment import STEPS, CancelRequest, deploy, steps_of
from godploy_server.deploy.job import run_job
from godploy_server.deploy.recovery import recover
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, projects, releases, services
from godploy_server.state.processes import start_of
from godploy_server.state.releases import ReleaseSnapshot
from tests.unit.deploy.conftest import run


@pytest.fixture
def attempt(engine: Engine) -> Iterator[Attempt]:
    project = projects.create(engine.connection, "market", "10.210.0.64/26")
    settings = ServiceSettings(ImageSource("shop"))
    service = services.create(engine.connection, project.id, "shop", ServiceKind.IMAGE, settings, "")
    row = deployments.enqueue(engine.connection, service.id, Trigger.MANUAL, "robin").deployment
    deployments.begin(engine.connection, row.id, 1, start_of(1) or "")
    made = Attempt.load(engine, row.id)
    yield made
    made.log.close()


class Recorder:
    def __init__(
        self, fails_at: Step | None = None, error: Exception | None = None, hangs_at: Step | None = None
    ) -> None:
        self.did: list[str] = []
        self.hangs = asyncio.Event()
        self.fails_at, self.error, self.hangs_at = fails_at, error, hangs_at

    def steps(self, *cancellable: Step) -> list[DeploymentStep]:
        return [self._step(each, each in cancellable) for each in Step]

    def _step(self, step: Step, is_cancellable: bool) -> DeploymentStep:
        async def act(_: Attempt) -> str:
            self.did.append(step.value)
            if step is self.hangs_at:
                self.hangs.set()
                await asyncio.sleep(0.3)
            if step is self.fails_at and self.error:
                raise self.error
            return f"did {step.value}"

        async def undo(_: Attempt) -> None:
            self.did.append(f"undo {step.value}")
            if step is Step.START:
                raise RuntimeError("cannot be undone")

        return DeploymentStep(step, act, undo, is_cancellable)


def test_steps_run_in_order_and_each_is_recorded(attempt: Attempt) -> None:
    recorder = Recorder()
    assert run(deploy(attempt, CancelRequest(), recorder.steps())) is DeploymentState.SUCCEEDED
    assert recorder.did == [each.value for each in Step]
    row = deployments.find(attempt.engine.connection, attempt.deployment.id)
    assert [(each.step, each.state, each.detail) for each in row.steps] == [
        (each, StepState.DONE, f"did {each.value}") for each in Step
    ]
    log = attempt.engine.paths.log(row.id).read_text()
    assert log == "".join(f"== {each.value} ==\n" for each in Step) + "== succeeded ==\n"


def test_what_failed_is_undone_backwards_and_one_failed_undo_does_not_stop_the_others(attempt: Attempt) -> None:
    recorder = Recorder(Step.PROBE, DeploymentFailed("It is sick", "it answered 500", "Look at the log"))
    assert run(deploy(attempt, CancelRequest(), recorder.steps())) is DeploymentState.FAILED
    assert recorder.did[4:] == ["probe", "undo probe", "undo start", "undo release", "undo build", "undo fetch"]
    row = deployments.find(attempt.engine.connection, attempt.deployment.id)
    assert row.state is DeploymentState.FAILED
    assert row.problem is not None
    assert row.problem.what == "It is sick"
    assert row.steps[-1].state is StepState.FAILED
    log = attempt.engine.paths.log(row.id).read_text()
    assert "!! It is sick: it answered 500. Look at the log." in log
    assert "cannot be undone" in log


def test_a_fault_of_the_engine_is_a_problem_that_a_person_can_read(attempt: Attempt) -> None:
    run(deploy(attempt, CancelRequest(), Recorder(Step.BUILD, KeyError("x")).steps()))
    row = deployments.find(attempt.engine.connection, attempt.deployment.id)
    assert row.problem is not None
    assert (row.problem.code, row.problem.what) == ("internal-error", "The step build failed")


def cancelled_at(attempt: Attempt, step: Step, *cancellable: Step) -> tuple[Recorder, DeploymentState]:
    recorder = Recorder(hangs_at=step)
    cancel = CancelRequest()

    async def story() -> DeploymentState:
        work = asyncio.ensure_future(deploy(attempt, cancel, recorder.steps(*cancellable)))
        await asyncio.wait_for(recorder.hangs.wait(), 10)
        cancel.make()
        return await work

    return recorder, run(story())


def test_cancelling_ends_the_step_under_way_and_undoes_it(attempt: Attempt) -> None:
    recorder, state = cancelled_at(attempt, Step.BUILD, Step.FETCH, Step.BUILD)
    assert state is DeploymentState.CANCELLED
    assert recorder.did == ["fetch", "build", "undo build", "undo fetch"]
    row = deployments.find(attempt.engine.connection, attempt.deployment.id)
    assert row.steps[-1].state is StepState.CANCELLED
    assert row.problem is None


def test_from_the_switch_on_a_deployment_goes_forward_even_when_cancelled(attempt: Attempt) -> None:
    before = [each for each in Step if list(Step).index(each) < list(Step).index(Step.SWITCH)]
    recorder, state = cancelled_at(attempt, Step.SWITCH, *before)
    assert state is DeploymentState.SUCCEEDED
    assert recorder.did[-1] == "settle"


def test_a_cancel_between_two_steps_counts_at_the_next_that_allows_it(attempt: Attempt) -> None:
    recorder, state = cancelled_at(attempt, Step.FETCH, Step.BUILD)
    assert state is DeploymentState.CANCELLED
    assert "undo fetch" in recorder.did
    assert "release" not in recorder.did


def test_the_real_steps_may_be_cancelled_exactly_before_the_switch() -> None:
    assert [each.step for each in STEPS] == list(Step)
    assert [each.step.value for each in STEPS if each.is_cancellable] == ["fetch", "build", "release", "start", "probe"]


def test_a_rollback_to_a_release_that_is_gone_fails_instead_of_staying_open(engine: Engine, attempt: Attempt) -> None:
    deployments.finish(engine.connection, attempt.deployment.id, DeploymentState.SUCCEEDED)
    lost = deployments.enqueue(engine.connection, attempt.service.id, Trigger.ROLLBACK, "robin", release=9).deployment
    assert run_job(engine.paths, lost.id) == 7
    assert deployments.find(engine.connection, lost.id).state is DeploymentState.FAILED
    again = deployments.enqueue(engine.connection, attempt.service.id, Trigger.ROLLBACK, "robin", release=9).deployment
    deployments.begin(engine.connection, again.id, 1, "gone")
    assert run(recover(engine, lambda _: False)) == [again.id]
    ended = deployments.find(engine.connection, again.id)
    assert ended.state is DeploymentState.INTERRUPTED
    assert ended.problem is not None
    assert "release 9" in ended.problem.what


def test_a_rollback_begins_at_start_with_the_old_snapshot(attempt: Attempt) -> None:
    engine, service = attempt.engine, attempt.service
    deployments.finish(engine.connection, attempt.deployment.id, DeploymentState.SUCCEEDED)
    snapshot = ReleaseSnapshot(service.settings, {"COLOUR": "green"}, 1)
    releases.create(
        engine.connection, engine.secrets, service.id, attempt.deployment.id, "shop", "sha256:1", "", "", snapshot
    )
    row = deployments.enqueue(engine.connection, service.id, Trigger.ROLLBACK, "robin", release=1).deployment
    loaded = Attempt.load(engine, row.id)
    loaded.log.close()
    assert [each.step.value for each in steps_of(loaded)] == ["start", "probe", "switch", "drain", "settle"]
    assert loaded.snapshot == snapshot
    assert loaded.image_id == "sha256:1"
