"""Which deployments a git host was told to have begun and not yet how they ended: remembered over a restart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

BEGUN: Final = "commit-states-begun"
"""The setting that holds them."""
MOST_BEGUN: Final = 200


@dataclass(frozen=True)
class Begun:
    """A deployment whose host was told that it began, and where its end is to be told."""

    server: int
    service: str
    deployment: str
    account: str
    repository: str
    commit: str
    name: str


class BegunStates:
    """`read` and `write` are the profile's settings."""

    def __init__(self, read: Callable[[str], Any], write: Callable[[str, object], None]) -> None:
        self._read, self._write = read, write

    def every(self) -> dict[str, Begun]:
        """Give them by deployment, the oldest first."""
        with suppress(TypeError):
            return {key: Begun(**row) for key, row in (self._read(BEGUN) or {}).items()}
        return {}  # written by another version

    def remember(self, begun: Begun) -> None:
        """Keep one; the oldest go."""
        kept = {**self.every(), begun.deployment: begun}
        self._keep(dict(list(kept.items())[-MOST_BEGUN:]))

    def forget(self, begun: Begun) -> None:
        """Its end was told, or is not to be."""
        kept = self.every()
        if kept.pop(begun.deployment, None) is not None:
            self._keep(kept)

    def forget_others_of_commit(self, begun: Begun) -> None:
        """Forget what other deployments of the service told of the same commit: the newest alone is shown."""
        of_commit = (begun.server, begun.service, begun.commit)
        for each in self.every().values():
            if each.deployment != begun.deployment and (each.server, each.service, each.commit) == of_commit:
                self.forget(each)

    def _keep(self, begun: dict[str, Begun]) -> None:
        self._write(BEGUN, {key: asdict(each) for key, each in begun.items()})
