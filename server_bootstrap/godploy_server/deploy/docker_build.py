"""The command line of a build and its environment: pure functions. `builders/image_build.py` executes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from godploy_server.contract import check_build_argument

_SECRET_VARIABLE: Final = "GODPLOY_SECRET_{}"
_ARG: Final = re.compile(r"^[ \t]*ARG[ \t]+(.*)$", re.IGNORECASE | re.MULTILINE)
_EXPOSE: Final = re.compile(r"^[ \t]*EXPOSE[ \t]+(.*)$", re.IGNORECASE | re.MULTILINE)
_SET: Final = re.compile(
    r"^[ \t]*(?:ARG|ENV)[ \t]+([A-Za-z_][A-Za-z0-9_]*)[= ]\"?([0-9]+)\"?[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_STAGE: Final = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_CONTINUED: Final = re.compile(r"\\[ \t]*\n")


@dataclass(frozen=True)
class ImageBuild:
    """One `docker build`. `arguments` and `secrets` are name to value; neither value ever is in a command line."""

    context: Path
    dockerfile: Path
    tag: str
    labels: Mapping[str, str]
    id_file: Path
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cgroup_parent: str = ""


def build_arguments(build: ImageBuild) -> list[str]:
    """Give the `docker build` command. Arguments and secrets are named only: `build_environment` holds their values."""
    arguments = ["docker", "build", "--file", str(build.dockerfile), "--tag", build.tag]
    arguments += ["--iidfile", str(build.id_file)]
    for name, value in build.labels.items():
        arguments += ["--label", f"{name}={value}"]
    for name in build.arguments:
        arguments += ["--build-arg", check_build_argument(name)]
    for position, name in enumerate(build.secrets):
        arguments += ["--secret", f"id={name},env={_SECRET_VARIABLE.format(position)}"]
    if build.target:
        arguments += ["--target", build.target]
    if build.cgroup_parent:
        arguments += ["--cgroup-parent", build.cgroup_parent]
    return [*arguments, str(build.context)]


def build_environment(build: ImageBuild, docker_socket: Path, *, buildkit: bool) -> dict[str, str]:
    """Give what the build is told through its environment: the daemon, plain progress, the values of build arguments
    and of secrets (under names that steer nothing)."""
    return {
        **build.arguments,
        **{_SECRET_VARIABLE.format(position): value for position, value in enumerate(build.secrets.values())},
        "DOCKER_HOST": f"unix://{docker_socket}",
        "DOCKER_BUILDKIT": "1" if buildkit else "0",
        "BUILDKIT_PROGRESS": "plain",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",  # they would turn the image into an index with another id
        "DOCKER_CLI_HINTS": "false",
    }


def is_integrated(version: str) -> bool:
    """Whether a Docker of this version has BuildKit inside its own command (20.10) instead of in buildx."""
    major = version.split(".", maxsplit=1)[0]
    return major.isdigit() and int(major) < 23


def declared_arguments(dockerfile: str) -> frozenset[str]:
    """Give the names that a Dockerfile's ARG instructions declare, in any stage."""
    declared: set[str] = set()
    for found in _ARG.finditer(_CONTINUED.sub(" ", dockerfile)):
        declared.update(re.findall(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)(?==|\s|$)", found[1]))
    return frozenset(declared)


def exposed_port(dockerfile: str) -> int | None:
    """Give the first TCP port that the last stage of a Dockerfile exposes, None where it says none. Of variables those
    that the Dockerfile sets to a number itself are known.

    Source: Dockerfile reference, EXPOSE.
    """
    text = _CONTINUED.sub(" ", dockerfile)
    values = dict(_SET.findall(text))
    last_stage = _STAGE.split(text)[-1]
    for found in _EXPOSE.finditer(last_stage):
        for word in found[1].split():
            port, _, protocol = re.sub(r"\$\{?(\w+)\}?", lambda name: values.get(name[1], ""), word).partition("/")
            if protocol.lower() in ("", "tcp") and port.isdigit() and 0 < int(port) < 65536:
                return int(port)
    return None


def mounted_secrets(dockerfile: str) -> frozenset[str]:
    """Give the ids of the secrets that a Dockerfile mounts."""
    mounts = re.findall(r"--mount=(\S*type=secret\S*)", dockerfile)
    return frozenset(part[3:] for mount in mounts for part in mount.split(",") if part.startswith("id="))


def is_used(names: Iterable[str], used: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split names into those that are used and those that are not, both in their order."""
    known = set(used)
    every = list(names)
    return [each for each in every if each in known], [each for each in every if each not in known]
