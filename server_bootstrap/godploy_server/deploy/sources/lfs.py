"""Large files kept beside a git repository (Git LFS), fetched by the real git-lfs program.

git itself puts them in place of their pointers while it writes the files (filter `lfs`), so nothing else changes.
Source: git-lfs-config(5), gitattributes(5).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from godploy_server.contract import DeploymentFailed
from godploy_server.deploy import git
from godploy_server.deploy.sources.git_process import FETCH_TIMEOUT_S, Git

LFS_SETTINGS: Final = {
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.required": "true",
    "lfs.locksverify": "false",
}


async def require_lfs(session: Git) -> None:
    """Raise DeploymentFailed if git-lfs is not installed."""
    if await session.run(["git", "lfs", "version"], is_shown=False) != 0:
        raise DeploymentFailed(
            "git-lfs is not installed on the server",
            "the service's settings ask for the repository's large files, which it fetches",
            "Install it on the server (`apt install git-lfs`), or turn large files off in the service's settings",
        )


async def fetch_large_files(session: Git, cache: Path, commit: str, allow: Callable[[str], None]) -> None:
    """Fetch the large files of a commit into the cache. `allow` raises for an address that may not be asked.

    Raises what it raises, and DeploymentFailed.
    """
    listed = await session.output(addresses_arguments(cache, commit))
    for entry in (listed or b"").decode(errors="replace").split("\0"):
        _, _, url = entry.partition("\n")
        if url:
            allow(url)
    arguments = ["git", "--git-dir", str(cache), "lfs", "fetch", git.REMOTE, commit]
    if await session.run(arguments, FETCH_TIMEOUT_S) != 0:
        said = next((line for line in reversed(session.last) if line.strip()), "git-lfs gave no reason")
        raise DeploymentFailed("The repository's large files could not be fetched", said[:300], "Look at the log")


def addresses_arguments(cache: Path, commit: str) -> list[str]:
    """List the addresses that a commit's .lfsconfig names, NUL after each."""
    return [
        "git", "--git-dir", str(cache), "config", "--blob", f"{commit}:.lfsconfig", "-z",
        "--get-regexp", r"^(lfs|remote\..*)\.(lfs)?(push)?url$",
    ]  # fmt: skip
