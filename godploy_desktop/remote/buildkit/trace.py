"""What a build under way tells: BuildKit's StatusResponse, which Docker's build stream carries in base64.

Source: moby/buildkit, api/services/control/control.proto.
"""

from __future__ import annotations

from dataclasses import dataclass

from godploy_desktop.remote.buildkit.protobuf import content, fields, known, number, text


@dataclass(frozen=True)
class Vertex:
    """One step of the build. Times are seconds since 1970, None while they are not known."""

    digest: str
    name: str
    is_cached: bool
    started: float | None
    completed: float | None
    error: str


@dataclass(frozen=True)
class VertexStatus:
    """How far something within a step is: a layer that is pulled, files that are sent. `total` 0: not known."""

    id: str
    vertex: str
    name: str
    current: int
    total: int
    started: float | None
    completed: float | None


@dataclass(frozen=True)
class VertexLog:
    """What a step's program wrote at one moment; not necessarily whole lines."""

    vertex: str
    at: float
    output: bytes


@dataclass(frozen=True)
class VertexWarning:
    """Something that the Dockerfile's author should know."""

    vertex: str
    short: str


@dataclass(frozen=True)
class BuildStatus:
    """One message of the stream: what changed since the last."""

    vertices: tuple[Vertex, ...]
    statuses: tuple[VertexStatus, ...]
    logs: tuple[VertexLog, ...]
    warnings: tuple[VertexWarning, ...]


def read_status(message: bytes) -> BuildStatus:
    """Decode a StatusResponse. Raises protobuf.Malformed."""
    vertices, statuses, logs, warnings = [], [], [], []
    for field, value in fields(message):
        inner = content(value)
        if field == 1:
            vertices.append(_vertex(inner))
        elif field == 2:
            statuses.append(_vertex_status(inner))
        elif field == 3:
            parts = known(inner)
            logs.append(VertexLog(text(parts.get(1)), _seconds(parts.get(2)) or 0.0, content(parts.get(4))))
        elif field == 4:
            parts = known(inner)
            warnings.append(VertexWarning(text(parts.get(1)), text(parts.get(3))))
    return BuildStatus(tuple(vertices), tuple(statuses), tuple(logs), tuple(warnings))


def _vertex(message: bytes) -> Vertex:
    parts = known(message)
    return Vertex(
        digest=text(parts.get(1)),
        name=text(parts.get(3)),
        is_cached=bool(parts.get(4)),
        started=_seconds(parts.get(5)),
        completed=_seconds(parts.get(6)),
        error=text(parts.get(7)),
    )


def _vertex_status(message: bytes) -> VertexStatus:
    parts = known(message)
    return VertexStatus(
        id=text(parts.get(1)),
        vertex=text(parts.get(2)),
        name=text(parts.get(3)),
        current=number(parts.get(4)),
        total=number(parts.get(5)),
        started=_seconds(parts.get(7)),
        completed=_seconds(parts.get(8)),
    )


def _seconds(value: int | bytes | None) -> float | None:
    if not isinstance(value, bytes):
        return None
    parts = known(value)
    return number(parts.get(1)) + number(parts.get(2)) / 1e9
