"""How the test of a webhook went, and what the git host itself did last: values and their words."""

from __future__ import annotations

from dataclasses import dataclass

from godploy_server.contract import TEST_EVENT, Delivery, Problem, Verdict


@dataclass(frozen=True)
class HookTested:
    """How a test went. `problem` None: it was reached and believed. `last` is what the host itself delivered last,
    None for nothing yet."""

    address: str
    problem: Problem | None
    last: Delivery | None


def last_of_host(deliveries: tuple[Delivery, ...]) -> Delivery | None:
    """Give the newest delivery that is no test of ours; they come newest first."""
    return next((each for each in deliveries if each.event_name != TEST_EVENT), None)


def outcome_words(tested: HookTested) -> str:
    """Give how the test went, as a sentence."""
    if tested.problem is None:
        return "Reached and believed: address, way and secret are right."
    return f"{tested.problem.what}: {tested.problem.why}. {tested.problem.next_step}."


def host_words(last: Delivery | None, when: str) -> str:
    """Give what the host itself did last, as a sentence. `when` is when that came, in words."""
    if last is None:
        return "The host itself has not sent anything yet."
    if last.verdict is Verdict.REFUSED:
        return f"The host's last delivery, {when}, was refused because {last.reason}."
    return f"The host's last delivery, {when}, was believed: {last.reason}."
