"""Files of a git repository at one exact commit: fetched into a cache, written without a repository around them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Final

from godploy_server.contract import (
    DeploymentFailed,
    GitSource,
    GodployError,
    HostKeyChanged,
    HostKeyUnknown,
    Unreachable,
)
from godploy_server.deploy import git
from godploy_server.deploy.children import child_environment
from godploy_server.deploy.git_hosts import trusted
from godploy_server.deploy.git_hosts.scanning import refused_key
from godploy_server.deploy.locking import alone_in
from godploy_server.deploy.sources.fetched import Fetched, SourceLog
from godploy_server.deploy.sources.git_process import FETCH_TIMEOUT_S, Git, remove_leftovers
from godploy_server.deploy.sources.lfs import LFS_SETTINGS, fetch_large_files, require_lfs
from godploy_server.deploy.sources.submodules import Checkout, write_submodules
from godploy_server.deploy.sources.tree import make_anew
from godploy_server.runtime.engine import Engine
from godploy_server.state.services import ServiceRow

_WHOLE_HASHES: Final = (40, 64)
_HOPELESS: Final = (Unreachable, HostKeyUnknown, HostKeyChanged)
"""What fetching in another way does not change."""


async def fetch_commit(
    engine: Engine, service: ServiceRow, source: GitSource, folder: Path, log: SourceLog, commit: str = ""
) -> Fetched:
    """Write the files of a commit (or of the newest that the source names) to `folder`, which is made anew.

    Raises BadInput, HostKeyUnknown, HostKeyChanged, Unreachable, DeploymentFailed.
    """
    url = git.check_url(source.url, local_allowed=is_local_allowed(engine, source.url))
    revision = git.revision_of(source, commit)
    cache = engine.paths.git(service.id)
    async with alone_in(cache):
        remove_leftovers(cache)
        session = open_session(engine, service, url, log, with_lfs=source.lfs)
        if source.lfs:
            await require_lfs(session)
        log.say(f"Fetching {git.without_password(url)}, {revision}")
        whole, author, subject = await _fetch(engine, session, cache, url, revision, service.deploy_key)
        log.say(f"{whole[:12]} {subject} ({author})")
        make_anew(folder)
        await _write_tree(engine, service, source, log, Checkout(session, url, cache, whole, folder))
    return Fetched(f"{whole[:12]} {subject}", whole, author, subject)


async def _write_tree(
    engine: Engine, service: ServiceRow, source: GitSource, log: SourceLog, checkout: Checkout, depth: int = 0
) -> None:
    """Write the files of one fetched commit, then those of its submodules, if they are wanted."""
    session, commit = checkout.session, checkout.commit
    if source.lfs:
        await _fetch_large_files(engine, checkout)
    index = checkout.cache / "godploy-index"
    session.environment["GIT_INDEX_FILE"] = str(index)
    try:
        for arguments in git.checkout_arguments(checkout.cache, commit, checkout.folder):
            await session.must(arguments, "The files of the commit could not be written")
    finally:
        index.unlink(missing_ok=True)
        del session.environment["GIT_INDEX_FILE"]
    if not source.submodules:
        if depth == 0 and (checkout.folder / ".gitmodules").is_file():
            log.say("The repository has submodules; the service's settings do not ask for them")
        return

    async def write(url: str, cache: Path, commit: str, folder: Path) -> None:
        git.check_url(url, local_allowed=is_local_allowed(engine, url))
        within = open_session(engine, service, url, log, with_lfs=source.lfs)
        revision = git.Revision(git.EVERY_BRANCH, commit)
        await _fetch(engine, within, cache, url, revision, service.deploy_key)
        await _write_tree(engine, service, source, log, Checkout(within, url, cache, commit, folder), depth + 1)

    await write_submodules(checkout, log, write, depth)


async def _fetch_large_files(engine: Engine, checkout: Checkout) -> None:
    """Fetch the large files of a checkout; the hosts that its .lfsconfig names are held to the same rules."""

    def allow(url: str) -> None:
        git.check_url(url, local_allowed=is_local_allowed(engine, checkout.url))
        trusted.require_known(engine, url)

    try:
        await fetch_large_files(checkout.session, checkout.cache, checkout.commit, allow)
    except DeploymentFailed:
        if host := git.refused_host(checkout.session.last, checkout.url):
            raise await refused_key(engine, host) from None
        raise


async def _fetch(
    engine: Engine, session: Git, cache: Path, url: str, revision: git.Revision, public_key: str
) -> tuple[str, str, str]:
    """Fetch a revision into the cache; gives its full hash, author and subject.

    A commit that the host does not hand out by itself, or that is named by a short hash, is looked for in the history
    of the reference, then in that of every branch, and of every tag: a tag may mark what no branch has.
    """
    await session.must(git.init_arguments(cache), "The cache of the source could not be made")
    ways = [partial(git.fetch_arguments, cache, revision)]
    if revision.commit:
        histories = dict.fromkeys((revision.reference, git.EVERY_BRANCH, git.EVERY_TAG))
        ways = ways if len(revision.commit) in _WHOLE_HASHES else []
        ways += [partial(git.fetch_history_arguments, cache, each) for each in histories]
    is_reached = False
    for arguments in ways:
        if await session.run(arguments(), FETCH_TIMEOUT_S) == 0:
            is_reached = True
            if found := await _description(session, cache, revision.commit):
                return found
        elif isinstance(error := await fetch_error(engine, session, url, revision, public_key), _HOPELESS):
            raise error
    raise git.fetch_error(["no such commit"] if is_reached else list(session.last), url, revision, public_key)


async def _description(session: Git, cache: Path, commit: str) -> tuple[str, str, str] | None:
    """Give full hash, author and subject of a commit in the cache ("" for what was fetched last), None if it lacks."""
    session.last.clear()
    if await session.run(git.describe_arguments(cache, commit), is_shown=False) != 0:
        return None
    whole, author, subject = [*map(git.one_line, list(session.last)[:3]), "", ""][:3]
    return whole, author, subject


async def fetch_error(engine: Engine, session: Git, url: str, revision: git.Revision, public_key: str) -> GodployError:
    """Say why git failed just now."""
    if host := git.refused_host(session.last, url):
        return await refused_key(engine, host)
    return git.fetch_error(list(session.last), url, revision, public_key)


def is_local_allowed(engine: Engine, url: str) -> bool:
    """A system agent reads as root: of this machine's own repositories only the samples are for it."""
    return engine.instance.is_embedded or git.is_below(url, engine.paths.local_sources)


def open_session(engine: Engine, service: ServiceRow, url: str, log: SourceLog, *, with_lfs: bool) -> Git:
    """Give a git that reaches one address with a service's key and the host keys that are accepted now.

    Raises HostKeyUnknown if none is accepted of its host: nothing was sent there.
    """
    environment = git.git_environment(
        url,
        engine.paths.deploy_key(service.id),
        trusted.require_known(engine, url),
        local_allowed=is_local_allowed(engine, url),
        settings=LFS_SETTINGS if with_lfs else {},
    )
    return Git(log, child_environment(os.environ, environment))
