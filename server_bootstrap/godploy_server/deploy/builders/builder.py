"""What a builder is: it looks at a source, says what it would do, and does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from godploy_server.contract import AgentSettings, BadInput, BuildPlan, Variable
from godploy_server.contract.building import Builder

if TYPE_CHECKING:
    from godploy_server.deploy.build_group import BuildGroup

SECRETS_FOLDER = "/run/secrets"
"""Where BuildKit mounts a secret by default. Source: Dockerfile reference, RUN --mount=type=secret."""


class BuildLog(Protocol):
    """Where a build says what it does: a deployment's log, or nothing where only a plan is asked for."""

    def say(self, text: str) -> None:
        """Write one line of the engine's own."""

    def write(self, output: bytes) -> None:
        """Write whole lines as a program gave them."""


@dataclass(frozen=True)
class BuildVariables:
    """The variables that a build sees, by name. Secrets reach it as BuildKit secrets and in no other way."""

    plain: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def sorted_out(cls, environment: Mapping[str, str], known: Iterable[Variable]) -> BuildVariables:
        """Tell the secrets of an environment apart; what no variable accounts for counts as secret."""
        open_names = {each.name for each in known if not each.is_secret and not each.reference}
        return cls(
            {name: value for name, value in environment.items() if name in open_names},
            {name: value for name, value in environment.items() if name not in open_names},
        )


@dataclass(frozen=True)
class Result:
    """What a build is to leave behind: an image under `tag` with `labels`, its id written to `id_file`."""

    tag: str
    labels: Mapping[str, str]
    id_file: Path
    timeout_s: int
    previous: str = ""  # the image of the release before, "" for none
    build_id: str = ""  # of the deployment; marks whatever the build makes on the way


@dataclass(frozen=True)
class Work:
    """One source that is to be built, and all that builders need for it.

    `folder` is the service's root in the fetched source; builders may add files to it. `scratch` is beside it and goes
    with the build. `port` is where the program will be asked.
    """

    folder: Path
    scratch: Path
    service_id: str
    port: int
    builder: Builder
    settings: AgentSettings
    variables: BuildVariables
    log: BuildLog
    docker_socket: Path
    tools_folder: Path
    registry_environment: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None  # None: only a plan is wanted
    cap: BuildGroup | None = None  # None: nothing caps the build

    def wanted(self) -> Result:
        """Give what the build is to make; every builder's `build` has it."""
        assert self.result is not None
        return self.result


@dataclass(frozen=True)
class Way:
    """One builder. `detect` gets the names at the top of the source (folders end in /) and gives the builder's settings
    with one sentence why it fits, or None. `plan` may read the source and run programs, but changes and builds
    nothing. `build` makes the image that `Work.wanted` describes; both raise GodployError."""

    kind: str
    detect: Callable[[frozenset[str]], tuple[Builder, str] | None]
    looks_for: str  # what `detect` looks for, in words
    plan: Callable[[Work, str], Awaitable[BuildPlan]]
    build: Callable[[Work], Awaitable[None]]


def top_of(folder: Path) -> frozenset[str]:
    """Give the names in a folder, and those one level below; folders end in /."""
    names = set()
    for each in folder.iterdir():
        names.add(f"{each.name}/" if each.is_dir() else each.name)
        if each.is_dir() and not each.is_symlink() and not each.name.startswith("."):
            names.update(f"{each.name}/{inner.name}{'/' if inner.is_dir() else ''}" for inner in each.iterdir())
    return frozenset(names)


def inside(folder: Path, relative: str, what: str) -> Path:
    """Give the path of something in the fetched source; raises BadInput when it is missing or leads out of it."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInput(f"{what} “{relative}” cannot be used", "it leads out of the source", "Correct the path")
    if not path.exists():
        raise BadInput(
            f"{what} “{relative}” is not in the source",
            "what was fetched has no such path",
            "Correct the path in the service's settings, or add it to the source",
        )
    return path
