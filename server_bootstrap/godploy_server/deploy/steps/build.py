"""BUILD: an image from the fetched source, with BuildKit through the docker command."""

from __future__ import annotations

import os
import shutil
from collections import deque
from pathlib import Path
from typing import Final

from godploy_server.contract import DeploymentFailed, DockerfileBuilder, ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.docker_build import build_arguments, build_environment, inside, speaks_buildkit
from godploy_server.runtime.images import remove_image, tag_image
from godploy_server.runtime.names import RELEASE_LABEL
from godploy_server.state import releases

_LEAST_FREE_BYTES: Final = 1 << 30


async def run(attempt: Attempt) -> str:
    """Build the image of the next release; gives its tag."""
    number = releases.next_number(attempt.engine.connection, attempt.service.id)
    tag = attempt.name.image(number)
    if isinstance(attempt.service.settings.source, ImageSource):
        await tag_image(attempt.engine.docker, attempt.image_id, tag)
        attempt.release = number
        return "a prebuilt image: nothing to build"
    await _check_disk(attempt)
    attempt.release = number
    id_file = attempt.source_folder.parent / "image-id"
    await _build(attempt, tag, id_file)
    attempt.image, attempt.image_id = tag, id_file.read_text(encoding="ascii").strip()
    return tag


async def undo(attempt: Attempt) -> None:
    """Remove the image, unless an earlier deployment made it."""
    if attempt.release is not None and not attempt.is_rollback:
        await remove_image(attempt.engine.docker, attempt.name.image(attempt.release))


BUILD: Final = DeploymentStep(Step.BUILD, run, undo, for_rollback=False)


async def _build(attempt: Attempt, tag: str, id_file: Path) -> None:
    settings, folder = attempt.service.settings, attempt.source_folder
    assert not isinstance(settings.source, ImageSource)
    builder = settings.builder if isinstance(settings.builder, DockerfileBuilder) else DockerfileBuilder()
    context = inside(folder, settings.source.root, "The folder")
    dockerfile = inside(folder, f"{settings.source.root or '.'}/{builder.path}", "The Dockerfile")
    buildkit = await _speaks_buildkit()
    if not buildkit:
        attempt.log.say("docker has no buildx here: building without BuildKit")
    labels = {**attempt.name.labels(), RELEASE_LABEL: str(attempt.release)}
    arguments = build_arguments(builder, context, dockerfile, tag, labels, id_file)
    environment = child_environment(
        os.environ, build_environment(builder, attempt.engine.docker.socket_path, buildkit=buildkit)
    )
    last: deque[str] = deque(maxlen=5)

    def take(output: bytes) -> None:
        attempt.log.write(output)
        last.extend(line.strip() for line in output.decode(errors="replace").splitlines() if line.strip())

    timeout_s = settings.rollout.build_timeout_s
    try:
        code = await run_child(arguments, environment=environment, on_output=take, timeout_s=timeout_s)
    except ChildTimeout:
        raise DeploymentFailed(
            "The build took too long",
            f"it was ended after {timeout_s} s",
            "Look at the log for what is slow, or allow more time in the service's settings",
        ) from None
    except FileNotFoundError:
        raise DeploymentFailed(
            "The docker command is missing on the server",
            "images are built with it",
            "Install it (`apt install docker.io`, on Debian 13 also docker-cli and docker-buildx)",
        ) from None
    if code != 0:
        raise DeploymentFailed(
            "The image could not be built",
            f"docker build ended with {code}: {last[-1][:300] if last else 'it gave no reason'}",
            "Look at the log, correct the source and push again",
        )


async def _speaks_buildkit() -> bool:
    said: list[bytes] = []
    environment = child_environment(os.environ, {})
    try:
        has_buildx = (
            await run_child(
                ["docker", "buildx", "version"], environment=environment, on_output=lambda _: None, timeout_s=30
            )
            == 0
        )
        await run_child(["docker", "--version"], environment=environment, on_output=said.append, timeout_s=30)
    except (FileNotFoundError, ChildTimeout):
        return True  # the build itself will say what is wrong
    words = b"".join(said).decode(errors="replace").split()  # "Docker version 26.1.5, build ..."
    return speaks_buildkit(words[2] if len(words) > 2 else "", has_buildx)


async def _check_disk(attempt: Attempt) -> None:
    information = await attempt.engine.docker.request("GET", "/info")
    free = _free_bytes(Path(information.get("DockerRootDir") or "/"))
    if free < _LEAST_FREE_BYTES:
        raise DeploymentFailed(
            "There is too little disk space for a build",
            f"{free >> 20} MiB are free where Docker keeps its images, and a build needs 1024",
            "Remove what is not needed (old images: `docker image prune`), or keep fewer releases",
        )


def _free_bytes(folder: Path) -> int:
    while not folder.exists():  # a rootless Docker may hide its folder: its file system is what counts
        folder = folder.parent
    return shutil.disk_usage(folder).free
