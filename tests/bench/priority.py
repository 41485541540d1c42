"""Keeps what else this machine does out of a figure about how promptly something happens."""

from __future__ import annotations

import os


def take_precedence() -> str:
    """Let this process and its children go before every other program, where that is allowed (sched(7), SCHED_FIFO).

    References that are measured in the same run go first just as well. Gives back a sentence that says what holds.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (OSError, AttributeError):
        return "measured beside whatever else this machine does now (no right to go before it)"
    return "measured with precedence over other programs (SCHED_FIFO), the references likewise"
