"""Editing variables: what a person typed against what the server holds. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from godploy_server.contract import BadInput, SetVariables, Variable, check_variable_name


@dataclass(frozen=True)
class Draft:
    """One line as it stands in the form. `value` None: a secret that keeps the value it has."""

    name: str
    value: str | None
    is_secret: bool


def change_of(before: Sequence[Variable], drafts: Iterable[Draft]) -> SetVariables:
    """Give back what to send so that the server holds what the form shows; empty when nothing changed.

    Raises BadInput for a bad or doubled name, and for a secret without any value.
    """
    known = {each.name: each for each in before}
    seen: set[str] = set()
    put = []
    for draft in drafts:
        name = draft.name.strip()
        if not name and not draft.value:
            continue
        check_variable_name(name)
        if name in seen:
            raise BadInput(f"“{name}” stands there twice", f"{name} is doubled", "Remove one of the two")
        seen.add(name)
        held = known.get(name)
        keeps_secret = draft.is_secret and held is not None and held.is_secret
        if draft.value is None and not keeps_secret:
            raise BadInput(
                f"“{name}” has no value", "a secret cannot be read back to be copied", "Type its value again"
            )
        if (
            held is not None
            and held.is_secret == draft.is_secret
            and (draft.value is None or draft.value == held.value)
        ):
            continue
        put.append(Variable(name, draft.value, draft.is_secret))
    return SetVariables(tuple(put), tuple(name for name in known if name not in seen))


def is_empty(change: SetVariables) -> bool:
    """Whether there is nothing to send."""
    return not change.put and not change.remove
