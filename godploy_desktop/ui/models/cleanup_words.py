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
    "container": "container",
    "deploy key": "key-round",
}
_MANY: Final = {"git cache": "git caches", "build cache": "build caches", "build files": "sets of build files"}
_ONE: Final = {"build files": "set of build files"}
_VOLUME: Final = "volume"


def item_icon(item: CleanupItem) -> str:
    """Give back the icon of a kind of thing."""
    return _ICONS.get(item.what, "file-text")


def goes(item: CleanupItem) -> bool:
    """Whether a cleanup removes it. A volume that nobody uses is shown and stays: its data may be wanted."""
    return item.what != _VOLUME


def going(cleanup: Cleanup) -> tuple[CleanupItem, ...]:
    """Give back what a cleanup removes of what it shows."""
    return tuple(filter(goes, cleanup.items))


def total_words(cleanup: Cleanup) -> str:
    """Give back how much goes: `5 things, 2.9 GB`."""
    return f"{counted(len(going(cleanup)), 'thing')}, {size(cleanup.size_bytes)}"


def staying_words(cleanup: Cleanup) -> str:
    """Give back what is shown and stays; "" where all of it goes."""
    count = len(cleanup.items) - len(going(cleanup))
    if not count:
        return ""
    verb = "stays: remove it" if count == 1 else "stay: remove them"
    return f"{counted(count, _VOLUME)} {verb} by hand if the data is not wanted"


def cleanup_losses(cleanup: Cleanup) -> tuple[str, ...]:
    """Give back one line for each kind of thing that goes."""
    items = going(cleanup)
    kinds = sorted({each.what for each in items})
    return tuple(_line(what, [each for each in items if each.what == what]) for what in kinds)


def cleaned_words(gone: Cleanup) -> str:
    """Give back how a cleanup ended."""
    if not going(gone):
        return "Nothing was left to remove."
    return f"{counted(len(going(gone)), 'thing')} removed, {size(gone.size_bytes)} free again."


def _line(what: str, items: list[CleanupItem]) -> str:
    count = counted(len(items), _ONE.get(what, what), _MANY.get(what, f"{what}s"))
    return f"{count}, {size(sum(each.size_bytes for each in items))}"
