from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server.contract import ServiceState
from godploy_server.watch.container_facts import ContainerFacts, Health, Phase
from godploy_server.watch.service_state import SETTLED_AFTER, reconsider_at, status_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)


def container(phase=Phase.RUNNING, release=2, replica=1, **more):
    return ContainerFacts("c", "p", "s", release, replica, phase, started_at=more.pop("started_at", LONG_AGO), **more)


def status(*containers, release=2, wanted=1, is_stopped=False, docker_answers=True, at=NOW):
    return status_of(containers, release, wanted, is_stopped, docker_answers, at)


CONTAINERS = st.lists(
    st.builds(
        ContainerFacts,
        id=st.just("c"), project_id=st.just("p"), service_id=st.just("s"),
        release=st.integers(1, 3), replica=st.integers(1, 3), phase=st.sampled_from(Phase),
        exit_code=st.integers(0, 255), is_out_of_memory=st.booleans(),
        started_at=st.none() | st.integers(0, 100).map(lambda seconds: NOW - timedelta(seconds=seconds)),
        restarts=st.integers(0, 5), health=st.sampled_from(Health),
    ),
    max_size=5,
)  # fmt: skip


@given(CONTAINERS, st.none() | st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans())
def test_nothing_is_claimed_that_docker_does_not_show(containers, release, wanted, is_stopped, docker_answers):
    found = status_of(containers, release, wanted, is_stopped, docker_answers, NOW)
    up = [each for each in containers if each.release == release and each.phase is Phase.RUNNING]
    assert (found.state is ServiceState.UNKNOWN) == (not docker_answers)
    assert (found.state is ServiceState.NEVER_DEPLOYED) == (docker_answers and release is None)
    if found.state in (ServiceState.RUNNING, ServiceState.DEGRADED, ServiceState.UNHEALTHY):
        assert up
    if found.state is ServiceState.RUNNING and not is_stopped:
        assert len(up) >= wanted
        assert not any(each.health is Health.UNHEALTHY for each in up if not each.restarts)
    if found.state is ServiceState.STOPPED:
        assert is_stopped
    if found.state is ServiceState.CRASHED:
        assert not is_stopped
    assert 0 <= found.running <= len(up)
    assert found.detail


@given(CONTAINERS, st.integers(1, 3), st.booleans())
def test_a_status_that_time_alone_can_change_says_when(containers, wanted, is_stopped):
    now = status_of(containers, 2, wanted, is_stopped, True, NOW)
    later = status_of(containers, 2, wanted, is_stopped, True, NOW + SETTLED_AFTER)
    if now != later:
        at = reconsider_at(containers, NOW)
        assert at is not None
        assert NOW < at <= NOW + SETTLED_AFTER


@pytest.mark.parametrize(
    ("found", "state", "detail"),
    [
        (status(container()), ServiceState.RUNNING, "It runs"),
        (status(container(), container(release=1, phase=Phase.EXITED)), ServiceState.RUNNING, "It runs"),
        (status(container(release=1)), ServiceState.CRASHED, "gone"),
        (status(container(Phase.EXITED, exit_code=3)), ServiceState.CRASHED, "container r2-1 ended with code 3"),
        (status(container(Phase.EXITED, is_out_of_memory=True)), ServiceState.CRASHED, "ran out of memory"),
        (status(container(Phase.RESTARTING, exit_code=1, restarts=4)), ServiceState.CRASHED, "restarted 4 times"),
        (status(container(Phase.EXITED), is_stopped=True), ServiceState.STOPPED, "stopped"),
        (status(is_stopped=True), ServiceState.STOPPED, "stopped"),
        (status(container(Phase.CREATED)), ServiceState.STARTING, "being started"),
        (status(container(health=Health.UNHEALTHY)), ServiceState.UNHEALTHY, "health check"),
        (
            status(container(), container(Phase.EXITED, replica=2, exit_code=9), wanted=2),
            ServiceState.DEGRADED,
            "1 of 2 containers run; container r2-2 ended with code 9",
        ),
        (status(container(), docker_answers=False), ServiceState.UNKNOWN, "Docker"),
        (status(release=None), ServiceState.NEVER_DEPLOYED, "not deployed"),
    ],
)
def test_each_state_says_why(found, state, detail):
    assert found.state is state
    assert detail in found.detail


def test_a_program_that_crashes_again_and_again_is_not_running_between_two_crashes():
    again = container(restarts=3, started_at=NOW - timedelta(seconds=2))
    assert status(again).state is ServiceState.CRASHED
    assert reconsider_at([again], NOW) == NOW + timedelta(seconds=8)
    assert status(again, at=NOW + timedelta(seconds=8)).state is ServiceState.RUNNING


def test_a_service_whose_containers_answer_badly_is_unhealthy_and_says_why():
    first, second = container(), ContainerFacts("d", "p", "s", 2, 2, Phase.RUNNING, started_at=LONG_AGO)
    bad = {"c": "GET /health gave 500"}
    alone = status_of([first], 2, 1, False, True, NOW, bad)
    assert alone.state is ServiceState.UNHEALTHY
    assert alone.detail == "It runs, but its health check fails: GET /health gave 500"
    beside = status_of([first, second], 2, 2, False, True, NOW, bad)
    assert beside.state is ServiceState.DEGRADED
    assert "1 of 2 containers fails: GET /health gave 500" in beside.detail
    assert status_of([second], 2, 1, False, True, NOW, bad).state is ServiceState.RUNNING


def test_an_unhealthy_container_says_what_its_health_command_said():
    sick = container(health=Health.UNHEALTHY, complaint="no response on port 5432")
    found = status(sick)
    assert found.state is ServiceState.UNHEALTHY
    assert found.detail == "It runs, but its health check fails: no response on port 5432"
    beside = status(sick, replace(container(replica=2, health=Health.HEALTHY), id="d"), wanted=2)
    assert beside.state is ServiceState.DEGRADED
    assert "no response on port 5432" in beside.detail
    assert status(container(health=Health.STARTING)).state is ServiceState.STARTING
