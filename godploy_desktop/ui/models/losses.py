"""What a removal takes along, as lines that a confirmation shows. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from godploy_desktop.ui.models.words import counted
from godploy_server.contract import RemovalPreview

_NAMED = 6


def losses(preview: RemovalPreview) -> tuple[str, ...]:
    """Give back one line for each kind of thing that goes, naming the things."""
    lines = (
        _line(preview.services, "service", "services"),
        _line(preview.domains, "domain", "domains"),
        _line(preview.containers, "container", "containers"),
        _line(preview.images, "image", "images"),
        _line(preview.volumes, "volume with its data", "volumes with their data"),
    )
    return tuple(line for line in lines if line)


def _line(names: Sequence[str], one: str, many: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{counted(len(names), one, many)}: {shown}{more}"
