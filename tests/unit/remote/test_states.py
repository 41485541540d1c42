from __future__ import annotations

import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.remote.ssh.watchdog import (
    DEAD_AFTER_S,
    LONGEST_DELAY_S,
    PING_AFTER_S,
    TICK_S,
    Clocks,
    Verdict,
    Watchdog,
    delays,
)
from godploy_desktop.remote.states import (
    ConnectionEvent,
    ConnectionState,
    ImpossibleTransition,
    StateRecord,
    next_state,
)

S, E = ConnectionState, ConnectionEvent


def test_a_connection_that_is_lost_comes_back_through_reconnecting() -> None:
    state = S.DISCONNECTED
    seen = []
    for event in (E.ASKED, E.ESTABLISHED, E.LOST, E.ASKED, E.LOST, E.ASKED, E.ESTABLISHED):
        state = next_state(state, event)
        seen.append(state)
    assert seen == [
        S.CONNECTING, S.CONNECTED, S.LOST, S.RECONNECTING, S.LOST, S.RECONNECTING, S.CONNECTED,
    ]  # fmt: skip


def test_a_changed_host_key_blocks_until_a_person_asks_again() -> None:
    assert next_state(S.RECONNECTING, E.HOST_KEY_REFUSED) is S.BLOCKED
    for event in (E.ESTABLISHED, E.LOST, E.REFUSED):
        with pytest.raises(ImpossibleTransition):
            next_state(S.BLOCKED, event)
    assert next_state(S.BLOCKED, E.ASKED) is S.CONNECTING


@given(st.lists(st.sampled_from(E)))
def test_closing_always_leads_back_to_the_start(events: list[ConnectionEvent]) -> None:
    record = StateRecord()
    for event in events:
        try:
            record.happen(event)
        except ImpossibleTransition:
            continue
    record.happen(E.CLOSED)
    assert record.state is S.DISCONNECTED


def test_listeners_hear_changes_until_they_unsubscribe() -> None:
    record, heard = StateRecord(), []
    unsubscribe = record.on_change(heard.append)
    record.happen(E.ASKED)
    unsubscribe()
    record.happen(E.ESTABLISHED)
    assert heard == [S.CONNECTING]


def silence(seconds: float, answers: bool) -> list[tuple[float, Verdict]]:
    """What the watchdog says, tick by tick, to a peer that last spoke at 100 s."""
    dog, said, heard, at = Watchdog(Clocks(100, 100)), [], 100.0, 100.0
    while at < 100 + seconds:
        at += TICK_S
        verdict = dog.judge(Clocks(at, at), heard)
        said.append((at - 100, verdict))
        if verdict is Verdict.PING and answers:
            heard = at + 0.1
        if verdict is Verdict.DEAD:
            break
    return said


def test_a_silent_peer_is_asked_and_then_believed_dead_within_ten_seconds() -> None:
    said = silence(60, answers=False)
    pings = [at for at, verdict in said if verdict is Verdict.PING]
    assert pings == [PING_AFTER_S]
    assert said[-1][1] is Verdict.DEAD
    assert DEAD_AFTER_S <= said[-1][0] <= 10


def test_a_peer_that_answers_lives_however_long_it_has_nothing_to_say() -> None:
    said = silence(600, answers=True)
    assert Verdict.DEAD not in {verdict for _, verdict in said}
    assert len([1 for _, verdict in said if verdict is Verdict.PING]) > 100


def test_a_program_that_stood_still_does_not_blame_the_peer() -> None:
    dog = Watchdog(Clocks(100, 100))
    assert dog.judge(Clocks(160, 160), last_heard_s=100) is Verdict.PING
    assert dog.judge(Clocks(160.5, 160.5), last_heard_s=160.2) is Verdict.FINE


def test_a_sleep_is_told_by_the_clock_that_went_on() -> None:
    dog = Watchdog(Clocks(100, 1000))
    assert dog.judge(Clocks(100.5, 1000.5), last_heard_s=100) is Verdict.FINE
    assert dog.judge(Clocks(101, 4600), last_heard_s=100) is Verdict.SLEPT
    assert dog.judge(Clocks(101.5, 4600.5), last_heard_s=101) is Verdict.FINE


@given(st.integers(0, 2**32))
def test_attempts_become_rarer_and_no_two_desktops_knock_in_step(seed: int) -> None:
    waits = list(islice(delays(random.Random(seed)), 12))
    assert all(0 < wait <= LONGEST_DELAY_S * 1.5 for wait in waits)
    assert waits[0] < 1
    assert waits != list(islice(delays(random.Random(seed + 1)), 12))
