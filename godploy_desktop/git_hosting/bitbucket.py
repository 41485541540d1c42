"""Bitbucket Cloud. Source: Bitbucket Cloud REST API 2.0, as of 2026 (without the calls across workspaces, which
Atlassian removed in April 2026: changelog entries CHANGE-2770 and CHANGE-3022)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.http import HostClient
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
from godploy_server.contract import BadInput, HookHost, NotFound

PUBLIC: Final = "https://bitbucket.org"
SCOPES: Final = (
    "read:user:bitbucket",
    "read:workspace:bitbucket",
    "read:repository:bitbucket",
    "write:repository:bitbucket",
    "admin:repository:bitbucket",
    "read:webhook:bitbucket",
    "write:webhook:bitbucket",
    "delete:webhook:bitbucket",
)
"""Of an API token of the Atlassian account. Bitbucket's own OAuth wants a client secret, so there is none here."""

_PAGE_SIZE: Final = 100
_EVENTS: Final = ["repo:push"]
_LARGEST_FILE: Final = 1024 * 1024


def token_page(address: str) -> str:  # noqa: ARG001  every host module has this function
    """Give the page where an API token is made."""
    return "https://id.atlassian.com/manage-profile/security/api-tokens"


class Bitbucket(RestHost):
    """One account at Bitbucket Cloud; see `GitHost`."""

    hook_host = HookHost.BITBUCKET

    def __init__(self, client: HostClient) -> None:
        super().__init__(client)
        self._workspaces: tuple[str, ...] | None = None

    @staticmethod
    def api(address: str) -> str:  # noqa: ARG004  every host's class has this method
        """Give the address of the API."""
        return "https://api.bitbucket.org/2.0"

    async def who_am_i(self) -> tuple[str, str]:
        found = (await self._client.get("user")).content
        login = reading.text(found, "username") or reading.text(found, "nickname")
        return login, reading.text(found, "display_name") or login

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        # A page is "WORKSPACE ADDRESS": the workspaces are listed one after the other, since there is no list of all.
        workspaces = await self._of_mine()
        current, _, address = page.partition(" ")
        if not page and workspaces:
            current = workspaces[0]
        if current not in workspaces:
            return Page(())
        if address:
            answer = await self._client.get(address)
        else:
            query = {"role": "member", "sort": "-updated_on", "pagelen": str(_PAGE_SIZE)}
            if search:
                escaped = search.replace("\\", "\\\\").replace('"', '\\"')
                query["q"] = f'name ~ "{escaped}"'
            answer = await self._client.ask("GET", f"repositories/{quote(current)}", query=query)
        following = reading.text(answer.content, "next")
        if following:
            following = f"{current} {following}"
        else:
            later = workspaces[workspaces.index(current) + 1 :]
            following = f"{later[0]} " if later else ""
        return Page(tuple(map(_repository, reading.items(reading.at(answer.content, "values")))), following)

    async def _of_mine(self) -> tuple[str, ...]:
        if self._workspaces is None:
            found = await self._all("user/workspaces")
            slugs = (reading.text(each, "workspace", "slug") or reading.text(each, "slug") for each in found)
            self._workspaces = tuple(each for each in slugs if each)
        return self._workspaces

    async def repository(self, full_name: str) -> Repository:
        return _repository((await self._client.get(_of(full_name))).content)

    async def branches(self, full_name: str, search: str = "", page: str = "") -> Page[Ref]:
        return await self._refs(full_name, "branches", search, page)

    async def tags(self, full_name: str, page: str = "") -> Page[Ref]:
        return await self._refs(full_name, "tags", "", page)

    async def _refs(self, full_name: str, kind: str, search: str, page: str) -> Page[Ref]:
        query = {"sort": "-target.date", "pagelen": str(_PAGE_SIZE)}
        if search:
            escaped = search.replace("\\", "\\\\").replace('"', '\\"')
            query["q"] = f'name ~ "{escaped}"'
        path = f"{_of(full_name)}/refs/{kind}"
        answer = await (self._client.get(page) if page else self._client.ask("GET", path, query=query))
        refs = (
            Ref(reading.text(each, "name"), reading.text(each, "target", "hash"))
            for each in reading.items(reading.at(answer.content, "values"))
        )
        return Page(tuple(refs), reading.text(answer.content, "next"))

    async def tree(self, full_name: str, ref: str, folder: str = "") -> tuple[TreeEntry, ...]:
        found = await self._all(f"{_of(full_name)}/src/{await self._commit(full_name, ref)}/{quote(folder)}")
        return tuple(
            TreeEntry(reading.text(each, "path"), reading.text(each, "type") == "commit_directory") for each in found
        )

    async def file(self, full_name: str, ref: str, path: str) -> bytes:
        address = f"{_of(full_name)}/src/{await self._commit(full_name, ref)}/{quote(path)}"
        content = (await self._client.ask("GET", address, raw=True)).content
        if not isinstance(content, bytes) or len(content) > _LARGEST_FILE:
            raise BadInput(f"{path} is too large", "files up to 1 MB are read", "Choose a smaller one")
        return content

    async def _commit(self, full_name: str, ref: str) -> str:
        # Names with a slash do not fit into the path of a source, hashes do.
        return (await self.latest_commit(full_name, ref)).id

    async def latest_commit(self, full_name: str, ref: str) -> Commit:
        answer = await self._client.get(f"{_of(full_name)}/commits", include=ref, pagelen=1)
        newest = next(iter(reading.items(reading.at(answer.content, "values"))), None)
        if newest is None:
            raise NotFound(f"“{ref}” has no commit", f"{full_name} is empty, or has no such branch", "Push a commit")
        return Commit(
            reading.text(newest, "hash"),
            reading.text(newest, "message"),
            reading.text(newest, "author", "raw").partition(" <")[0],
            reading.moment(newest, "date"),
        )

    async def deploy_keys(self, full_name: str) -> tuple[DeployKey, ...]:
        return tuple(map(_deploy_key, await self._all(f"{_of(full_name)}/deploy-keys")))

    async def _create_deploy_key(self, full_name: str, title: str, key: str) -> DeployKey:
        body = {"label": title, "key": key}  # Bitbucket's deploy keys can only read
        return _deploy_key((await self._client.ask("POST", f"{_of(full_name)}/deploy-keys", body)).content)

    def _deploy_key_path(self, full_name: str, key_id: str) -> str:
        return f"{_of(full_name)}/deploy-keys/{reading.part(key_id)}"

    def _webhook_path(self, full_name: str, webhook_id: str) -> str:
        return f"{_of(full_name)}/hooks/{reading.part(webhook_id)}"

    async def webhooks(self, full_name: str) -> tuple[Webhook, ...]:
        return tuple(map(_webhook, await self._all(f"{_of(full_name)}/hooks")))

    async def put_webhook(self, full_name: str, url: str, secret: str, webhook_id: str = "") -> Webhook:
        body = {"description": "Godploy", "url": url, "active": True, "secret": secret, "events": _EVENTS}
        if webhook_id:
            return _webhook((await self._client.ask("PUT", self._webhook_path(full_name, webhook_id), body)).content)
        return _webhook((await self._client.ask("POST", f"{_of(full_name)}/hooks", body)).content)

    async def ping_webhook(self, full_name: str, webhook_id: str) -> None:  # noqa: ARG002  `GitHost` names them
        raise BadInput(
            "Bitbucket sends no test deliveries",
            "its API has no call for that",
            "Push a commit, and look at the list of deliveries",
        )

    async def _all(self, path: str) -> list[object]:
        answer = await self._client.get(path, pagelen=_PAGE_SIZE)
        found: list[object] = list(reading.items(reading.at(answer.content, "values")))
        while following := reading.text(answer.content, "next"):
            answer = await self._client.get(following)
            found += reading.items(reading.at(answer.content, "values"))
        return found


