"""The options that describe a service, and the settings that they make: a pure function of both."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from typing import TypeVar

from godploy_desktop.commands import builder_settings, options, running_settings, source_settings
from godploy_server.contract import (
    BadInput,
    Limits,
    ServiceSettings,
)

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options. Each is absent unless given, so that a change touches nothing else."""
    source_settings.add_arguments(parser)
    builder_settings.add_arguments(parser)
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
    running_settings.add_arguments(parser)


def new_settings(given: argparse.Namespace) -> ServiceSettings:
    """Settings of a new service; raises BadInput unless exactly one source is given."""
    return changed_settings(ServiceSettings(source_settings.new_source(given)), given)


def changed_settings(settings: ServiceSettings, given: argparse.Namespace) -> ServiceSettings:
    """The settings with what was given; raises BadInput for options that do not fit the source."""
    running = running_settings.changed_running(settings, given)
    return replace(
        running,
        source=source_settings.changed_source(settings.source, given),
        builder=builder_settings.changed_builder(settings.builder, given),
        port=getattr(given, "port", settings.port),
        replicas=_or(given.replicas, settings.replicas),
        command=settings.command if given.command is None else tuple(_words(given.command)),
        health=replace(
            running.health,
            path=_or(given.health_path, settings.health.path),
            timeout_s=_or(given.health_timeout, settings.health.timeout_s),
        ),
        limits=Limits(
            memory_bytes=_or(given.memory, settings.limits.memory_bytes), cpus=_or(given.cpus, settings.limits.cpus)
        ),
        rollout=replace(
            running.rollout,
            drain_s=_or(given.drain, settings.rollout.drain_s),
            settle_s=_or(given.settle, settings.rollout.settle_s),
            build_timeout_s=_or(given.build_timeout, settings.rollout.build_timeout_s),
        ),
    )


def _or(given: T | None, current: T) -> T:
    return current if given is None else given


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BadInput("The command cannot be read", f"--command: {error}", "Close its quotes") from error
