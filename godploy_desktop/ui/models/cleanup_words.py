"""What a server can do without, as a table and as what a confirmation names. Pure functions."""

from __future__ import annotations

from typing import Final

from godploy_desktop.ui.models.words import counted, size
from godploy_server.contract import Cleanup, CleanupItem

_ICONS: Final = {
    "image": "box",
    "build files": "folder",
    "upload": "upload",
    "git cache": "git-branch",
    "build cache": "layers",
    "volume": "database",
}
_MANY: Final = {"git cache": "git caches", "build cache": "build caches", "build files": "sets of build files"}
_ONE: Final = {"build files": "set of build files"}
_VOLUME: Final = "volume"
_NAMED: Final = 6


def item_icon(item: CleanupItem) -> str:
    """Give back the icon of a kind of thing."""
    return _ICONS.get(item.what, "file-text")


def total_words(cleanup: Cleanup) -> str:
    """Give back how much it is: `5 things, 2.9 GB`."""
    return f"{counted(len(cleanup.items), 'thing')}, {size(cleanup.size_bytes)}"


def cleanup_losses(cleanup: Cleanup) -> tuple[str, ...]:
    """Give back one line for each kind of thing that goes; volumes, whose data is gone for good, first and by name."""
    kinds = sorted({each.what for each in cleanup.items}, key=lambda what: (what != _VOLUME, what))
    return tuple(_line(what, [each for each in cleanup.items if each.what == what]) for what in kinds)


def cleaned_words(gone: Cleanup) -> str:
    """Give back how a cleanup ended."""
    if not gone.items:
        return "Nothing was left to remove."
    return f"{counted(len(gone.items), 'thing')} removed, {size(gone.size_bytes)} free again."


def _line(what: str, items: list[CleanupItem]) -> str:
    count = counted(len(items), _ONE.get(what, what), _MANY.get(what, f"{what}s"))
    if what == _VOLUME:
        names = ", ".join(each.name for each in items[:_NAMED])
        more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
        return f"{count} and all data in {'it' if len(items) == 1 else 'them'}, for good: {names}{more}"
    return f"{count}, {size(sum(each.size_bytes for each in items))}"
