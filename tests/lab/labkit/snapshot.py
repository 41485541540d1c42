"""What is on a server at one moment, and how two moments differ: for "it left nothing behind"."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

_COLLECTOR = Path(__file__).with_name("snapshot_collector.py")


class Machine(Protocol):
    """What a snapshot needs of a server."""

    def inside(self, *arguments: str, stdin: bytes = b"") -> str: ...


@dataclass(frozen=True)
class Difference:
    """Names that came, went or changed, each as `kind name`."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def without(self, *beginnings: str) -> "Difference":
        """The same without entries that begin with one of the given `kind name` beginnings."""
        kept = [frozenset(entry for entry in part if not entry.startswith(beginnings)) for part in self._parts]
        return Difference(*kept)

    @property
    def _parts(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        return self.added, self.removed, self.changed

    def __str__(self) -> str:
        signed = zip(("+", "-", "~"), self._parts, strict=True)
        return "\n".join(f"{sign} {entry}" for sign, part in signed for entry in sorted(part)) or "no difference"


@dataclass(frozen=True)
class Snapshot:
    """A server's state; each kind maps a name to a short text that changes when the thing does."""

    files: dict[str, str]
    units: dict[str, str]
    active_units: dict[str, str]
    packages: dict[str, str]
    accounts: dict[str, str]
    listening: dict[str, str]
    containers: dict[str, str]
    networks: dict[str, str]
    volumes: dict[str, str]
    images: dict[str, str]

    def compare(self, later: "Snapshot") -> Difference:
        """What changed from this snapshot to a later one; folders that only hold changed files are not listed."""
        added, removed, changed = set(), set(), set()
        for kind in fields(self):
            old: dict[str, str] = getattr(self, kind.name)
            new: dict[str, str] = getattr(later, kind.name)
            singular = kind.name.removesuffix("s").replace("_", "-")
            added |= {f"{singular} {name}" for name in new.keys() - old.keys()}
            removed |= {f"{singular} {name}" for name in old.keys() - new.keys()}
            changed |= {f"{singular} {name}" for name in old.keys() & new.keys() if old[name] != new[name]}
        return Difference(frozenset(added), frozenset(removed), frozenset(changed))


def take_snapshot(server: Machine) -> Snapshot:
    """Collect a server's state; takes about a second."""
    return Snapshot(**json.loads(server.inside("python3", "-", stdin=_COLLECTOR.read_bytes())))
