"""The options that describe a service, and the settings that they make: a pure function of both."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from typing import TypeVar

from godploy_desktop.commands import options
from godploy_server.contract import (
    ArchiveSource,
    BadInput,
    DockerfileBuilder,
    FolderSource,
    GitSource,
    ImageSource,
    Limits,
    ServiceSettings,
    Source,
)

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options. Each is absent unless given, so that a change touches nothing else."""
    source = parser.add_argument_group("source")
    source.add_argument("--git", metavar="URL", help="git repository: ssh://, user@host:path or https://")
    source.add_argument("--branch", help="branch to deploy (default: main)")
    source.add_argument("--root", metavar="FOLDER", help="folder inside the repository")
    source.add_argument("--image", help="a prebuilt image instead of a repository: name[:tag]")
    build = parser.add_argument_group("build")
    build.add_argument("--dockerfile", metavar="PATH", help="relative to the root (default: Dockerfile)")
    build.add_argument("--target", metavar="STAGE", help="stage of the Dockerfile to build")
    build.add_argument("--build-arg", action="append", type=options.pair, metavar="NAME=VALUE", help="may be repeated")
    build.add_argument("--build-timeout", type=int, metavar="SECONDS", help="longest build (default: 3600)")
    running = parser.add_argument_group("running")
    running.add_argument(
        "--port",
        type=options.port,
        default=argparse.SUPPRESS,
        help="port that the program listens on (default: 8080), or none for a worker",
    )
    running.add_argument("--replicas", type=int, metavar="N", help="how many containers (default: 1)")
    running.add_argument("--command", metavar="WORDS", help="command instead of the image's own, quoted as for a shell")
    running.add_argument("--memory", type=options.size, metavar="SIZE", help="most memory of a container, as 512M")
    running.add_argument("--cpus", type=float, metavar="N", help="most cores of a container, as 0.5")
    health = parser.add_argument_group("health and rollout")
    health.add_argument("--health-path", metavar="PATH", help="GET of it must give 200 to 399 (default: /)")
    health.add_argument("--health-timeout", type=int, metavar="SECONDS", help="time to become healthy (default: 60)")
    health.add_argument(
        "--drain", type=int, metavar="SECONDS", help="longest request that must be finished (default: 10)"
    )
    health.add_argument("--settle", type=int, metavar="SECONDS", help="time to watch a new release (default: 3)")


def new_settings(given: argparse.Namespace) -> ServiceSettings:
    """Settings of a new service; raises BadInput unless exactly one source is given."""
    if bool(given.git) == bool(given.image):
        raise BadInput(
            "A service needs one source",
            "give either a git repository or an image",
            "Add --git URL or --image NAME",
        )
    source = ImageSource(given.image) if given.image else GitSource(given.git)
    return changed_settings(ServiceSettings(source), given)


def changed_settings(settings: ServiceSettings, given: argparse.Namespace) -> ServiceSettings:
    """The settings with what was given; raises BadInput for options that do not fit the source."""
    builder = settings.builder
    if given.dockerfile or given.target is not None or given.build_arg is not None:
        before = builder if isinstance(builder, DockerfileBuilder) else DockerfileBuilder()
        builder = DockerfileBuilder(
            path=given.dockerfile or before.path,
            target=before.target if given.target is None else given.target,
            arguments=before.arguments if given.build_arg is None else dict(given.build_arg),
        )
    return replace(
        settings,
        source=_source(settings.source, given),
        builder=builder,
        port=getattr(given, "port", settings.port),
        replicas=_or(given.replicas, settings.replicas),
        command=settings.command if given.command is None else tuple(_words(given.command)),
        health=replace(
            settings.health,
            path=_or(given.health_path, settings.health.path),
            timeout_s=_or(given.health_timeout, settings.health.timeout_s),
        ),
        limits=Limits(
            memory_bytes=_or(given.memory, settings.limits.memory_bytes), cpus=_or(given.cpus, settings.limits.cpus)
        ),
        rollout=replace(
            settings.rollout,
            drain_s=_or(given.drain, settings.rollout.drain_s),
            settle_s=_or(given.settle, settings.rollout.settle_s),
            build_timeout_s=_or(given.build_timeout, settings.rollout.build_timeout_s),
        ),
    )


def described(source: Source) -> str:
    """Where a service comes from, in a few words."""
    match source:
        case GitSource():
            return f"{source.url} ({source.commit or source.tag or source.branch})"
        case FolderSource():
            return f"{source.path} on {source.computer}"
        case ArchiveSource():
            return source.name
        case ImageSource():
            return source.image


def _source(source: Source, given: argparse.Namespace) -> Source:
    if given.git and given.image:
        raise BadInput("A service has one source", "both --git and --image are given", "Leave one of them out")
    if given.image:
        source = ImageSource(given.image)
    elif given.git and isinstance(source, GitSource):
        source = replace(source, url=given.git)
    elif given.git:
        source = GitSource(given.git)
    if isinstance(source, GitSource):
        return replace(source, branch=given.branch or source.branch, root=_or(given.root, source.root))
    if given.branch or given.root:
        raise BadInput(
            "An image has no branch and no folder", "the source is an image", "Leave --branch and --root out"
        )
    return source


def _or(given: T | None, current: T) -> T:
    return current if given is None else given


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BadInput("The command cannot be read", f"--command: {error}", "Close its quotes") from error
