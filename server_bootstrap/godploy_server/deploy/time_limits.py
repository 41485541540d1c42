"""How long each step of a deployment may take: whatever hangs, every deployment ends."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import ServiceSettings, Step
from godploy_server.runtime.release_containers import LONGEST_STOP_GRACE_S

_BOOKKEEPING_S: Final = 120
"""What asking Docker and the proxy may take on a busy server, beside what a person gave a time for."""

_REMOVING_S: Final = 600


def limit_s(step: Step, settings: ServiceSettings) -> float:
    """Give the seconds after which a step is ended. Steps that have a limit of their own reach it before this one."""
    rollout = settings.rollout
    if step is Step.FETCH:
        return rollout.build_timeout_s
    if step is Step.BUILD:
        return rollout.build_timeout_s + _BOOKKEEPING_S
    if step is Step.START:  # a rollback may have to pull its image again, and an old program may take long to end
        return rollout.build_timeout_s + LONGEST_STOP_GRACE_S + _BOOKKEEPING_S
    if step is Step.PROBE:
        return settings.health.timeout_s + rollout.settle_s + _BOOKKEEPING_S
    if step is Step.DRAIN:
        return rollout.drain_s + LONGEST_STOP_GRACE_S + _BOOKKEEPING_S
    if step is Step.SETTLE:
        return rollout.settle_s + _REMOVING_S
    return _BOOKKEEPING_S
