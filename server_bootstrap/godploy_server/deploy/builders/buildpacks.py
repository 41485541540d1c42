"""Buildpacks: the Cloud Native Buildpacks platform through its own program, pack.

Source: buildpacks.io/docs, "pack build" (pack 0.38) and "Project descriptor"; Procfile as Heroku describes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from godploy_server.contract import BuildpacksBuilder, BuildPlan, DeploymentFailed
from godploy_server.deploy.builders.builder import Way, Work, inside
from godploy_server.deploy.builders.image_build import build_failed, build_image, run_program
from godploy_server.deploy.builders.pack_api import BUILD_LABEL, pack_api
from godploy_server.deploy.docker_build import ImageBuild
from godploy_server.deploy.tools import PACK, ensure_tool
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.images import find_image, remove_image
from godploy_server.runtime.names import INSTANCE_LABEL

IMAGES_FILE: Final = "pack-images"
"""In the build's folder: the images that pack made for itself, one a line, so that whoever cleans up knows them."""

_TRUSTED: Final = (
    "paketobuildpacks/",
    "heroku/",
    "gcr.io/buildpacks/",
)
CACHE_LABEL: Final = "godploy.build-cache"
"""Marks the volumes that keep layers between builds; its value is the service's id."""

_CACHES: Final = ("build", "launch")
_PROCESS: Final = re.compile(r"([A-Za-z0-9_-]+):\s*(.+)")


def detect(names: frozenset[str]) -> tuple[BuildpacksBuilder, str] | None:
    """A project descriptor of Buildpacks; what their builders find by themselves, Nixpacks finds as well."""
    if "project.toml" in names:
        return BuildpacksBuilder(), "there is a project.toml (of Buildpacks) at the top of the source"
    return None


async def plan(work: Work, reason: str) -> BuildPlan:
    """Give the builder image, the buildpacks and the process types that are known before."""
    builder = _builder(work)
    has_one = (work.folder / "Procfile").is_file()
    text = inside(work.folder, "Procfile", "The file").read_text(encoding="utf-8", errors="replace") if has_one else ""
    return BuildPlan("buildpacks", reason, described(builder, process_types(text), work))


async def build(work: Work) -> None:
    """Let pack build it, then label the result. Nothing of pack stays but its caches. Raises DeploymentFailed."""
    builder, result = _builder(work), work.wanted()
    program = await ensure_tool(PACK, work.tools_folder, work.settings.tools, work.log)
    docker = DockerClient(work.docker_socket)
    unlabelled = f"{result.tag}-packed"
    images: set[str] = set()

    def remember(image: str) -> None:
        if image not in images:
            images.add(image)
            with (work.scratch / IMAGES_FILE).open("a", encoding="utf-8") as file:
                file.write(f"{image}\n")

    await make_cache_volumes(docker, work.service_id, result.labels)
    socket = work.scratch / "pack.sock"
    parent = work.cap.container_parent if work.cap else ""
    try:
        async with pack_api(socket, work.docker_socket, {BUILD_LABEL: result.build_id}, parent, remember):
            work.log.say("-- pack builds the image --")
            ended = await run_program(
                work,
                [str(program), *pack_arguments(builder, work, unlabelled)],
                {
                    **work.variables.plain,
                    **work.variables.secret,
                    "DOCKER_HOST": f"unix://{socket}",
                    "PACK_HOME": str(work.scratch / "pack"),
                },
                missing=DeploymentFailed("pack is missing", "it was removed while it was needed", "Deploy again"),
            )
        if ended.code != 0:
            raise build_failed(work, "pack", ended)
        work.log.say("-- docker labels the image --")
        await _label(work, unlabelled)
    finally:
        await remove_leftovers(docker, result.build_id, images)
        await remove_image(docker, unlabelled)


BUILDPACKS: Final = Way("buildpacks", detect, "a project.toml", plan, build)


def pack_arguments(builder: BuildpacksBuilder, work: Work, image: str) -> list[str]:
    """Give the arguments of `pack` that build `image`. Variables are named only: their values come from its
    environment, and it hands them to the build as files of an image that lives as long as the build."""
    arguments = ["build", image, "--path", str(work.folder), "--builder", builder.image, "--no-color"]
    arguments += ["--pull-policy", "if-not-present", "--docker-host", f"unix://{work.docker_socket}"]
    for kind in _CACHES:
        arguments += ["--cache", f"type={kind};format=volume;name={cache_volume(work.service_id, kind)}"]
    if is_trusted(builder.image):
        arguments.append("--trust-builder")
    for buildpack in builder.buildpacks:
        arguments += ["--buildpack", buildpack]
    if builder.process:
        arguments += ["--default-process", builder.process]
    for name in (*work.variables.plain, *work.variables.secret):
        arguments += ["--env", name]
    result = work.wanted()
    if result.previous:
        arguments += ["--previous-image", result.previous]
    return arguments


