"""Running the programs that build: their output goes to the log line by line, and what went wrong is said."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from godploy_server.contract import DeploymentFailed
from godploy_server.deploy.builders.builder import Work
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.docker_build import ImageBuild, build_arguments, build_environment, is_integrated

_REMEMBERED_LINES: Final = 40
_SHORT_S: Final = 30
_PLAN_S: Final = 300
_PLUGIN_FOLDERS: Final = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


@dataclass
class Ended:
    """How a program ended: its exit code and the last lines that it wrote."""

    code: int
    lines: list[str] = field(default_factory=list)

    @property
    def last(self) -> str:
        """The last line, cut to what a history may show."""
        return self.lines[-1][:300] if self.lines else "it gave no reason"


async def run_program(
    work: Work, arguments: Sequence[str], environment: Mapping[str, str], *, missing: DeploymentFailed
) -> Ended:
    """Run a program of a build to its end. Raises `missing` where it is not installed, and DeploymentFailed when it
    takes too long or needs more than the cap."""
    last: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    def take(output: bytes) -> None:
        work.log.write(output)
        last.extend(line.strip() for line in output.decode(errors="replace").splitlines() if line.strip())

    timeout_s = work.result.timeout_s if work.result else _PLAN_S
    try:
        code = await run_child(
            arguments,
            environment=child_environment(os.environ, {**work.registry_environment, **environment}),
            on_output=take,
            cwd=work.folder,
            timeout_s=timeout_s,
        )
    except ChildTimeout:
        raise DeploymentFailed(
            "The build took too long",
            f"it was ended after {timeout_s} s",
            "Look at the log for what is slow, or allow more time in the service's settings",
        ) from None
    except FileNotFoundError:
        raise missing from None
    return Ended(code, list(last))


async def read_program(arguments: Sequence[str], environment: Mapping[str, str], *, folder: Path) -> tuple[Ended, str]:
    """Run a short program and give how it ended and all that it wrote; nothing goes to the log."""
    said: list[bytes] = []
    code = await run_child(
        arguments,
        environment=child_environment(os.environ, environment),
        on_output=said.append,
        cwd=folder,
        timeout_s=_PLAN_S,
    )
    text = b"".join(said).decode(errors="replace")
    return Ended(code, [line.strip() for line in text.splitlines() if line.strip()]), text


async def build_image(work: Work, build: ImageBuild, *, needs_buildkit: bool = False) -> None:
    """Build an image with the docker command. Raises DeploymentFailed."""
    buildkit = await _speaks_buildkit()
    if not buildkit and (needs_buildkit or build.secrets):
        raise DeploymentFailed(
            "The image cannot be built on this server",
            "docker has no buildx here, and this build needs BuildKit (for its secrets or its caches)",
            "Install it (`apt install docker-buildx`) and deploy again",
        )
    if not buildkit:
        work.log.say("docker has no buildx here: building without BuildKit")
    if work.cap is not None:
        build = replace(build, cgroup_parent=work.cap.image_parent)
    async with work.cap.held() if work.cap is not None else contextlib.nullcontext():
        ended = await run_program(
            work,
            build_arguments(build),
            build_environment(build, work.docker_socket, buildkit=buildkit),
            missing=DeploymentFailed(
                "The docker command is missing on the server",
                "images are built with it",
                "Install it (`apt install docker.io`, on Debian 13 also docker-cli and docker-buildx)",
            ),
        )
    if ended.code != 0:
        raise build_failed(work, "docker build", ended)


def build_failed(work: Work, program: str, ended: Ended) -> DeploymentFailed:
    """Say why a build did not succeed: at its cap, or for a reason of its own."""
    if work.cap is not None and (reached := work.cap.reached(ended.lines)):
        return reached
    return DeploymentFailed(
        "The image could not be built",
        f"{program} ended with {ended.code}: {ended.last}",
        "Look at the log, correct the source and push again",
    )


async def _speaks_buildkit() -> bool:
    """Whether `docker build` can use BuildKit here; asks no program where the plugin's file tells it already."""
    if any((folder / "docker-buildx").exists() for folder in plugin_folders(os.environ)):
        return True
    said: list[bytes] = []
    try:
        await run_child(
            ["docker", "--version"],
            environment=child_environment(os.environ, {}),
            on_output=said.append,
            timeout_s=_SHORT_S,
        )
    except (FileNotFoundError, ChildTimeout):
        return True  # the build itself will say what is wrong
    words = b"".join(said).decode(errors="replace").split()  # "Docker version 26.1.5, build ..."
    return is_integrated(words[2] if len(words) > 2 else "")


def plugin_folders(environment: Mapping[str, str]) -> list[Path]:
    """Give where the docker command looks for its plugins. Source: docker/cli, cli-plugins/manager."""
    own = environment.get("DOCKER_CONFIG") or f"{environment.get('HOME', '/root')}/.docker"
    return [Path(own, "cli-plugins"), *map(Path, _PLUGIN_FOLDERS)]
