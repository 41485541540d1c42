"""Notices that wait on disk for the agent, in order, across restarts and reboots. What waits has a cap of its own, as
has each hook's part of it: nobody takes the room of others."""

from __future__ import annotations

import os
import re
from collections import Counter, OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST: Final = 2_000
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_OF_ONE: Final = 500
MOST_REFUSED: Final = 100
"""Of deliveries that were not believed, together: they only tell a person something."""

_NAME: Final = re.compile(r"([0-9]{16})-([0-9a-z]{1,64})-([br])\.json")


class SpoolFull(Exception):
    """The spool takes no more: the sender must come back."""


@dataclass(frozen=True)
class Waiting:
    """One notice that waits. `name` sorts as they came."""

    name: str
    hook: str
    is_refused: bool
    size_bytes: int


class Spool:
    """The folder, which is the relay's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()
        for file in sorted(folder.iterdir()):
            if file.name.startswith(".") and file.suffix == ".json":
                file.unlink(missing_ok=True)  # it was being written when the relay was killed
            elif found := _NAME.fullmatch(file.name):
                self._waiting[file.name] = Waiting(file.name, found[2], found[3] == "r", file.stat().st_size)
        newest = next(reversed(self._waiting), "0").partition("-")[0]
        self._sequence = int(newest)

    def __len__(self) -> int:
        return len(self._waiting)

    def waiting(self) -> list[Waiting]:
        """Give what waits now, the oldest first."""
        return list(self._waiting.values())

    def keep(self, line: bytes, hook: str, *, is_refused: bool) -> None:
        """Write a notice down; it is on the disk when this returns. Raises SpoolFull, OSError."""
        all_of = self._waiting.values()
        count = Counter(each.hook for each in all_of)[hook]
        size = sum(each.size_bytes for each in all_of) + len(line)
        refused = sum(each.is_refused for each in all_of) if is_refused else 0
        if len(self) >= MOST or size > MOST_BYTES or count >= MOST_OF_ONE or refused >= MOST_REFUSED:
            raise SpoolFull
        self._sequence += 1
        name = f"{self._sequence:016d}-{hook}-{'r' if is_refused else 'b'}.json"
        unfinished = self._folder / f".{name}"
        try:
            with unfinished.open("wb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._folder / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._waiting[name] = Waiting(name, hook, is_refused, len(line))
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, waiting: Waiting) -> bytes:
        """Give the line of a notice. Raises OSError."""
        return (self._folder / waiting.name).read_bytes()

    def drop(self, waiting: Waiting) -> None:
        """Take a notice away: the agent has it, or nobody ever will."""
        (self._folder / waiting.name).unlink(missing_ok=True)
        self._waiting.pop(waiting.name, None)
