from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from godploy_server.watch.answers import MOST_FAILURES, Answers, after

STARTED = datetime(2026, 11, 1, tzinfo=UTC)
LATER = STARTED + timedelta(hours=1)


def ask(answers, started_at=STARTED, at=LATER, known=None):
    for why in answers:
        known = after(known, why, started_at, at, 60)
    return known


@given(st.lists(st.sampled_from(["", "GET / gave 500"]), min_size=1))
def test_only_bad_answers_running_make_it_unhealthy_and_one_good_answer_ends_that(answers):
    last = answers[-MOST_FAILURES:]
    assert ask(answers).is_unhealthy == (len(last) == MOST_FAILURES and all(last))


def test_it_remembers_why_the_last_answer_was_bad():
    assert ask(["GET / gave 500", "GET / gave 500", "GET / gave 502"]).why == "GET / gave 502"


def test_a_container_that_was_started_anew_begins_anew():
    unhealthy = ask(["bad"] * MOST_FAILURES)
    assert unhealthy.is_unhealthy
    assert not ask(["bad"], started_at=LATER, at=LATER + timedelta(hours=1), known=unhealthy).is_unhealthy


def test_a_program_may_take_its_time_to_start_but_not_to_answer_again():
    soon = STARTED + timedelta(seconds=59)
    assert not ask(["bad"] * 9, at=soon).is_unhealthy
    assert ask(["bad"] * 9, at=soon + timedelta(seconds=1)).is_unhealthy
    assert ask(["", *["bad"] * MOST_FAILURES], at=soon).is_unhealthy
    assert ask([""]) == Answers(STARTED, was_healthy=True)
