"""Looking into a repository that no service has yet: its branches, and what stands in one folder of one of them.

Nothing but names and a few small files is wanted, so the files' contents are left at the host where it can do that. It
is bounded in time and in what may be written; the scratch folder goes in any case.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from godploy_server.contract import NotFound, NotReady, from_json
from godploy_server.contract.building import (
    EXAMPLE,
    MOST_REFS,
    DetectBuilder,
    Detection,
    LookAtRepository,
    RepositoryLook,
)
from godploy_server.deploy import git
from godploy_server.deploy.answering import print_answer
from godploy_server.deploy.builders.detecting import MOST_NAMES, detect
from godploy_server.deploy.children import child_environment
from godploy_server.deploy.disk import require_source_space
from godploy_server.deploy.git_hosts import trusted
from godploy_server.deploy.sources.git import fetch_error, is_local_allowed
from godploy_server.deploy.sources.git_process import Git
from godploy_server.runtime.engine import Engine
from godploy_server.state.paths import Paths

ASKED_VARIABLE: Final = "GODPLOY_LOOK"
"""The environment variable that holds the question: its address may hold a password, which no argument may."""
LONGEST_S: Final = 40.0
"""The longest that one step takes: listing the branches, fetching."""
MOST_BYTES: Final = 256 << 20
"""The largest file that git may write: the pack of a repository whose host cannot leave contents out."""

_MOST_TEXT_BYTES: Final = 256 << 10
_HEAD: Final = re.compile(r"ref: refs/heads/(\S+)\tHEAD")
_REF: Final = re.compile(r"[0-9a-f]{40,64}\trefs/(heads|tags)/(\S+)")


@dataclass(frozen=True)
class Refs:
    """What a host lists. `default` "" where it says none."""

    default: str
    branches: tuple[str, ...]
    tags: tuple[str, ...]


class _Lines:
    """Keeps what git says: its answer is among it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def write(self, output: bytes) -> None:
        self.said += output.decode("utf-8", "replace").splitlines()


def print_look(paths: Paths) -> int:
    """Print the RepositoryLook that ASKED_VARIABLE asks for, or the Problem, as one line; gives the exit code."""
    asked = from_json(LookAtRepository, json.loads(os.environ.pop(ASKED_VARIABLE, "{}")))
    return print_answer(paths, "look", "Looking at the repository", lambda engine: look_at(engine, asked))


async def look_at(engine: Engine, asked: LookAtRepository) -> RepositoryLook:
    """Give what a repository has. Raises BadInput, NotAllowed for one that is private, NotFound for a branch or folder
    that it has not, NotReady for one that is empty or too large, HostKeyUnknown, HostKeyChanged, Unreachable."""
    url = git.check_url(asked.url, local_allowed=is_local_allowed(engine, asked.url))
    if asked.branch:
        git.check_branch(asked.branch)
    require_source_space(engine)
    with (
        tempfile.TemporaryDirectory(dir=engine.paths.state_dir / "builds", prefix="look-") as scratch,
        _files_up_to(MOST_BYTES),
    ):
        return await _Look(engine, Path(scratch), url).at(asked)


def refs_of(lines: list[str]) -> Refs:
    """Give what `git ls-remote --symref` lists, among other lines: the default branch first."""
    default = next((head[1] for line in lines if (head := _HEAD.fullmatch(line))), "")
    listed = [match for line in lines if (match := _REF.fullmatch(line)) and not line.endswith("^{}")]
    branches = [match[2] for match in listed if match[1] == "heads"]
    tags = [match[2] for match in listed if match[1] == "tags"]
    usual = (default, "main", "master", *branches)
    first = next((name for name in usual if name in branches), "")
    ordered = sorted(branches, key=lambda name: (name != first, name))
    return Refs(first, tuple(ordered[:MOST_REFS]), tuple(tags[:MOST_REFS]))


def names_of(listing: bytes) -> tuple[str, ...]:
    """Give the names that `git ls-tree -z` lists; folders, and submodules, end in "/"."""
    names = []
    for line in listing.split(b"\0"):
        facts, tab, name = line.partition(b"\t")
        if tab:
            ending = "" if b" blob " in facts else "/"
            names.append(name.decode("utf-8", "replace") + ending)
    return tuple(names[:MOST_NAMES])


