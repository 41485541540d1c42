"""Who asks. Today whoever may open the agent's socket is the owner; roles will be resolved here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_NAME: Final = 100


class Role(str, Enum):
    """What an actor may do."""

    OWNER = "owner"


@dataclass(frozen=True)
class Actor:
    """One who asks: the name that the history shows, the role, and the uid on the server's socket."""

    name: str
    role: Role
    uid: int


def printable(text: str) -> str:
    """Give a name as a history may show it: without control characters (a terminal obeys them), cut to 100."""
    return _UNPRINTABLE.sub("", text).strip()[:_LONGEST_NAME]


def owner(claimed_name: str, uid: int) -> Actor:
    """Give the owner under the name that the request carries, cut and freed of control characters.

    Without one the name is `uid N`. A claimed name is a label, not a proof: every owner may do the same.
    """
    name = printable(claimed_name)
    return Actor(name or f"uid {uid}", Role.OWNER, uid)
