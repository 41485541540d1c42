from __future__ import annotations

from itertools import product

import pytest

from godploy_server.contract import Step
from godploy_server.deploy.deployment import STEPS
from godploy_server.deploy.recovery import Action, Found, NewContainers, ProxyRoute, decide, interruption

ORDER = [None, *(each.step for each in STEPS)]
EVERY = [Found(*each) for each in product((True, False), ORDER, NewContainers, ProxyRoute)]


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
    assert "killed during build; release 4 serves" in interruption(Step.BUILD, 4).why
    assert "nothing serves" in interruption(None, None).why
    assert interruption(None, None).code == "interrupted"
