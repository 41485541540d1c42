"""The settings of a service as text fields, and back. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from godploy_desktop.ui.models.forms import check_git_url, check_path, parse_port
from godploy_server.contract import BadInput, DockerfileBuilder, GitSource, ImageSource, ServiceSettings

MEGABYTE: Final = 1024 * 1024


def fields_of(settings: ServiceSettings) -> dict[str, str]:
    """Give back every field's text."""
    source, limits = settings.source, settings.limits
    return {
        "url": source.url
        if isinstance(source, GitSource)
        else (source.image if isinstance(source, ImageSource) else ""),
        "branch": source.branch if isinstance(source, GitSource) else "",
        "root": source.root if isinstance(source, GitSource) else "",
        "dockerfile": settings.builder.path if isinstance(settings.builder, DockerfileBuilder) else "",
        "port": "" if settings.port is None else str(settings.port),
        "command": " ".join(settings.command),
        "replicas": str(settings.replicas),
        "health_path": settings.health.path,
        "health_timeout": str(settings.health.timeout_s),
        "memory": str(limits.memory_bytes // MEGABYTE) if limits.memory_bytes else "",
        "cpus": f"{limits.cpus:g}" if limits.cpus else "",
        "drain": str(settings.rollout.drain_s),
        "settle": str(settings.rollout.settle_s),
        "build_timeout": str(settings.rollout.build_timeout_s // 60),
    }


def settings_of(before: ServiceSettings, fields: Mapping[str, str]) -> ServiceSettings:
    """Give back `before` with what the fields say; raises BadInput naming the first field that cannot be used."""
    source = before.source
    if isinstance(source, GitSource):
        source = GitSource(
            check_git_url(fields["url"]), fields["branch"].strip() or "main", fields["root"].strip().strip("/")
        )
    command = fields["command"]
    return replace(
        before,
        source=source,
        builder=replace(before.builder, path=fields["dockerfile"].strip() or "Dockerfile")
        if isinstance(before.builder, DockerfileBuilder)
        else before.builder,
        port=parse_port(fields["port"]),
        command=before.command if command == " ".join(before.command) else tuple(command.split()),
        replicas=_whole("Instances", fields["replicas"], 1, 50),
        health=replace(
            before.health,
            path=check_path(fields["health_path"]),
            timeout_s=_whole("Time to become healthy", fields["health_timeout"], 1, 3600),
        ),
        limits=replace(
            before.limits,
            memory_bytes=_whole("Memory", fields["memory"] or "0", 0, 4_000_000) * MEGABYTE,
            cpus=_decimal("Cores", fields["cpus"] or "0"),
        ),
        rollout=replace(
            before.rollout,
            drain_s=_whole("Drain", fields["drain"], 0, 3600),
            settle_s=_whole("Settle", fields["settle"], 0, 600),
            build_timeout_s=_whole("Longest build", fields["build_timeout"], 1, 1440) * 60,
        ),
    )


def _whole(what: str, text: str, least: int, most: int) -> int:
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise BadInput(
            f"{what} cannot be “{text}”", f"it is a whole number from {least} to {most}", f"Correct “{what}”"
        )
    return int(text)


def _decimal(what: str, text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1024:
        raise BadInput(f"{what} cannot be “{text}”", "it is a number such as 0.5 or 2", f"Correct “{what}”")
    return value