def _of(full_name: str) -> str:
    return f"repositories/{quote(full_name)}"


def _repository(found: object) -> Repository:
    clone = {reading.text(each, "name"): reading.text(each, "href") for each in _clone_links(found)}
    return Repository(
        full_name=reading.text(found, "full_name"),
        clone_ssh=clone.get("ssh", ""),
        clone_https=_without_user(clone.get("https", "")),
        default_branch=reading.text(found, "mainbranch", "name") or "main",
        is_private=reading.flag(found, "is_private"),
        updated_at=reading.moment(found, "updated_on"),
        description=reading.text(found, "description"),
        can_administer=True,  # the list does not say; the host answers a change that is not allowed clearly
    )


def _clone_links(found: object) -> list[object]:
    return list(reading.items(reading.at(found, "links", "clone")))


def _without_user(address: str) -> str:
    """Take the account's name out of an address such as https://name@bitbucket.org/team/shop.git."""
    scheme, found, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else address


def _deploy_key(found: object) -> DeployKey:
    return DeployKey(
        reading.text(found, "id"),
        reading.text(found, "label"),
        reading.key_without_comment(reading.text(found, "key")),
        is_read_only=True,
    )


def _webhook(found: object) -> Webhook:
    return Webhook(
        reading.text(found, "uuid"),
        reading.text(found, "url"),
        reading.flag(found, "active"),
        reading.names(found, "events"),
    )
