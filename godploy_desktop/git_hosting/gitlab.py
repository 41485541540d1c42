"""GitLab.com and self-managed GitLab. Source: GitLab REST API v4."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.http import Answer
from godploy_desktop.git_hosting.oauth import Endpoints
from godploy_desktop.git_hosting.rest import RestHost
from godploy_desktop.git_hosting.values import (
    Commit,
    DeployKey,
    Page,
    Ref,
    Repository,
    TreeEntry,
    Webhook,
)
from godploy_server.contract import HookHost, signing_token

PUBLIC: Final = "https://gitlab.com"
SCOPES: Final = ("api",)
"""GitLab has no smaller scope that may write deploy keys, webhooks and commit states."""

_PAGE_SIZE: Final = 100
_MAINTAINER: Final = 40  # access level, from GitLab's “Members API”


def endpoints(address: str) -> Endpoints:
    """Give where a GitLab at that address signs people in; it has both flows for public clients."""
    return Endpoints(f"{address}/oauth/authorize", f"{address}/oauth/token", f"{address}/oauth/authorize_device")


def token_page(address: str) -> str:
    """Give the page where a token is made, with its name and scope filled in."""
    query = urlencode({"name": "Godploy", "scopes": ",".join(SCOPES)})
    return f"{address}/-/user_settings/personal_access_tokens?{query}"


class GitLab(RestHost):
    """One account at a GitLab; see `GitHost`."""

    hook_host = HookHost.GITLAB

    @staticmethod
    def api(address: str) -> str:
        """Give the address of the API."""
        return f"{address}/api/v4"

    async def who_am_i(self) -> tuple[str, str]:
        found = (await self._client.get("user")).content
        login = reading.text(found, "username")
        return login, reading.text(found, "name") or login

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        query = {"membership": "true", "order_by": "last_activity_at", "sort": "desc", "per_page": "50"}
        if search:
            query |= {"search": search, "search_namespaces": "true"}
        answer = await (self._client.get(page) if page else self._client.ask("GET", "projects", query=query))
        return Page(tuple(map(_repository, reading.items(answer.content))), answer.next_page)

    async def repository(self, full_name: str) -> Repository:
        return _repository((await self._client.get(_of(full_name))).content)

    async def branches(self, full_name: str, search: str = "", page: str = "") -> Page[Ref]:
        path = f"{_of(full_name)}/repository/branches"
        answer = await (self._client.get(page) if page else self._list(path, **({"search": search} if search else {})))
        return Page(tuple(map(_ref, reading.items(answer.content))), answer.next_page)

    async def tags(self, full_name: str, page: str = "") -> Page[Ref]:
        path = f"{_of(full_name)}/repository/tags"
        answer = await (self._client.get(page) if page else self._list(path, order_by="updated", sort="desc"))
        return Page(tuple(map(_ref, reading.items(answer.content))), answer.next_page)

    async def tree(self, full_name: str, ref: str, folder: str = "") -> tuple[TreeEntry, ...]:
        found = await self._all(f"{_of(full_name)}/repository/tree", path=folder, ref=ref)
        return tuple(TreeEntry(reading.text(each, "path"), reading.text(each, "type") == "tree") for each in found)

    async def file(self, full_name: str, ref: str, path: str) -> bytes:
        found = await self._client.get(f"{_of(full_name)}/repository/files/{quote(path, safe='')}", ref=ref)
        return reading.base64_content(found.content, path)

    async def latest_commit(self, full_name: str, ref: str) -> Commit:
        found = (await self._client.get(f"{_of(full_name)}/repository/commits/{quote(ref, safe='')}")).content
        return Commit(
            reading.text(found, "id"),
            reading.text(found, "message"),
            reading.text(found, "author_name"),
            reading.moment(found, "authored_date"),
        )

    async def deploy_keys(self, full_name: str) -> tuple[DeployKey, ...]:
        return tuple(map(_deploy_key, await self._all(f"{_of(full_name)}/deploy_keys")))

    async def _create_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        body = {"title": title, "key": key, "can_push": False}
        return _deploy_key((await self._client.ask("POST", f"{_of(full_name)}/deploy_keys", body)).content)

    def _deploy_key_path(self, full_name: str, key_id: str) -> str:
        return f"{_of(full_name)}/deploy_keys/{reading.part(key_id)}"

    def _webhook_path(self, full_name: str, webhook_id: str) -> str:
        return f"{_of(full_name)}/hooks/{reading.part(webhook_id)}"

    async def webhooks(self, full_name: str) -> tuple[Webhook, ...]:
        return tuple(map(_webhook, await self._all(f"{_of(full_name)}/hooks")))

    async def put_webhook(self, full_name: str, url: str, secret: str, webhook_id: str = "") -> Webhook:
        body = {
            "url": url,
            "token": secret,
            "push_events": True,
            "tag_push_events": True,
            "enable_ssl_verification": True,
        }
        if token := signing_token(secret):
            body["signing_token"] = token  # from GitLab 19 on; older ones do not look at it
        if webhook_id:
            return _webhook((await self._client.ask("PUT", self._webhook_path(full_name, webhook_id), body)).content)
        return _webhook((await self._client.ask("POST", f"{_of(full_name)}/hooks", body)).content)

    async def ping_webhook(self, full_name: str, webhook_id: str) -> None:
        await self._client.ask("POST", f"{_of(full_name)}/hooks/{quote(webhook_id)}/test/push_events")

    async def _list(self, address: str, **query: str) -> Answer:
        return await self._client.ask("GET", address, query={"per_page": str(_PAGE_SIZE), **query})

    async def _all(self, address: str, **query: str) -> list[object]:
        answer = await self._list(address, **query)
        found: list[object] = list(reading.items(answer.content))
        while answer.next_page:
            answer = await self._client.get(answer.next_page)
            found += reading.items(answer.content)
        return found


def _of(full_name: str) -> str:
    return f"projects/{quote(full_name, safe='')}"


def _repository(found: object) -> Repository:
    levels = (reading.at(found, "permissions", access, "access_level") for access in ("project_access", "group_access"))
    return Repository(
        full_name=reading.text(found, "path_with_namespace"),
        clone_ssh=reading.text(found, "ssh_url_to_repo"),
        clone_https=reading.text(found, "http_url_to_repo"),
        default_branch=reading.text(found, "default_branch") or "main",
        is_private=reading.text(found, "visibility") != "public",
        updated_at=reading.moment(found, "last_activity_at"),
        description=reading.text(found, "description"),
        can_administer=any(isinstance(each, int) and each >= _MAINTAINER for each in levels),
    )


def _ref(found: object) -> Ref:
    return Ref(reading.text(found, "name"), reading.text(found, "commit", "id"))


def _deploy_key(found: object) -> DeployKey:
    return DeployKey(
        reading.text(found, "id"),
        reading.text(found, "title"),
        reading.key_without_comment(reading.text(found, "key")),
        reading.at(found, "can_push") is False,
    )


def _webhook(found: object) -> Webhook:
    events = tuple(name for name in ("push_events", "tag_push_events") if reading.flag(found, name))
    is_active = reading.text(found, "alert_status") in ("", "executable")  # else GitLab switched it off after failures
    return Webhook(reading.text(found, "id"), reading.text(found, "url"), is_active, events)
