"""The one interface to every git host; each has a file of its own that implements it.

All calls are coroutines and raise GodployError: `SignInAgain` when the token is expired or revoked, `RateLimited`
with the time to wait for, `NotFound`, `NotAllowed` (naming the scope or role that is missing), `Unreachable`.
"""

from __future__ import annotations

from typing import Protocol

from godploy_desktop.git_hosting.values import (
    Commit,
    DeployKey,
    GitHubApp,
    Page,
    RateLimit,
    Ref,
    Repository,
    TreeEntry,
    Webhook,
)
from godploy_server.contract import CommitStatus, HookHost, NotAllowed, NotReady


class SignInAgain(NotAllowed):
    """The account's token is expired, revoked or wrong; signing in again puts it right."""

    code = "sign-in-again"


class RateLimited(NotReady):
    """The host takes no more requests for a while."""

    code = "rate-limited"


class GitHost(Protocol):
    """One account's view of its git host."""

    hook_host: HookHost
    """Which signature its webhooks carry."""
    app: GitHubApp | None
    """The GitHub App that the account was signed in by, None for any other sign-in."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest answer said, None where the host says nothing."""

    async def who_am_i(self) -> tuple[str, str]:
        """Give login and name of the account."""

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        """Give one page of the repositories that the account can reach, the newest change first.

        `search` is searched for by the host, in names; `page` is `Page.next` of the page before.
        """

    async def repository(self, full_name: str) -> Repository:
        """Give one repository."""

    async def branches(self, full_name: str, search: str = "", page: str = "") -> Page[Ref]:
        """Give one page of branches."""

    async def tags(self, full_name: str, page: str = "") -> Page[Ref]:
        """Give one page of tags, the newest first where the host orders them."""

    async def tree(self, full_name: str, ref: str, folder: str = "") -> tuple[TreeEntry, ...]:
        """Give the files and folders right in a folder, as far as a builder is chosen by them."""

    async def file(self, full_name: str, ref: str, path: str) -> bytes:
        """Give a file's content (at most 1 MB)."""

    async def latest_commit(self, full_name: str, ref: str) -> Commit:
        """Give the newest commit of a branch or tag."""

    async def deploy_keys(self, full_name: str) -> tuple[DeployKey, ...]:
        """Give the repository's deploy keys."""

    async def add_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        """Let a public key read the repository; gives the one that is there already, if it is."""

    async def remove_deploy_key(self, full_name: str, key_id: str) -> None:
        """Take a deploy key away; a missing one is fine."""

    async def webhooks(self, full_name: str) -> tuple[Webhook, ...]:
        """Give the repository's webhooks."""

    async def put_webhook(self, full_name: str, url: str, secret: str, webhook_id: str = "") -> Webhook:
        """Make a webhook for pushes and tags with that secret, or change the one with `webhook_id`."""

    async def remove_webhook(self, full_name: str, webhook_id: str) -> None:
        """Take a webhook away; a missing one is fine."""

    async def ping_webhook(self, full_name: str, webhook_id: str) -> None:
        """Let the host send a test delivery now."""

    async def set_commit_status(self, full_name: str, commit: str, name: str, status: CommitStatus) -> None:
        """Show at the host what became of a commit, under a name, without a link to anything of ours."""

    async def close(self) -> None:
        """Close the connections."""
