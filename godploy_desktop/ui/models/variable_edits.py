"""Editing variables: what a person typed against what the server holds. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from godploy_server.contract import BadInput, SetVariables, Variable, check_build_argument, check_variable_name


class Scope(StrEnum):
    """Who sees a variable."""

    RUN = "run"
    BUILD = "build"
    BOTH = "both"


SCOPE_WORDS: Final = {Scope.RUN: "Run", Scope.BUILD: "Build", Scope.BOTH: "Run and build"}


@dataclass(frozen=True)
class Draft:
    """One line as it stands in the form. `value` None: a secret that keeps the value it has, or a `reference`
    ("SERVICE.OUTPUT"), whose value the server makes."""

    name: str
    value: str | None
    is_secret: bool
    scope: Scope = Scope.RUN
    reference: str = ""


def scope_of(variable: Variable) -> Scope:
    """Give back who sees a variable; one that nobody sees counts as one of the program."""
    if not variable.at_build:
        return Scope.RUN
    return Scope.BOTH if variable.at_run else Scope.BUILD


def change_of(before: Sequence[Variable], drafts: Iterable[Draft]) -> SetVariables:
    """Give back what to send so that the server holds what the form shows; empty when nothing changed.

    Raises BadInput for a bad or doubled name, and for a secret without any value.
    """
    known = {each.name: each for each in before}
    seen: set[str] = set()
    put = []
    for draft in drafts:
        name = draft.name.strip()
        if not name and not draft.value and not draft.reference:
            continue
        _check_name(name, draft.scope)
        if name in seen:
            raise BadInput(f"“{name}” stands there twice", f"{name} is doubled", "Remove one of the two")
        seen.add(name)
        held = known.get(name)
        if draft.value is None and not draft.reference and not _keeps_secret(draft, held):
            raise BadInput(
                f"“{name}” has no value", "a secret cannot be read back to be copied", "Type its value again"
            )
        if held is None or not _is_same(draft, held):
            put.append(variable_of(draft))
    return SetVariables(tuple(put), tuple(name for name in known if name not in seen))


def variable_of(draft: Draft) -> Variable:
    """Give back what to send for one line. A reference is handled as a secret and never carries a value."""
    return Variable(
        draft.name.strip(),
        None if draft.reference else draft.value,
        draft.is_secret or bool(draft.reference),
        at_build=draft.scope is not Scope.RUN,
        at_run=draft.scope is not Scope.BUILD,
        reference=draft.reference,
    )


def is_empty(change: SetVariables) -> bool:
    """Whether there is nothing to send."""
    return not change.put and not change.remove


def build_hint(draft: Draft) -> str:
    """Give back how a build reads the variable, where that is not obvious; "" otherwise."""
    if draft.scope is Scope.RUN or not (draft.is_secret or draft.reference):
        return ""
    name = draft.name.strip() or "NAME"
    return f"A BuildKit secret, never in the image: a Dockerfile reads it in RUN --mount=type=secret,id={name}"


def _check_name(name: str, scope: Scope) -> None:
    check_variable_name(name) if scope is Scope.RUN else check_build_argument(name)


def _keeps_secret(draft: Draft, held: Variable | None) -> bool:
    return draft.is_secret and held is not None and held.is_secret and not held.reference


def _is_same(draft: Draft, held: Variable) -> bool:
    if draft.scope is not scope_of(held) or draft.reference != held.reference:
        return False
    if draft.reference:
        return True
    return draft.is_secret == held.is_secret and (draft.value is None or draft.value == held.value)
