"""The command line of a build and its environment: pure functions. `steps/build.py` executes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from godploy_server.contract import BadInput, DockerfileBuilder, check_build_argument


def build_arguments(
    builder: DockerfileBuilder, context: Path, dockerfile: Path, tag: str, labels: Mapping[str, str], id_file: Path
) -> list[str]:
    """Give the `docker build` command. Build arguments are named only: their values go through the environment."""
    arguments = ["docker", "build", "--file", str(dockerfile), "--tag", tag, "--iidfile", str(id_file)]
    for name, value in labels.items():
        arguments += ["--label", f"{name}={value}"]
    for name in builder.arguments:
        arguments += ["--build-arg", check_build_argument(name)]
    if builder.target:
        arguments += ["--target", builder.target]
    return [*arguments, str(context)]


def build_environment(builder: DockerfileBuilder, docker_socket: Path, *, buildkit: bool) -> dict[str, str]:
    """Give what the build is told through its environment: the daemon, plain progress, values of build arguments.

    Runtime variables and secrets of the service are not among them.
    """
    return {
        **builder.arguments,
        "DOCKER_HOST": f"unix://{docker_socket}",
        "DOCKER_BUILDKIT": "1" if buildkit else "0",
        "BUILDKIT_PROGRESS": "plain",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",  # they would turn the image into an index with another id
        "DOCKER_CLI_HINTS": "false",
    }


def speaks_buildkit(client_version: str, has_buildx: bool) -> bool:
    """Whether `docker build` of this command can use BuildKit: built in until version 22, through buildx since."""
    major = client_version.split(".", maxsplit=1)[0]
    return has_buildx or (major.isdigit() and int(major) < 23)


def inside(folder: Path, relative: str, what: str) -> Path:
    """Give the path of something in the fetched source; raises BadInput when it is missing or leads out of it."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInput(f"{what} “{relative}” cannot be used", "it leads out of the repository", "Correct the path")
    if not path.exists():
        raise BadInput(
            f"{what} “{relative}” is not in the repository",
            "the fetched commit has no such path",
            "Correct the path in the service's settings, or add it to the repository",
        )
    return path