async def make_cache_volumes(docker: DockerClient, service_id: str, labels: Mapping[str, str]) -> None:
    """Make the volumes that keep a service's layers, marked as what they are; those that exist stay."""
    marks = {INSTANCE_LABEL: labels.get(INSTANCE_LABEL, ""), CACHE_LABEL: service_id}
    for kind in _CACHES:
        await docker.request("POST", "/volumes/create", body={"Name": cache_volume(service_id, kind), "Labels": marks})


async def remove_cache_volumes(docker: DockerClient, service_id: str) -> None:
    """Remove what pack keeps of a service between builds. Missing ones are fine."""
    for kind in _CACHES:
        try:
            await docker.request("DELETE", f"/volumes/{cache_volume(service_id, kind)}")
        except DockerRefused as refusal:  # noqa: PERF203  each volume for itself
            if refusal.http_status != 404:
                raise


def cache_volume(service_id: str, kind: str) -> str:
    """Give the name of the volume that keeps a service's layers between builds."""
    return f"godploy-{service_id}-pack-{kind}"


def is_trusted(image: str) -> bool:
    """Whether a builder image is of those that pack itself suggests: only such get Docker's socket in every phase."""
    return image.removeprefix("docker.io/").startswith(_TRUSTED)


def process_types(procfile: str) -> dict[str, str]:
    """Give the process types of a Procfile and their commands."""
    found = (_PROCESS.fullmatch(line.strip()) for line in procfile.splitlines())
    return {each[1]: each[2] for each in found if each}


def described(builder: BuildpacksBuilder, processes: dict[str, str], work: Work) -> str:
    """Give the plan's detail; of variables the names only."""
    lines = [f"Builder image: {builder.image}"]
    if not is_trusted(builder.image):
        lines.append("Not a known builder image: its phases run one by one, without Docker's socket")
    lines += [f"Buildpack: {each}" for each in builder.buildpacks]
    lines += [f"Process {name}: {command}" for name, command in processes.items()]
    if builder.process:
        lines.append(f"Runs the process: {builder.process}")
    elif processes and "web" not in processes:
        lines.append("The Procfile has no process web: name the one to run in the builder's settings")
    if names := sorted(work.variables.plain):
        lines.append(f"Variables: {', '.join(names)}")
    if names := sorted(work.variables.secret):
        lines.append(f"Secrets of the build: {', '.join(names)}")
    return "\n".join(lines)


async def remove_leftovers(docker: DockerClient, build_id: str, images: set[str]) -> None:
    """Remove the containers that a build of pack left, and the images that it made for itself."""
    listed = await docker.request(
        "GET", "/containers/json", {"all": "1", "filters": {"label": [f"{BUILD_LABEL}={build_id}"]}}
    )
    for each in listed:
        try:
            await docker.request("DELETE", f"/containers/{each['Id']}", {"force": "1", "v": "1"})
        except DockerRefused as refusal:  # noqa: PERF203  pack may remove it at this very moment
            if refusal.http_status not in (404, 409):
                raise
    for image in sorted(images):
        await remove_image(docker, f"{image}:latest")


def known_images(scratch: Path) -> set[str]:
    """Give the images that pack made for itself in a build, from what it noted in the build's folder."""
    noted = scratch / IMAGES_FILE
    return set(noted.read_text(encoding="utf-8").split()) if noted.is_file() else set()


async def _label(work: Work, image: str) -> None:
    """Give pack's image the labels of the service: pack cannot."""
    result = work.wanted()
    context = work.scratch / "label"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(f"FROM {image}\n", encoding="utf-8")
    if await find_image(DockerClient(work.docker_socket), image) is None:
        raise DeploymentFailed("The image of pack is gone", "something on the server removed it", "Deploy again")
    await build_image(work, ImageBuild(context, context / "Dockerfile", result.tag, result.labels, result.id_file))


def _builder(work: Work) -> BuildpacksBuilder:
    assert isinstance(work.builder, BuildpacksBuilder)
    return work.builder
