"""Running git for one remote repository: its environment, its output in the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from godploy_server.contract import DeploymentFailed
from godploy_server.deploy import git
from godploy_server.deploy.children import ChildTimeout, run_child
from godploy_server.deploy.sources.fetched import SourceLog
from godploy_server.state.exhaustion import disk_full

FETCH_TIMEOUT_S: Final = 900.0
_LOCAL_TIMEOUT_S: Final = 300.0
_REMEMBERED_LINES: Final = 40

_DISK_IS_FULL: Final = ("No space left on device", "unable to write file")
"""What git says on a full disk: of a file that it writes out it does not say why it could not."""


class Git:
    """Runs git with one environment, its output going to the log; remembers the last lines."""

    def __init__(self, log: SourceLog, environment: Mapping[str, str]) -> None:
        self._log = log
        self.environment = dict(environment)
        self.cwd: Path | None = None
        self.last: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    async def run(self, arguments: list[str], timeout_s: float = _LOCAL_TIMEOUT_S, *, is_shown: bool = True) -> int:
        """Run a command and give its exit code. Raises DeploymentFailed if git is missing or takes too long."""

        def take(output: bytes) -> None:
            for counted in git.without_password(output.decode(errors="replace")).strip("\n").split("\n"):
                line = counted.rstrip().rpartition("\r")[2].rstrip()  # of a progress line only what it ended with
                self.last.append(line)
                if is_shown:
                    self._log.say(line)

        return await self._run(arguments, take, timeout_s)

    async def must(self, arguments: list[str], what: str) -> None:
        """Run a command that has to succeed; `what` says what did not happen otherwise. Raises DeploymentFailed."""
        if await self.run(arguments) != 0:
            if any(each in line for line in self.last for each in _DISK_IS_FULL):
                raise disk_full("Fetching the source")
            raise DeploymentFailed(what, self.last[-1] if self.last else "git gave no reason", "Look at the log")

    async def output(self, arguments: list[str]) -> bytes | None:
        """Give what a command writes, None if it fails."""
        said: list[bytes] = []
        code = await self._run(arguments, said.append, _LOCAL_TIMEOUT_S)
        return b"".join(said) if code == 0 else None

    async def _run(self, arguments: list[str], take: object, timeout_s: float) -> int:
        assert callable(take)
        try:
            return await run_child(
                arguments, environment=self.environment, on_output=take, cwd=self.cwd, timeout_s=timeout_s
            )
        except FileNotFoundError:
            raise DeploymentFailed(
                "git is not installed on the server", "sources are fetched with it", "Install git (`apt install git`)"
            ) from None
        except ChildTimeout:
            raise DeploymentFailed(
                "Fetching the source took too long", f"git was ended after {timeout_s:g} s", "Check the git host"
            ) from None


def remove_leftovers(cache: Path) -> None:
    """Remove what a git that was killed, or met a full disk, left in the cache: packs that are not whole, locks."""
    for pattern in ("tmp_*", "*.lock"):
        for left in cache.rglob(pattern):
            if left.is_file():
                left.unlink(missing_ok=True)
