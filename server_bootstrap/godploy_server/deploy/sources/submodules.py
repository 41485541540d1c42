"""Submodules: other repositories at exact commits inside one. Their addresses come from the repository, so they are
held to the same rules as its own."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput, DeploymentFailed, GodployError
from godploy_server.deploy import git
from godploy_server.deploy.sources.fetched import SourceLog
from godploy_server.deploy.sources.git_process import Git
from godploy_server.deploy.sources.tree import check_path, make_parents

DEEPEST: Final = 5
MOST: Final = 100

WriteSubmodule = Callable[[str, Path, str, Path], Awaitable[None]]
"""Fetches (address, cache, commit) and writes its files to a folder, its own submodules included."""


@dataclass(frozen=True)
class Checkout:
    """One fetched commit and where its files are."""

    session: Git
    url: str
    cache: Path
    commit: str
    folder: Path


@dataclass(frozen=True)
class Submodule:
    """One submodule as its repository names it; `url` may be relative to the repository's own."""

    path: str
    url: str


async def write_submodules(checkout: Checkout, log: SourceLog, write: WriteSubmodule, depth: int) -> None:
    """Fetch every submodule of a checkout and write its files where they belong. Raises what fetching raises, with
    the submodule's path."""
    listed = await checkout.session.output(modules_arguments(checkout.cache, checkout.commit))
    modules = parse_modules(listed or b"")
    if modules and depth >= DEEPEST:
        raise DeploymentFailed(
            "The repository's submodules go too deep", f"at most {DEEPEST} levels are fetched", "Flatten them"
        )
    if len(modules) > MOST:
        raise DeploymentFailed(
            "The repository has too many submodules", f"{len(modules)} of at most {MOST}", "Use fewer of them"
        )
    for module in modules:
        commit = await _commit_of(checkout, module)
        if commit is None:
            continue  # named in .gitmodules, but not part of this commit
        url = absolute(checkout.url, module.url)
        place = make_parents(checkout.folder, check_path(module.path))
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise BadInput(f"The submodule {module.path} cannot be written", "something is in its place", "Move it")
        place.mkdir(mode=0o755, exist_ok=True)
        log.say(f"Fetching the submodule {module.path} from {git.without_password(url)}, commit {commit[:12]}")
        try:
            await write(url, _cache_of(checkout.cache, url), commit, place)
        except GodployError as error:
            problem = error.problem
            what = f"The submodule {module.path}: {problem.what}"
            raise type(error)(what, problem.why, problem.next_step, problem.subject) from None


def modules_arguments(cache: Path, commit: str) -> list[str]:
    """List what a commit's .gitmodules says, NUL after each."""
    return [
        "git", "--git-dir", str(cache), "config", "--blob", f"{commit}:.gitmodules", "-z",
        "--get-regexp", r"^submodule\..*\.(path|url)$",
    ]  # fmt: skip


def parse_modules(listed: bytes) -> list[Submodule]:
    """Give the submodules of what `modules_arguments` lists, by path; those without path or address are left out."""
    found: dict[str, dict[str, str]] = {}
    for entry in listed.decode(errors="replace").split("\0"):
        key, _, value = entry.partition("\n")
        name, _, field = key.removeprefix("submodule.").rpartition(".")
        if name:
            found.setdefault(name, {})[field] = value
    whole = [each for each in found.values() if each.get("path") and each.get("url")]
    return sorted((Submodule(each["path"], each["url"]) for each in whole), key=lambda each: each.path)


def absolute(base: str, url: str) -> str:
    """Give the address that `url` means in a repository that came from `base`.

    Only what begins with ./ or ../ is relative. Source: gitmodules(5), and git's own `relative_url`.
    """
    if not url.startswith(("./", "../")):
        return url
    base = base.rstrip("/")
    separator = "/"
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            cut, scheme = base.rfind("/"), base.find("://")
            if scheme < 0 and cut < 0:
                cut, separator = base.find(":"), ":"
            if cut <= max(0, scheme + 2 if scheme >= 0 else 0):
                raise BadInput("A submodule's address cannot be used", f"{url} leads above its host", "Correct it")
            base = base[:cut]
        url = url.partition("/")[2]
    return f"{base}{separator}{url.rstrip('/')}"


async def _commit_of(checkout: Checkout, module: Submodule) -> str | None:
    """Give the commit that a tree names for a submodule, None if there is none at its path."""
    arguments = ["git", "--git-dir", str(checkout.cache), "--literal-pathspecs", "ls-tree", "-z", checkout.commit]
    listed = await checkout.session.output([*arguments, "--", module.path]) or b""
    mode, _, rest = listed.decode(errors="replace").partition(" ")
    kind, _, rest = rest.partition(" ")
    return rest.partition("\t")[0] if (mode, kind) == ("160000", "commit") else None


def _cache_of(cache: Path, url: str) -> Path:
    """Where a submodule is cached: inside its repository's own cache, so that both go together."""
    return cache / "modules" / hashlib.sha256(url.encode()).hexdigest()[:16]
