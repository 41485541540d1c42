"""The request that tells a state, for each kind of host: pure functions that both sides send by their own means.

Sources: GitHub REST API 2022-11-28 “Create a commit status”; GitLab REST API v4 “Set commit pipeline status”;
Bitbucket Cloud REST API 2.0 “Create a build status for a commit”; Gitea API 1.25 `repoCreateStatus`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from godploy_server.contract.commit_status import CommitState, CommitStatus
from godploy_server.contract.hooks import HookHost

TOKENS: Final = {
    HookHost.GITHUB: "a fine-grained token for this repository alone, with the permission “Commit statuses: Read and"
    " write” (or a classic one with repo:status)",
    HookHost.GITLAB: "a project access token with the scope api and the role Developer (Maintainer where the branch is"
    " protected)",
    HookHost.BITBUCKET: "a repository access token with “Repositories: Read”, which is all that Bitbucket wants",
    HookHost.GITEA: "an access token with the scope write:repository, of a user who may write to this repository alone",
}
"""The smallest token that may tell states, for each kind of host."""

_GITHUB_TEXT: Final = 140
_GITLAB_TEXT: Final = 255
_BITBUCKET_KEY: Final = 40
_BITBUCKET: Final = "https://bitbucket.org"
_GITHUB_STATES: Final = {
    CommitState.PENDING: "pending",
    CommitState.SUCCESS: "success",
    CommitState.FAILURE: "failure",
    CommitState.STOPPED: "error",  # “failure” would blame the commit
}
_GITLAB_STATES: Final = {
    CommitState.PENDING: "pending",
    CommitState.SUCCESS: "success",
    CommitState.FAILURE: "failed",
    CommitState.STOPPED: "canceled",
}
_BITBUCKET_STATES: Final = {
    CommitState.PENDING: "INPROGRESS",
    CommitState.SUCCESS: "SUCCESSFUL",
    CommitState.FAILURE: "FAILED",
    CommitState.STOPPED: "STOPPED",
}
_GITLAB_KNOWS: Final = "Cannot transition status via"


@dataclass(frozen=True)
class StatusRequest:
    """A POST: `path` below the address of the API, and the JSON body."""

    path: str
    body: dict[str, str]


def status_request(host: HookHost, repository: str, commit: str, name: str, status: CommitStatus) -> StatusRequest:
    """Give the request that tells the state of a commit under a name."""
    return _REQUESTS[host](repository, commit, name, status)


def knows_already(host: HookHost, http_status: int, said: str) -> bool:
    """Whether a refusal means that the state is there: GitLab answers 400 where it would stay as it is, for example
    after another computer told the same."""
    return host is HookHost.GITLAB and http_status == 400 and _GITLAB_KNOWS in said


def _github(repository: str, commit: str, name: str, status: CommitStatus) -> StatusRequest:
    body = {"state": _GITHUB_STATES[status.state], "context": name, "description": status.text[:_GITHUB_TEXT]}
    return StatusRequest(f"repos/{quote(repository)}/statuses/{quote(commit)}", body)


def _gitlab(repository: str, commit: str, name: str, status: CommitStatus) -> StatusRequest:
    body = {"state": _GITLAB_STATES[status.state], "name": name, "description": status.text[:_GITLAB_TEXT]}
    return StatusRequest(f"projects/{quote(repository, safe='')}/statuses/{quote(commit)}", body)


def _bitbucket(repository: str, commit: str, name: str, status: CommitStatus) -> StatusRequest:
    # Bitbucket demands an address. The commit's own page there is the one that says nothing of the server.
    body = {
        "key": _bitbucket_key(name),
        "name": name,
        "state": _BITBUCKET_STATES[status.state],
        "description": status.text,
        "url": f"{_BITBUCKET}/{quote(repository)}/commits/{quote(commit)}",
    }
    return StatusRequest(f"repositories/{quote(repository)}/commit/{quote(commit)}/statuses/build", body)


def _bitbucket_key(name: str) -> str:
    """Give the key of a name, which tells states of one commit apart and may have 40 characters."""
    if len(name) <= _BITBUCKET_KEY:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: _BITBUCKET_KEY - len(digest) - 1]}-{digest}"


def _gitea(repository: str, commit: str, name: str, status: CommitStatus) -> StatusRequest:
    body = {"state": _GITHUB_STATES[status.state], "context": name, "description": status.text}
    return StatusRequest(f"repos/{quote(repository)}/statuses/{quote(commit)}", body)


_REQUESTS: Final = {
    HookHost.GITHUB: _github,
    HookHost.GITLAB: _gitlab,
    HookHost.BITBUCKET: _bitbucket,
    HookHost.GITEA: _gitea,
}
