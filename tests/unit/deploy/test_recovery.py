from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from godploy_server.contract import (
    Deployment,
    DeploymentId,
    DeploymentState,
    ServiceId,
    Step,
    StepRecord,
    StepState,
    Trigger,
)
from godploy_server.deploy.deployment import STEPS
from godploy_server.deploy.recovery import Action, Found, NewContainers, ProxyRoute, cause_of, decide, interruption

ORDER = [None, *(each.step for each in STEPS)]
EVERY = [Found(*each) for each in product((True, False), ORDER, NewContainers, ProxyRoute)]


def row_at(step: Step | None, state: StepState = StepState.RUNNING, detail: str = "") -> Deployment:
    at = datetime.now(UTC)
    steps = () if step is None else (StepRecord(step, state, at, detail=detail),)
    return Deployment(
        DeploymentId("d"), ServiceId("s"), 1, DeploymentState.RUNNING, Trigger.MANUAL, "robin", at, steps=steps
    )


def is_before_switch(found: Found) -> bool:
    return ORDER.index(found.step) < ORDER.index(Step.SWITCH)


def test_every_combination_has_an_answer() -> None:
    assert len(EVERY) == 2 * 9 * 4 * 4
    assert {decide(each) for each in EVERY} == set(Action)


@pytest.mark.parametrize("found", [each for each in EVERY if each.job_is_alive])
def test_a_job_that_lives_is_left_alone(found: Found) -> None:
    assert decide(found) is Action.LEAVE


@pytest.mark.parametrize("found", [each for each in EVERY if not each.job_is_alive])
def test_a_dead_jobs_service_ends_on_a_release_whose_containers_exist(found: Found) -> None:
    serves_new = found.route is ProxyRoute.NEW or not is_before_switch(found)
    expected = {
        NewContainers.UNKNOWN: Action.WAIT,
        NewContainers.MISSING: Action.BACK,
    }.get(found.new_containers, Action.FORWARD if serves_new else Action.BACK)
    assert decide(found) is expected


def test_the_history_names_the_step_and_the_release_that_serves() -> None:
    assert "killed during build; release 4 serves" in interruption(cause_of(row_at(Step.BUILD)), 4).why
    assert "killed during its start; nothing serves" in interruption(cause_of(row_at(None)), None).why
    assert interruption("", None).code == "interrupted"
    away = row_at(Step.PROBE, StepState.INTERRUPTED, "Docker went away")
    assert interruption(cause_of(away), 4, "release 4 was started again").why == (
        "Docker went away during probe; release 4 was started again"
    )


@pytest.mark.parametrize("found", [each for each in EVERY if not each.job_is_alive])
def test_what_was_being_undone_is_undone_to_its_end(found: Found) -> None:
    action = decide(replace(found, is_undoing=True))
    assert action is (Action.WAIT if found.new_containers is NewContainers.UNKNOWN else Action.BACK)
