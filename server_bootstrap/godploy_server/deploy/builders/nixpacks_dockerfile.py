"""What Nixpacks writes, made fit for secrets: pure functions over its Dockerfile and its plan.

Nixpacks gives every variable to the build as an argument, and arguments stay in an image's history. Here secrets are
mounted into the commands that may need them, and no instruction names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from godploy_server.contract import DeploymentFailed
from godploy_server.deploy.builders.builder import SECRETS_FOLDER

_VARIABLE: Final = "GODPLOY_VARIABLE_{}"
_PASSED_ON: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=\$\1")
_NIX: Final = re.compile(r"RUN\s+(nix-env|printf)\b")  # Nixpacks' own steps, which no secret concerns


@dataclass(frozen=True)
class Rewritten:
    """A Dockerfile, and the build arguments that it wants: names that can steer nothing, and their values."""

    text: str
    arguments: Mapping[str, str]


def rewritten(dockerfile: str, variables: Mapping[str, str], secrets: Iterable[str]) -> Rewritten:
    """Give Nixpacks' Dockerfile with its variables under arguments of ours, and with secrets mounted.

    `variables` are those of Nixpacks' plan (its own and the plain ones of the service). Every command of an install,
    build or other phase gets each of `secrets` in its environment; their values are in no instruction.
    """
    hidden = sorted(set(secrets))
    names = [name for name in variables if name not in hidden]
    lines: list[str] = []
    is_passed = False
    for line in dockerfile.splitlines():
        if line.startswith("ARG ") and "=" not in line:
            if not is_passed:
                lines += _passed_on(names)
                is_passed = True
            continue
        if line.startswith("ENV ") and _PASSED_ON.match(line[4:].strip()):
            lines += _kept(line[4:], {*names, *hidden})
            continue
        lines.append(_with_secrets(line, hidden) if line.startswith("RUN ") and not _NIX.match(line) else line)
    if names and not is_passed:
        at = next((index for index, line in enumerate(lines) if line.startswith("WORKDIR")), 0)
        lines[at + 1 : at + 1] = _passed_on(names)
    return Rewritten(
        "\n".join(lines) + "\n",
        {_VARIABLE.format(position): variables[name] for position, name in enumerate(names)},
    )


def _passed_on(names: list[str]) -> list[str]:
    lines = []
    for position, name in enumerate(names):
        lines += [f"ARG {_VARIABLE.format(position)}", f"ENV {name}=${_VARIABLE.format(position)}"]
    return lines


def _kept(assignments: str, given: set[str]) -> list[str]:
    kept = [
        word for word in assignments.split() if not (word.partition("=")[0] in given and _PASSED_ON.fullmatch(word))
    ]
    return [f"ENV {' '.join(kept)}"] if kept else []


def _with_secrets(line: str, secrets: list[str]) -> str:
    if not secrets:
        return line
    mounts = " ".join(f"--mount=type=secret,id={name}" for name in secrets)
    words = line[len("RUN ") :].lstrip()
    own = re.match(r"((?:--[a-z]+=\S+\s+)*)(.*)", words, re.DOTALL)
    assert own is not None
    exports = " ".join(f'{name}="$(cat {SECRETS_FOLDER}/{name})"' for name in secrets)
    return f"RUN {mounts} {own[1]}export {exports} && {own[2]}"


def read_plan(text: str) -> dict[str, Any]:
    """Read what `nixpacks plan --format json` printed. Raises DeploymentFailed with what it printed instead."""
    begin = text.find("{")  # warnings may come first
    try:
        found = json.loads(text[begin:]) if begin >= 0 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it printed nothing")
        raise DeploymentFailed(
            "Nixpacks could not plan the build",
            last[:300],
            "Correct the source or its nixpacks.toml, or choose another builder",
        )
    return found


def plan_variables(plan: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables of a plan by name."""
    return {str(name): str(value) for name, value in (plan.get("variables") or {}).items()}


def described(plan: Mapping[str, Any], secrets: Iterable[str] = ()) -> str:
    """Give a plan as text: base image, packages, the commands of each phase, the start command. Of variables only
    the names: a plan is kept, and shown to who may not read values."""
    lines = [f"image: {plan.get('buildImage', '')}"]
    phases = plan.get("phases") or {}
    for name in _in_order(phases):
        phase = phases[name] or {}
        packages = [*(phase.get("nixPkgs") or ()), *(phase.get("aptPkgs") or ())]
        if packages:
            lines.append(f"{name}: {', '.join(map(str, packages))}")
        lines += [f"{name}: {command}" for command in phase.get("cmds") or ()]
    if start := (plan.get("start") or {}).get("cmd"):
        lines.append(f"start: {start}")
    if names := sorted(plan_variables(plan)):
        lines.append(f"variables: {', '.join(names)}")
    if hidden := sorted(secrets):
        lines.append(f"secrets of the build: {', '.join(hidden)}")
    return "\n".join(lines)


def _in_order(phases: Mapping[str, Any]) -> list[str]:
    """Phases in the order in which they run: each after those it depends on, else as Nixpacks names them."""
    first = {"setup": 0, "install": 1, "build": 2}
    waiting = sorted(phases, key=lambda name: (first.get(name, 1), name))
    done: list[str] = []
    while waiting:
        ready = next(
            (name for name in waiting if all(each in done or each not in phases for each in _wanted(phases[name]))),
            waiting[0],
        )
        waiting.remove(ready)
        done.append(ready)
    return done


def _wanted(phase: Mapping[str, Any] | None) -> list[str]:
    return list((phase or {}).get("dependsOn") or ())
