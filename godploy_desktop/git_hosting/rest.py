"""What all hosts with a REST API have in common: connections, deploy keys that are added once, removing twice."""

from __future__ import annotations

from abc import ABC, abstractmethod

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.http import HostClient
from godploy_desktop.git_hosting.values import Commit, DeployKey, GitHubApp, RateLimit, Repository, Webhook
from godploy_server.contract import BadInput, CommitStatus, HookHost, NotFound, knows_already, status_request


class RestHost(ABC):
    """One account at a host; the subclass says where things are and how they look there."""

    hook_host: HookHost
    app: GitHubApp | None = None

    def __init__(self, client: HostClient) -> None:
        self._client = client

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest answer said; some hosts have several, each for a kind of request."""
        return self._client.rate_limit

    @abstractmethod
    async def deploy_keys(self, full_name: str) -> tuple[DeployKey, ...]:
        """Give the repository's deploy keys."""

    @abstractmethod
    async def _create_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        """Make a key that may read; `key` has no comment."""

    @abstractmethod
    def _deploy_key_path(self, full_name: str, key_id: str) -> str:
        """Give where a deploy key is."""

    @abstractmethod
    def _webhook_path(self, full_name: str, webhook_id: str) -> str:
        """Give where a webhook is."""

    async def add_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        """Let a public key read the repository; gives the one that is there already, if it is."""
        wanted = reading.key_without_comment(key)
        for each in await self.deploy_keys(full_name):
            if each.key == wanted:
                return each
        return await self._create_deploy_key(full_name, title, wanted)

    async def remove_deploy_key(self, full_name: str, key_id: str) -> None:
        """Take a deploy key away; a missing one is fine."""
        await self._remove(self._deploy_key_path(full_name, key_id))

    async def remove_webhook(self, full_name: str, webhook_id: str) -> None:
        """Take a webhook away; a missing one is fine."""
        await self._remove(self._webhook_path(full_name, webhook_id))

    async def set_commit_status(self, full_name: str, commit: str, name: str, status: CommitStatus) -> None:
        """Show at the host what became of a commit; that it is shown already is fine."""
        request = status_request(self.hook_host, full_name, commit, name, status)
        try:
            await self._client.ask("POST", request.path, request.body)
        except BadInput as error:
            if not knows_already(self.hook_host, 400, error.problem.why):
                raise

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _remove(self, path: str) -> None:
        try:
            await self._client.ask("DELETE", path)
        except NotFound:
            return


class GitHubLike(RestHost):
    """What GitHub's API and Gitea's, which follows it, spell the same way."""

    @abstractmethod
    def _of(self, full_name: str) -> str:
        """Give where a repository is."""

    @abstractmethod
    async def _all(self, path: str) -> list[object]:
        """Give all objects of a list, page after page."""

    async def deploy_keys(self, full_name: str) -> tuple[DeployKey, ...]:
        """Give the repository's deploy keys."""
        return tuple(map(deploy_key, await self._all(f"{self._of(full_name)}/keys")))

    async def webhooks(self, full_name: str) -> tuple[Webhook, ...]:
        """Give the repository's webhooks."""
        return tuple(map(webhook, await self._all(f"{self._of(full_name)}/hooks")))

    def _deploy_key_path(self, full_name: str, key_id: str) -> str:
        return f"{self._of(full_name)}/keys/{reading.part(key_id)}"

    def _webhook_path(self, full_name: str, webhook_id: str) -> str:
        return f"{self._of(full_name)}/hooks/{reading.part(webhook_id)}"

    async def _create_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        body = {"title": title, "key": key, "read_only": True}
        return deploy_key((await self._client.ask("POST", f"{self._of(full_name)}/keys", body)).content)

    async def _write_webhook(self, full_name: str, webhook_id: str, body: object, made_with: dict[str, str]) -> Webhook:
        if webhook_id:
            return webhook((await self._client.ask("PATCH", self._webhook_path(full_name, webhook_id), body)).content)
        assert isinstance(body, dict)
        made = await self._client.ask("POST", f"{self._of(full_name)}/hooks", {**body, **made_with})
        return webhook(made.content)


def repository(found: object, *, changed_at: str) -> Repository:
    """Read a repository as GitHub and Gitea give it; `changed_at` names the field with the time of its last change."""
    return Repository(
        full_name=reading.text(found, "full_name"),
        clone_ssh=reading.text(found, "ssh_url"),
        clone_https=reading.text(found, "clone_url"),
        default_branch=reading.text(found, "default_branch") or "main",
        is_private=reading.flag(found, "private"),
        updated_at=reading.moment(found, changed_at),
        description=reading.text(found, "description"),
        can_administer=reading.flag(found, "permissions", "admin"),
    )


def commit(found: object) -> Commit:
    """Read a commit as GitHub and Gitea give it."""
    return Commit(
        reading.text(found, "sha"),
        reading.text(found, "commit", "message"),
        reading.text(found, "commit", "author", "name"),
        reading.moment(found, "commit", "author", "date"),
    )


def deploy_key(found: object) -> DeployKey:
    """Read a deploy key as GitHub and Gitea give it."""
    return DeployKey(
        reading.text(found, "id"),
        reading.text(found, "title"),
        reading.key_without_comment(reading.text(found, "key")),
        reading.flag(found, "read_only"),
    )


def webhook(found: object) -> Webhook:
    """Read a webhook as GitHub and Gitea give it."""
    return Webhook(
        reading.text(found, "id"),
        reading.text(found, "config", "url"),
        reading.flag(found, "active"),
        reading.names(found, "events"),
    )