class _Look:
    """One look, with a repository of its own in `scratch`."""

    def __init__(self, engine: Engine, scratch: Path, url: str) -> None:
        self._engine = engine
        self._url = url
        self._cache = scratch / "repository"
        environment = git.git_environment(
            url,
            scratch / "no-key",
            trusted.require_known(engine, url),
            local_allowed=is_local_allowed(engine, url),
        )
        self._environment = child_environment(os.environ, environment)
        self._git = ["git", "--git-dir", str(self._cache)]

    async def at(self, asked: LookAtRepository) -> RepositoryLook:
        lines = await self._ask(git.init_arguments(self._cache), git.Revision(""))
        lines = await self._ask(
            [*self._git, "ls-remote", "--symref", "--sort=-version:refname", git.REMOTE, "HEAD", "refs/heads/*",
             "refs/tags/*"],
            git.Revision(git.EVERY_BRANCH),
        )  # fmt: skip
        refs = refs_of(lines)
        branch = asked.branch or refs.default
        if not branch:
            raise NotReady(
                "The repository is empty", f"{git.without_password(self._url)} has no branch", "Push a commit first"
            )
        revision = git.Revision(f"refs/heads/{branch}")
        await self._ask(
            [*self._git, "fetch", "--no-tags", "--depth", "1", "--filter=blob:none", "--force", git.REMOTE,
             f"{revision.reference}:{git.FETCHED_REF}"],
            revision,
        )  # fmt: skip
        commit = (await self._ask([*self._git, "rev-parse", git.FETCHED_REF], revision))[-1]
        root = asked.root.strip("/")
        names = await self._names(root)
        if names is None:
            raise NotFound(
                f"The repository has no folder “{root}”", f"branch “{branch}” has none", "Choose another folder"
            )
        example = await self._text(f"{root}/{EXAMPLE}".lstrip("/")) if EXAMPLE in names else ""
        detection = await self._detect(DetectBuilder(names, root))
        return RepositoryLook(refs.default, refs.branches, refs.tags, branch, commit, names, detection, example)

    async def _detect(self, known: DetectBuilder) -> Detection:
        found = detect(known)
        if not found.wants:
            return found
        names, contents = list(known.names), {}
        for wanted in found.wants:
            path = f"{known.root}/{wanted}".lstrip("/")
            if wanted.endswith("/"):
                names += [f"{wanted}{name}" for name in await self._names(path.rstrip("/")) or ()]
            else:
                contents[wanted] = await self._text(path)
        return detect(replace(known, names=tuple(names[:MOST_NAMES]), contents=contents))

    async def _names(self, folder: str) -> tuple[str, ...] | None:
        """Give the names in a folder, None where there is none."""
        listing = await Git(_Lines(), self._environment).output([*self._git, "ls-tree", "-z", _object(folder)])
        return None if listing is None else names_of(listing)

    async def _text(self, path: str) -> str:
        """Give a small file's text, "" where it cannot be had. The host hands out its content now."""
        content = await Git(_Lines(), self._environment).output([*self._git, "cat-file", "blob", _object(path)])
        return "" if content is None or len(content) > _MOST_TEXT_BYTES else content.decode("utf-8", "replace")

    async def _ask(self, arguments: list[str], revision: git.Revision) -> list[str]:
        """Run git; gives what it said. Raises what its failure means."""
        log = _Lines()
        session = Git(log, self._environment)
        if await session.run(arguments, LONGEST_S) == 0:
            return log.said
        if any("file too large" in line.lower() for line in log.said) or _is_over(self._cache):
            raise NotReady(
                "The repository is too large to look into",
                f"more than {MOST_BYTES >> 20} MB would have to be fetched",
                "Go on without: the builder is chosen when it is deployed",
            )
        raise await fetch_error(self._engine, session, self._url, revision, "")


def _object(path: str) -> str:
    return f"{git.FETCHED_REF}:{path}"


def _is_over(cache: Path) -> bool:
    return any(each.stat().st_size >= MOST_BYTES for each in cache.rglob("*") if each.is_file())


@contextlib.contextmanager
def _files_up_to(size_bytes: int) -> Iterator[None]:
    """Let no child write a larger file: git ends then. Source: setrlimit(2), RLIMIT_FSIZE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wanted = size_bytes if soft == resource.RLIM_INFINITY else min(soft, size_bytes)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
