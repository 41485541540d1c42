"""What a removal takes along, as lines that a confirmation shows. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from godploy_desktop.ui.models.words import counted
from godploy_server.contract import RemovalPreview

_NAMED = 6


def losses(preview: RemovalPreview) -> tuple[str, ...]:
    """Give back one line for each kind of thing that goes, naming the things; what cannot be had back stands first."""
    lines = (
        _line(preview.volumes, "volume and all data in it, for good", "volumes and all data in them, for good"),
        _line(preview.dependents, "service that uses it and breaks", "services that use it and break"),
        _line(preview.services, "service", "services"),
        _line(preview.domains, "domain", "domains"),
        _line(preview.containers, "container", "containers"),
        _line(preview.images, "image", "images"),
    )
    return tuple(line for line in lines if line)


def warning(preview: RemovalPreview) -> str:
    """Give back the sentence that a deletion with data begins with; "" where no data is lost."""
    if not preview.volumes:
        return ""
    where = "the volume" if len(preview.volumes) == 1 else f"the {len(preview.volumes)} volumes"
    return f"The data in {where} is deleted and cannot be brought back."


def _line(names: Sequence[str], one: str, many: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{counted(len(names), one, many)}: {shown}{more}"
