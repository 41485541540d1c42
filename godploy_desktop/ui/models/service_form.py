"""The settings of a service as text fields, and back. Pure functions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from godploy_desktop.ui.models.builder_form import builder_fields, builder_of
from godploy_desktop.ui.models.forms import check_path, parse_port
from godploy_desktop.ui.models.mount_form import mounts_text, parse_mounts, parse_ports, ports_text
from godploy_desktop.ui.models.source_form import source_fields, source_of
from godploy_server.contract import BadInput, ImageSource, ServiceSettings, Strategy

MEGABYTE: Final = 1024 * 1024
STRATEGIES: Final = {
    Strategy.ROLLING.value: "Side by side, then switch",
    Strategy.RECREATE.value: "Stop the old one first",
}
"""Strategy of a rollout to what a person reads."""

NUMBERS: Final = {
    "replicas": ("Instances", 1, 50),
    "health_timeout": ("Healthy within", 1, 3600),
    "drain": ("Drain", 0, 3600),
    "settle": ("Settle", 0, 600),
    "stop_grace": ("Time to stop", 0, 3600),
    "build_timeout": ("Longest build", 1, 1440),
}
"""Whole numbers: key to what a person reads, the least and the most."""


def fields_of(settings: ServiceSettings) -> dict[str, str]:
    """Give back every field's text."""
    limits, rollout, health = settings.limits, settings.rollout, settings.health
    return {
        **source_fields(settings.source),
        **builder_fields(settings.builder),
        "port": "" if settings.port is None else str(settings.port),
        "command": shlex.join(settings.command),
        "replicas": str(settings.replicas),
        "health_path": health.path,
        "health_timeout": str(health.timeout_s),
        "health_command": shlex.join(health.command),
        "memory": str(limits.memory_bytes // MEGABYTE) if limits.memory_bytes else "",
        "cpus": f"{limits.cpus:g}" if limits.cpus else "",
        "strategy": rollout.strategy.value,
        "drain": str(rollout.drain_s),
        "settle": str(rollout.settle_s),
        "stop_grace": str(rollout.stop_grace_s),
        "build_timeout": str(rollout.build_timeout_s // 60),
        "mounts": mounts_text(settings.mounts),
        "ports": ports_text(settings.published),
    }


def settings_of(before: ServiceSettings, fields: Mapping[str, str], computer: str = "") -> ServiceSettings:
    """Give back `before` with what the fields say; raises BadInput naming the first field that cannot be used.

    `computer` is what this computer is called, for a folder that is chosen anew.
    """
    is_built = not isinstance(before.source, ImageSource)
    made = replace(
        before,
        source=source_of(before.source, fields, computer),
        builder=builder_of(fields) if is_built else before.builder,
        port=parse_port(fields["port"]),
        command=parse_command("Command", fields["command"]),
        replicas=whole("replicas", fields["replicas"]),
        health=replace(
            before.health,
            path=check_path(fields["health_path"]),
            timeout_s=whole("health_timeout", fields["health_timeout"]),
            command=parse_command("Health command", fields["health_command"]),
        ),
        limits=replace(
            before.limits,
            memory_bytes=_memory(before.limits.memory_bytes, fields["memory"]),
            cpus=parse_cores(fields["cpus"]),
        ),
        rollout=replace(
            before.rollout,
            strategy=Strategy(fields["strategy"]),
            drain_s=whole("drain", fields["drain"]),
            settle_s=whole("settle", fields["settle"]),
            stop_grace_s=whole("stop_grace", fields["stop_grace"]),
            build_timeout_s=whole("build_timeout", fields["build_timeout"]) * 60,
        ),
        mounts=parse_mounts(fields["mounts"]),
        published=parse_ports(fields["ports"]),
    )
    check_exclusive(made)
    return made


def parse_command(what: str, text: str) -> tuple[str, ...]:
    """Give back the words of a command, split as a shell splits them; raises BadInput naming `what`."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise BadInput(f"{what} cannot be “{text}”", "a quotation mark is not closed", f"Correct “{what}”") from None


def check_exclusive(settings: ServiceSettings) -> None:
    """Raise BadInput where mounts or published ports would be used by two containers at once."""
    is_shared = all(each.is_read_only for each in settings.mounts) and not settings.published
    if is_shared:
        return
    what = "A volume" if settings.mounts else "A published port"
    if settings.replicas > 1:
        raise BadInput(
            f"Instances cannot be {settings.replicas}",
            f"{what[0].lower()}{what[1:]} can be used by one container only",
            "Set “Instances” to 1, or remove the mounts and published ports",
        )
    if settings.rollout.strategy is not Strategy.RECREATE:
        raise BadInput(
            f"The rollout cannot be “{STRATEGIES[settings.rollout.strategy.value]}”",
            f"{what[0].lower()}{what[1:]} can be used by one container only, so the old one has to end first",
            f"Choose “{STRATEGIES[Strategy.RECREATE.value]}” under Rollout",
        )


def whole(key: str, text: str) -> int:
    """Give back the number of one of NUMBERS; raises BadInput naming it."""
    return _whole(*NUMBERS[key], text)


def parse_megabytes(text: str) -> int:
    """Give back a limit of memory in bytes; "" is 0, no limit."""
    return _whole("Memory", 0, 4_000_000, text.strip() or "0") * MEGABYTE


def parse_cores(text: str) -> float:
    """Give back a limit of processor cores; "" is 0, no limit."""
    try:
        value = float(text.strip().replace(",", ".") or "0")
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1024:
        raise BadInput(f"Cores cannot be “{text}”", "it is a number such as 0.5 or 2", "Correct “Cores”")
    return value


def _memory(before: int, text: str) -> int:
    if before and text == str(before // MEGABYTE):
        return before  # not typed anew: a limit that is no whole number of megabytes stays as it is
    return parse_megabytes(text)


def _whole(what: str, least: int, most: int, text: str) -> int:
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise BadInput(
            f"{what} cannot be “{text}”", f"it is a whole number from {least} to {most}", f"Correct “{what}”"
        )
    return int(text)
