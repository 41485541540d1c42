"""The options of what a service keeps, publishes and how it is replaced, and the settings that they make."""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import replace
from typing import Final, TypeVar

from godploy_server.contract import BadInput, Mount, MountKind, PublishedPort, ServiceSettings, Strategy

T = TypeVar("T")

_NONE: Final = "none"
_PUBLISHED: Final = re.compile(r"(\d{1,5}):(\d{1,5})(?:/(tcp|udp))?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options. Each is absent unless given; the lists replace what the service had."""
    keeping = parser.add_argument_group("volumes and ports of the server")
    keeping.add_argument(
        "--mount",
        action="append",
        type=mount,
        metavar="SOURCE:TARGET[:ro]",
        help="a volume by its name, or a folder of the server by its absolute path, seen at TARGET; may be repeated; "
        "none removes all (the volumes themselves stay until the service is deleted)",
    )
    keeping.add_argument(
        "--publish",
        action="append",
        type=published,
        metavar="HOST:CONTAINER[/udp]",
        help="lead a port of the server to one of the container, past the proxy; may be repeated; none removes all",
    )
    replacing = parser.add_argument_group("how a release replaces another")
    replacing.add_argument(
        "--strategy",
        choices=[each.value for each in Strategy],
        help="rolling: the new release starts beside the old one, without a gap (the default); recreate: the old one "
        "ends first, for volumes and ports that only one can have",
    )
    replacing.add_argument(
        "--stop-grace", type=int, metavar="SECONDS", help="time to end by itself when it is stopped (default: 10)"
    )
    replacing.add_argument(
        "--health-command",
        metavar="WORDS",
        help="healthy is when this ends with 0 inside the container, in place of --health-path; none removes it",
    )


def changed_running(settings: ServiceSettings, given: argparse.Namespace) -> ServiceSettings:
    """The settings with what was given. Raises BadInput."""
    health, rollout = settings.health, settings.rollout
    if given.health_command is not None:
        health = replace(health, command=_command(given.health_command))
    if given.strategy is not None:
        rollout = replace(rollout, strategy=Strategy(given.strategy))
    if given.stop_grace is not None:
        rollout = replace(rollout, stop_grace_s=given.stop_grace)
    return replace(
        settings,
        health=health,
        rollout=rollout,
        mounts=settings.mounts if given.mount is None else _listed(given.mount, "--mount"),
        published=settings.published if given.publish is None else _listed(given.publish, "--publish"),
    )


def mount(text: str) -> Mount | None:
    """Read SOURCE:TARGET[:ro]; “none” is None."""
    if text == _NONE:
        return None
    source, *rest = text.split(":")
    if not source or not 1 <= len(rest) <= 2 or not rest[0].startswith("/") or rest[1:] not in ([], ["ro"], ["rw"]):
        raise argparse.ArgumentTypeError(f"“{text}” is not VOLUME:/TARGET, /FOLDER:/TARGET or one of them with :ro")
    kind = MountKind.FOLDER if source.startswith("/") else MountKind.VOLUME
    return Mount(source, rest[0], kind, is_read_only=rest[1:] == ["ro"])


def published(text: str) -> PublishedPort | None:
    """Read HOST:CONTAINER[/udp]; “none” is None."""
    if text == _NONE:
        return None
    match = _PUBLISHED.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"“{text}” is not HOST:CONTAINER, as 5432:5432 or 53:53/udp")
    return PublishedPort(int(match[2]), int(match[1]), "udp" if match[3] == "udp" else "tcp")


def described(settings: ServiceSettings) -> list[tuple[str, str]]:
    """How the service keeps, publishes and replaces, as names and values; what is usual is left out."""
    rollout = settings.rollout
    return [
        *(("mounts", described_mount(each)) for each in settings.mounts),
        *(
            ("publishes", f"port {each.host_port}/{each.protocol} of the server to {each.container_port}")
            for each in settings.published
        ),
        ("strategy", "recreate: the old release ends first" if rollout.strategy is Strategy.RECREATE else ""),
        ("stops within", f"{rollout.stop_grace_s} s" if rollout.stop_grace_s != type(rollout)().stop_grace_s else ""),
    ]


def described_health(settings: ServiceSettings) -> str:
    """What makes the service healthy, in a few words; "" where nothing is asked."""
    within = f"within {settings.health.timeout_s} s"
    if settings.health.command:
        return f"{shlex.join(settings.health.command)} ends with 0 {within}"
    return f"GET {settings.health.path} {within}" if settings.port else ""


def described_mount(mounted: Mount) -> str:
    """One mount in a few words."""
    kind = "volume" if mounted.kind is MountKind.VOLUME else "folder"
    return f"{kind} {mounted.source} at {mounted.target}{' (read-only)' if mounted.is_read_only else ''}"


def _listed(given: list[T | None], option: str) -> tuple[T, ...]:
    wanted = tuple(each for each in given if each is not None)
    if wanted and len(wanted) != len(given):
        raise BadInput("It is not clear what is meant", f"{option} none is given beside others", "Leave one out")
    return wanted


def _command(text: str) -> tuple[str, ...]:
    if text == _NONE:
        return ()
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadInput("The command cannot be read", f"--health-command: {error}", "Close its quotes") from error
