"""The hooks that the agent wrote down for the relay: one small file each, readable by it alone, in memory (tmpfs)."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from godploy_server.contract.hooks import HookHost

_ID: Final = re.compile(r"[0-9a-f]{40}")
_REMEMBERED: Final = 500


@dataclass(frozen=True)
class Hook:
    """Where a git host sends to, and the secret that its deliveries are signed with. One that is shared tells of all
    repositories of an app."""

    id: str
    host: HookHost
    secret: str = field(repr=False)
    is_shared: bool = False


class HookFiles:
    """Finds hooks by their unguessable id. Nothing is remembered of ids that do not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: OrderedDict[str, tuple[tuple[int, int], Hook]] = OrderedDict()

    def find(self, hook_id: str) -> Hook | None:
        """Give the hook of an id as it is now; None if there is none, or its file cannot be read."""
        if not _ID.fullmatch(hook_id):
            return None
        file = self._folder / f"{hook_id}.json"
        try:
            found = file.stat()
            version = (found.st_mtime_ns, found.st_ino)
            known = self._known.get(hook_id)
            if known is not None and known[0] == version:
                self._known.move_to_end(hook_id)
                return known[1]
            content = json.loads(file.read_text(encoding="utf-8"))
            is_shared = content.get("is_shared") is True
            hook = Hook(hook_id, HookHost(content["host"]), str(content["secret"]), is_shared)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._known.pop(hook_id, None)
            return None
        self._known[hook_id] = (version, hook)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return hook
