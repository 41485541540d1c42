"""GitHub and GitHub Enterprise Server. Source: GitHub REST API, version 2022-11-28."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.http import Answer, HostClient
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
from godploy_server.contract import BadInput, HookHost

PUBLIC: Final = "https://github.com"
SCOPES: Final = ("repo", "admin:repo_hook", "read:org")
"""Of an OAuth sign-in or a classic token: private repositories with keys and states, webhooks, searching in
organizations."""
PERMISSIONS: Final = {
    "contents": "read",  # find the builder by the files; be told of pushes
    "metadata": "read",  # list repositories: GitHub wants it of every app
    "administration": "write",  # deploy keys, for which there is no smaller permission
    "repository_hooks": "write",  # webhooks at other servers than the one that the app tells of pushes
    "statuses": "write",  # what became of a commit
}
"""Of a GitHub App: read the files, and write deploy keys, webhooks and commit states."""
HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

_PAGE_SIZE: Final = 100
_MOST_OWNERS: Final = 8  # a search query may have 256 characters


def endpoints(address: str) -> Endpoints:
    """Give where GitHub signs people in. Its browser flow wants a client secret, so the device flow is used."""
    return Endpoints(
        f"{address}/login/oauth/authorize", f"{address}/login/oauth/access_token", f"{address}/login/device/code"
    )


def token_page(address: str) -> str:
    """Give the page where a classic token is made, with its scopes filled in."""
    return f"{address}/settings/tokens/new?{urlencode({'scopes': ','.join(SCOPES), 'description': 'Godploy'})}"


class GitHub(GitHubLike):
    """One account at GitHub; see `GitHost`."""

    hook_host = HookHost.GITHUB

    def __init__(self, client: HostClient) -> None:
        super().__init__(client)
        self._owners: tuple[str, ...] | None = None

    def _of(self, full_name: str) -> str:
        return f"repos/{quote(full_name)}"

    @staticmethod
    def api(address: str) -> str:
        """Give the address of the API: below the host's own at Enterprise Server, beside it at github.com and ghe.com
        (Enterprise Cloud with data residency)."""
        scheme, _, host = address.partition("://")
        return f"{scheme}://api.{host}" if address == PUBLIC or host.endswith(".ghe.com") else f"{address}/api/v3"

    async def who_am_i(self) -> tuple[str, str]:
        found = (await self._client.get("user")).content
        login = reading.text(found, "login")
        return login, reading.text(found, "name") or login

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        if page:
            return _repositories(await self._client.get(page))
        if not search:
            return _repositories(await self._client.get("user/repos", sort="pushed", per_page=_PAGE_SIZE))
        # “user:” finds organizations too; without an owner the whole of GitHub would be searched.
        owners = " ".join(f"user:{each}" for each in await self._of_mine())
        words = " ".join(each for each in search.split() if ":" not in each)
        query = f"{words} in:name fork:true {owners}"
        return _repositories(await self._client.get("search/repositories", q=query, sort="updated", per_page=50))

    async def _of_mine(self) -> tuple[str, ...]:
        if self._owners is None:
            login, _ = await self.who_am_i()
            found = (await self._client.get("user/orgs", per_page=_PAGE_SIZE)).content
            self._owners = (login, *(reading.text(each, "login") for each in reading.items(found)))[:_MOST_OWNERS]
        return self._owners

    async def repository(self, full_name: str) -> Repository:
        return read_repository((await self._client.get(self._of(full_name))).content)

    async def branches(self, full_name: str, search: str = "", page: str = "") -> Page[Ref]:
        if search and not page:
            found = await self._client.get(f"{self._of(full_name)}/git/matching-refs/heads/{quote(search)}")
            refs = [
                Ref(reading.text(each, "ref").removeprefix("refs/heads/"), reading.text(each, "object", "sha"))
                for each in reading.items(found.content)
            ]
            return Page(tuple(refs))
        answer = await self._client.get(page) if page else await self._list(f"{self._of(full_name)}/branches")
        return Page(tuple(map(_ref, reading.items(answer.content))), answer.next_page)

    async def tags(self, full_name: str, page: str = "") -> Page[Ref]:
        answer = await self._client.get(page) if page else await self._list(f"{self._of(full_name)}/tags")
        return Page(tuple(map(_ref, reading.items(answer.content))), answer.next_page)

    async def tree(self, full_name: str, ref: str, folder: str = "") -> tuple[TreeEntry, ...]:
        found = (await self._client.get(f"{self._of(full_name)}/contents/{quote(folder)}".rstrip("/"), ref=ref)).content
        if not isinstance(found, list):
            raise BadInput(f"“{folder}” is not a folder", "the repository has a file there", "Choose a folder")
        return tuple(
            TreeEntry(reading.text(each, "path"), reading.text(each, "type") == "dir") for each in reading.items(found)
        )

    async def file(self, full_name: str, ref: str, path: str) -> bytes:
        found = (await self._client.get(f"{self._of(full_name)}/contents/{quote(path)}", ref=ref)).content
        return reading.base64_content(found, path)

    async def latest_commit(self, full_name: str, ref: str) -> Commit:
        found = (await self._client.get(f"{self._of(full_name)}/commits/{quote(ref)}")).content
        return commit(found)

    async def put_webhook(self, full_name: str, url: str, secret: str, webhook_id: str = "") -> Webhook:
        config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        body = {"active": True, "events": ["push"], "config": config}
        return await self._write_webhook(full_name, webhook_id, body, {"name": "web"})

    async def ping_webhook(self, full_name: str, webhook_id: str) -> None:
        await self._client.ask("POST", f"{self._of(full_name)}/hooks/{quote(webhook_id)}/pings")

    async def _list(self, path: str) -> Answer:
        return await self._client.get(path, per_page=_PAGE_SIZE)

    async def _all(self, path: str) -> list[object]:
        answer = await self._list(path)
        found: list[object] = list(reading.items(answer.content))
        while answer.next_page:
            answer = await self._client.get(answer.next_page)
            found += reading.items(answer.content)
        return found


def _repositories(answer: Answer) -> Page[Repository]:
    content = answer.content
    found = content if isinstance(content, list) else reading.at(content, "items")
    return Page(tuple(map(read_repository, reading.items(found))), answer.next_page)


def read_repository(found: object) -> Repository:
    """Read a repository as GitHub gives it."""
    return repository(found, changed_at="pushed_at")


def _ref(found: object) -> Ref:
    return Ref(reading.text(found, "name"), reading.text(found, "commit", "sha"))
