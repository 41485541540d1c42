"""The queue as a table: who waits behind what."""

from dataclasses import replace

import pytest

from godploy_desktop.commands.following import row_of
from godploy_desktop.commands.queue import HEADERS, row_in_queue
from godploy_desktop.core.deploying import outcome_of
from godploy_server.contract import Cancelled, DeploymentState, Problem, Step, StepRecord, StepState
from tests.unit.core import example


def test_what_runs_says_its_step_and_what_waits_its_place() -> None:
    asked = replace(example.deployment(7), branch="main", asked_by="ada\x1b[2J")
    running = replace(
        asked,
        state=DeploymentState.RUNNING,
        queue_position=None,
        steps=(StepRecord(Step.BUILD, StepState.RUNNING, asked.created_at),),
    )
    waiting = replace(asked, state=DeploymentState.QUEUED, queue_position=1, steps=())
    shown = [
        dict(zip(HEADERS, row_in_queue(each, "shop/web", colour=False), strict=True)) for each in (running, waiting)
    ]
    assert [each["PLACE"] for each in shown] == ["", "2"]
    assert [each["STATE"] for each in shown] == ["running (Build the image)", "queued"]
    assert {each["BRANCH"] for each in shown} == {"main"}
    assert "\x1b" not in shown[0]["WHO"]


def test_a_replaced_deployment_names_the_newer_one() -> None:
    problem = Problem("superseded", "It was replaced", "deployment 9 of the same branch (main) is newer", "See it")
    replaced = replace(example.deployment(7), state=DeploymentState.SUPERSEDED, superseded_by=9, problem=problem)
    assert "replaced by 9" in row_of(replaced, colour=False)
    with pytest.raises(Cancelled) as ended:
        outcome_of(replaced, "shop/web")
    assert "deployment 9 of the same branch" in ended.value.problem.why
