"""Real programs that servers and images of the lab need, built from their source once and kept in the cache.

`nixpacks` comes from the Rust registry, the others from the Go module proxy. A build takes minutes; the lab starts it
in the background when it comes up, and whoever needs a program waits for it.
"""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.cache import cache_folder, locked
from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.tool_builds import build_ferretdb, build_gitea, build_lifecycle, build_nixpacks, build_pack

_ROOT = Path(__file__).parents[3]
_LOW_PRIORITY = 5  # nice(1): tests that run meanwhile go first


@dataclass(frozen=True)
class Tool:
    """One program: `build(version, target)` writes it to a path."""

    name: str
    version: str
    build: Callable[[str, Path], None]
    suffix: str = ""

    @property
    def path(self) -> Path:
        """Where it is kept once it is built."""
        return cache_folder() / "tools" / f"{self.name}-{self.version}{self.suffix}"


NIXPACKS = Tool("nixpacks", "1.41.0", build_nixpacks)
PACK = Tool("pack", "0.38.2", build_pack)
LIFECYCLE = Tool("lifecycle", "0.20.11", build_lifecycle, ".tgz")
FERRETDB = Tool("ferretdb", "1.24.0", build_ferretdb)
GITEA = Tool("gitea", "1.25.1", build_gitea, ".tar")
TOOLS = {tool.name: tool for tool in (NIXPACKS, PACK, LIFECYCLE, FERRETDB, GITEA)}


def ensure_tool(name: str) -> Path:
    """The program `name` of TOOLS, built unless the cache has it; another process that builds it is waited for.

    `lifecycle` is the archive that `pack builder create` takes and `gitea` one for its image, the others are static
    executables that run on every server of the lab. Raises LabUnavailable.
    """
    tool = TOOLS[name]
    with locked(f"tool-{name}"):
        if not tool.path.exists():
            try:
                tool.build(tool.version, tool.path)
            except (CommandFailed, OSError, subprocess.TimeoutExpired) as failure:
                raise LabUnavailable(f"{name} {tool.version} cannot be built here: {failure}") from failure
    return tool.path


def build_all(say: Callable[[str], None]) -> None:
    """Build whatever is missing: the Rust program beside the Go programs. Raises LabUnavailable."""

    def ensure(*names: str) -> None:
        for name in names:
            ensure_tool(name)
            say(name)

    with ThreadPoolExecutor(2) as pool:
        for work in [pool.submit(ensure, "nixpacks"), pool.submit(ensure, "pack", "lifecycle", "ferretdb", "gitea")]:
            work.result()


def start_building() -> None:
    """Let a process of its own build whatever is missing; it goes on when this one ends, and ends by itself."""
    if all(tool.path.exists() for tool in TOOLS.values()):
        return
    log = cache_folder() / "tools" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            ["nice", "-n", str(_LOW_PRIORITY), sys.executable, "-m", "tests.lab", "tools"],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
