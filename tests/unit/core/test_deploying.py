import pytest

from godploy_desktop.core.deploying import STEP_NAMES, outcome_of, steps_of
from godploy_desktop.core.tasks import TaskStepState
from godploy_server.contract import (
    Cancelled,
    DeploymentFailed,
    DeploymentState,
    Problem,
    Step,
    StepRecord,
    StepState,
    Trigger,
)
from tests.unit.core import example


def test_a_running_deployment_shows_what_was_is_and_will_be():
    records = (
        StepRecord(Step.FETCH, StepState.DONE, example.START, example.START, "abc"),
        StepRecord(Step.BUILD, StepState.RUNNING, example.START),
    )
    steps = steps_of(example.deployment(1, state=DeploymentState.RUNNING, steps=records))
    assert [each.key for each in steps] == [each.value for each in Step]
    assert [each.state for each in steps[:3]] == [TaskStepState.DONE, TaskStepState.RUNNING, TaskStepState.WAITING]
    assert steps[0].detail == "abc"


def test_a_rollback_begins_at_start():
    steps = steps_of(example.deployment(1, state=DeploymentState.QUEUED, trigger=Trigger.ROLLBACK))
    assert steps[0].key == "start"


def test_an_ended_deployment_shows_only_what_it_did():
    records = (StepRecord(Step.FETCH, StepState.FAILED, example.START, example.START),)
    steps = steps_of(example.deployment(1, state=DeploymentState.FAILED, steps=records))
    assert [(each.key, each.state) for each in steps] == [("fetch", TaskStepState.FAILED)]


def test_every_step_has_a_name():
    assert set(STEP_NAMES) == set(Step)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (DeploymentState.FAILED, DeploymentFailed),
        (DeploymentState.INTERRUPTED, DeploymentFailed),
        (DeploymentState.CANCELLED, Cancelled),
        (DeploymentState.SUPERSEDED, Cancelled),
    ],
)
def test_an_end_without_success_is_an_error(state, error):
    with pytest.raises(error):
        outcome_of(example.deployment(1, state=state), "shop/web")


def test_the_reason_of_a_failure_is_kept_whole():
    problem = Problem("build-failed", "The image did not build", "RUN false gave 1", "Correct the Dockerfile")
    with pytest.raises(DeploymentFailed) as caught:
        outcome_of(example.deployment(1, state=DeploymentState.FAILED, problem=problem), "shop/web")
    assert caught.value.problem == problem
    assert caught.value.exit_code == 7


def test_success_is_no_error():
    outcome_of(example.deployment(1), "shop/web")
