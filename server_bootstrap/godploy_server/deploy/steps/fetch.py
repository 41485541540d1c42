"""FETCH: the source's files at one exact commit, or the image that a service runs from."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from pathlib import Path
from typing import Final

from godploy_server.contract import DeploymentFailed, GitSource, ImageSource, Step
from godploy_server.deploy import git
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.log import DeploymentLog
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.images import find_image, pinned
from godploy_server.state import deployments

_FETCH_TIMEOUT_S: Final = 900.0
_LOCAL_TIMEOUT_S: Final = 300.0
_REMEMBERED_LINES: Final = 40


async def run(attempt: Attempt) -> str:
    """Fetch what the service is made from; gives the commit or the pinned image."""
    source = attempt.service.settings.source
    if isinstance(source, ImageSource):
        return await _pull(attempt, source)
    if isinstance(source, GitSource):
        return await _fetch_commit(attempt, source)
    raise DeploymentFailed("The source cannot be fetched", f"{source.kind} is not known here", "Update the agent")


async def undo(attempt: Attempt) -> None:
    """Remove the fetched files. The cache of the repository stays for the next time, without half a fetch in it."""
    shutil.rmtree(attempt.engine.paths.build(attempt.deployment.id), ignore_errors=True)
    remove_leftovers(attempt.engine.paths.git(attempt.service.id))


FETCH: Final = DeploymentStep(Step.FETCH, run, undo, for_rollback=False)


def remove_leftovers(cache: Path) -> None:
    """Remove what a git that was killed, or met a full disk, left in the cache: packs that are not whole, locks."""
    for pattern in ("tmp_*", "*.lock"):
        for left in cache.rglob(pattern):
            if left.is_file():
                left.unlink(missing_ok=True)


async def _pull(attempt: Attempt, source: ImageSource) -> str:
    docker = attempt.engine.docker
    try:
        async with contextlib.aclosing(docker.pull(source.image)) as progress:
            async for line in progress:
                attempt.log.say(line)
    except DockerRefused:
        if await find_image(docker, source.image) is None:
            raise
        attempt.log.say("The registry did not give the image; using the one that is on the server")
    found = await find_image(docker, source.image)
    if found is None:
        raise DeploymentFailed(
            f"The image {source.image} is gone again", "something on the server removed it", "Deploy again"
        )
    attempt.image, attempt.image_id = pinned(source.image, found), found["Id"]
    return attempt.image


async def _fetch_commit(attempt: Attempt, source: GitSource) -> str:
    paths, log = attempt.engine.paths, attempt.log
    service_id = attempt.service.id
    local_allowed = attempt.engine.instance.is_embedded or git.is_below(source.url, paths.state_dir / "samples")
    url = git.check_url(source.url, local_allowed=local_allowed)
    branch, wanted = git.check_branch(source.branch), git.check_commit(attempt.deployment.commit)
    cache = paths.git(service_id)
    session = _Git(
        log,
        child_environment(
            os.environ,
            git.git_environment(
                url, paths.deploy_key(service_id), paths.known_hosts(service_id), local_allowed=local_allowed
            ),
        ),
    )
    log.say(f"Fetching {git.without_password(url)}, {f'commit {wanted}' if wanted else f'branch {branch}'}")
    remove_leftovers(cache)  # a service has one deployment at a time, so nobody is at work in it
    await session.must(git.init_arguments(cache), "The cache of the source could not be made")
    is_full_hash = len(wanted) in (40, 64)
    code = 1
    if not wanted or is_full_hash:
        code = await session.run(git.fetch_arguments(cache, branch, wanted), _FETCH_TIMEOUT_S)
    if wanted and code != 0:
        code = await session.run(git.fetch_history_arguments(cache, branch), _FETCH_TIMEOUT_S)
    if code != 0:
        raise git.fetch_error(list(session.last), url, branch, wanted, attempt.service.deploy_key)
    session.last.clear()
    if await session.run(git.describe_arguments(cache, wanted), _LOCAL_TIMEOUT_S, is_shown=False) != 0:
        raise git.fetch_error(["no such commit"], url, branch, wanted, attempt.service.deploy_key)
    commit, author, subject = [*map(git.one_line, list(session.last)[:3]), "", ""][:3]
    deployments.set_commit(attempt.engine.connection, attempt.deployment.id, commit, subject, author)
    attempt.deployment = deployments.find(attempt.engine.connection, attempt.deployment.id)
    log.say(f"{commit[:12]} {subject} ({author})")
    log.deployment_changed()

    folder = attempt.source_folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session.environment["GIT_INDEX_FILE"] = str(folder.parent / "index")
    for arguments in git.checkout_arguments(cache, commit, folder):
        await session.must(arguments, "The files of the commit could not be written")
    if (folder / ".gitmodules").exists():
        log.say("The repository has submodules; they are not fetched")
    return f"{commit[:12]} {subject}"


class _Git:
    """Runs git with one environment, its output going to the log; remembers the last lines."""

    def __init__(self, log: DeploymentLog, environment: dict[str, str]) -> None:
        self._log = log
        self.environment = environment
        self.last: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    async def run(self, arguments: list[str], timeout_s: float, *, is_shown: bool = True) -> int:
        def take(output: bytes) -> None:
            for counted in git.without_password(output.decode(errors="replace")).strip("\n").split("\n"):
                line = counted.rstrip().rpartition("\r")[2].rstrip()  # of a progress line only what it ended with
                self.last.append(line)
                if is_shown:
                    self._log.say(line)

        try:
            return await run_child(arguments, environment=self.environment, on_output=take, timeout_s=timeout_s)
        except FileNotFoundError:
            raise DeploymentFailed(
                "git is not installed on the server", "sources are fetched with it", "Install git (`apt install git`)"
            ) from None
        except ChildTimeout:
            raise DeploymentFailed(
                "Fetching the source took too long", f"git was ended after {timeout_s:g} s", "Check the git host"
            ) from None

    async def must(self, arguments: list[str], what: str) -> None:
        if await self.run(arguments, _LOCAL_TIMEOUT_S) != 0:
            raise DeploymentFailed(what, self.last[-1] if self.last else "git gave no reason", "Look at the log")
