from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from godploy_server.agent.container_logs import newest, shown
from godploy_server.contract import LogLine
from godploy_server.watch.container_facts import ContainerFacts, Phase

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def container(release, phase):
    return ContainerFacts(f"c{release}", "p", "s", release, 1, phase)


def test_containers_kept_for_a_rollback_are_not_in_the_log():
    rolled_back = [container(2, Phase.RUNNING), container(3, Phase.EXITED), container(1, Phase.EXITED)]
    assert [each.release for each in shown(rolled_back, 2)] == [2]


def test_a_release_that_is_being_started_and_one_that_is_drained_are_in_the_log():
    rollout = [container(1, Phase.RUNNING), container(2, Phase.RUNNING), container(3, Phase.RESTARTING)]
    assert shown(rollout, 2) == rollout
    assert shown(rollout[1:2], None) == rollout[1:2]


def test_the_log_of_a_stopped_service_is_that_of_the_release_that_served():
    assert [each.release for each in shown([container(1, Phase.EXITED), container(2, Phase.EXITED)], 2)] == [2]


LINES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["r1-1", "r1-2"])), max_size=20)


@given(LINES, st.integers(0, 25))
def test_lines_come_by_time_the_newest_kept_and_those_of_one_moment_as_they_were_written(found, count):
    lines = [
        LogLine(NOW + timedelta(seconds=seconds), name, "stdout", str(at)) for at, (seconds, name) in enumerate(found)
    ]
    chosen = newest(lines, count)
    assert len(chosen) == min(count, len(lines))
    keys = [(each.at, int(each.text)) for each in chosen]
    assert keys == sorted((each.at, int(each.text)) for each in lines)[len(lines) - len(chosen) :]
