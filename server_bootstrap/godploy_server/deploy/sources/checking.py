"""Asking a git host for a service's source with the service's own key, as a deployment would: nothing is fetched."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import BadInput, DeploymentFailed, GitSource, SourceCheck
from godploy_server.deploy import git
from godploy_server.deploy.sources.fetched import NoLog
from godploy_server.deploy.sources.git import fetch_error, is_local_allowed, open_session
from godploy_server.runtime.engine import Engine
from godploy_server.state.services import ServiceRow

CHECK_TIMEOUT_S: Final = 45.0


async def check_source(engine: Engine, service: ServiceRow) -> SourceCheck:
    """Give what a service's source stands at. Ends git when cancelled.

    Raises what fetching it raises, and BadInput for a source that is no repository.
    """
    source = service.settings.source
    if not isinstance(source, GitSource):
        raise BadInput("There is no repository to ask", f"the service's source is {source.kind}", "Deploy it")
    url = git.check_url(source.url, local_allowed=is_local_allowed(engine, source.url))
    revision = git.revision_of(source)
    session = open_session(engine, service, url, NoLog(), with_lfs=False)
    # of no repository: one that lies around the state folder is not asked for its configuration
    session.environment["GIT_CEILING_DIRECTORIES"] = str(engine.paths.state_dir.resolve().parent)
    session.cwd = engine.paths.state_dir
    if await session.run(git.list_arguments(revision), CHECK_TIMEOUT_S, is_shown=False) != 0:
        raise await fetch_error(engine, session, url, revision, service.deploy_key)
    listed = git.parse_listed(session.last)
    return SourceCheck(git.without_password(url), *_found(listed, revision, git.without_password(url)))


def _found(listed: git.Listed, revision: git.Revision, shown: str) -> tuple[str, str, str, str]:
    if revision.commit:
        is_seen = revision.commit in listed.references.values()
        what = "a branch or tag stands at it" if is_seen else "whether it has that commit shows when it is fetched"
        detail = f"The repository can be read; {what}"
        return str(revision), revision.commit if is_seen else "", listed.default_branch, detail
    commit = listed.references.get(f"{revision.reference}^{{}}") or listed.references.get(revision.reference, "")
    if not commit:
        default = listed.default_branch
        other = f"; its default branch is “{default}”" if default else ""
        raise DeploymentFailed(
            f"The repository has no {revision.words}",
            f"{shown} can be read, but does not know it{other}" if listed.references else f"{shown} is empty",
            "Correct it in the service's settings, or push it",
        )
    detail = f"The repository can be read; its {revision.words} stands at {commit[:12]}"
    return revision.words, commit, listed.default_branch, detail
