"""Gitea and Forgejo (Codeberg among them). Source: Gitea API 1.25, the Swagger description that each host serves."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.oauth import Endpoints
from godploy_desktop.git_hosting.rest import GitHubLike, commit, repository
from godploy_desktop.git_hosting.values import (
    Commit,
    Page,
    Ref,
    Repository,
    TreeEntry,
    Webhook,
)
from godploy_server.contract import HookHost, NotFound

SCOPES: Final = ("read:user", "read:repository", "write:repository")
"""What a token needs: reading repositories, and writing their deploy keys, webhooks and commit states."""

_PAGE_SIZE: Final = 50
_EVENTS: Final = ["push"]  # tags come as pushes too, also those that are made on a page of the host


def endpoints(address: str) -> Endpoints:
    """Give where a Gitea or Forgejo at that address signs people in. It has no device flow."""
    return Endpoints(f"{address}/login/oauth/authorize", f"{address}/login/oauth/access_token")


def token_page(address: str) -> str:
    """Give the page where a token is made."""
    return f"{address}/user/settings/applications"


class Gitea(GitHubLike):
    """One account at a Gitea or Forgejo; see `GitHost`."""

    hook_host = HookHost.GITEA

    def _of(self, full_name: str) -> str:
        return f"repos/{quote(full_name)}"

    @staticmethod
    def api(address: str) -> str:
        """Give the address of the API."""
        return f"{address}/api/v1"

    async def who_am_i(self) -> tuple[str, str]:
        found = (await self._client.get("user")).content
        login = reading.text(found, "login")
        return login, reading.text(found, "full_name") or login

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        number = int(page or 1)
        me = (await self._client.get("user")).content
        answer = await self._client.get(
            "repos/search", q=search, uid=reading.text(me, "id"), sort="updated", order="desc", page=number,
            limit=_PAGE_SIZE,
        )  # fmt: skip
        found = list(reading.items(reading.at(answer.content, "data")))
        return Page(tuple(map(_repository, found)), str(number + 1) if len(found) == _PAGE_SIZE else "")

    async def repository(self, full_name: str) -> Repository:
        return _repository((await self._client.get(self._of(full_name))).content)

    async def branches(self, full_name: str, search: str = "", page: str = "") -> Page[Ref]:
        return await self._refs(f"{self._of(full_name)}/branches", page, "commit", "id", search=search)

    async def tags(self, full_name: str, page: str = "") -> Page[Ref]:
        return await self._refs(f"{self._of(full_name)}/tags", page, "commit", "sha")

    async def _refs(self, path: str, page: str, *commit: str, search: str = "") -> Page[Ref]:
        number = int(page or 1)
        answer = await self._client.get(path, page=number, limit=_PAGE_SIZE)
        found = list(reading.items(answer.content))
        refs = [Ref(reading.text(each, "name"), reading.text(each, *commit)) for each in found]
        kept = tuple(each for each in refs if search.lower() in each.name.lower())
        return Page(kept, str(number + 1) if len(found) == _PAGE_SIZE else "")

    async def tree(self, full_name: str, ref: str, folder: str = "") -> tuple[TreeEntry, ...]:
        path = f"{self._of(full_name)}/contents/{quote(folder)}".rstrip("/")
        answer = await self._client.get(path, ref=ref)
        return tuple(
            TreeEntry(reading.text(each, "path"), reading.text(each, "type") == "dir")
            for each in reading.items(answer.content)
        )

    async def file(self, full_name: str, ref: str, path: str) -> bytes:
        found = (await self._client.get(f"{self._of(full_name)}/contents/{quote(path)}", ref=ref)).content
        return reading.base64_content(found, path)

    async def latest_commit(self, full_name: str, ref: str) -> Commit:
        answer = await self._client.get(f"{self._of(full_name)}/commits", sha=ref, limit=1, stat="false", files="false")
        newest = next(iter(reading.items(answer.content)), None)
        if newest is None:
            raise NotFound(f"“{ref}” has no commit", f"{full_name} is empty, or has no such branch", "Push a commit")
        return commit(newest)

    async def put_webhook(self, full_name: str, url: str, secret: str, webhook_id: str = "") -> Webhook:
        config = {"url": url, "content_type": "json", "secret": secret}
        body = {"active": True, "events": _EVENTS, "config": config}
        return await self._write_webhook(full_name, webhook_id, body, {"type": "gitea"})

    async def ping_webhook(self, full_name: str, webhook_id: str) -> None:
        await self._client.ask("POST", f"{self._of(full_name)}/hooks/{quote(webhook_id)}/tests")

    async def _all(self, path: str) -> list[object]:
        all_found: list[object] = []
        for number in range(1, 100):
            found = list(reading.items((await self._client.get(path, page=number, limit=_PAGE_SIZE)).content))
            all_found += found
            if len(found) < _PAGE_SIZE:
                break
        return all_found


def _repository(found: object) -> Repository:
    return repository(found, changed_at="updated_at")
