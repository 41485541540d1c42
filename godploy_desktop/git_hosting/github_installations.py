"""GitHub as somebody sees it who signed in by an app: what the app's installations reach, and no more.

Source: GitHub REST API, version 2022-11-28, “GitHub App installations”. It lists an installation's repositories by
page and cannot search in them or order them; so all are read at once, a few pages at a time, and kept.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from godploy_desktop.git_hosting import reading
from godploy_desktop.git_hosting.github import GitHub, read_repository
from godploy_desktop.git_hosting.http import HostClient
from godploy_desktop.git_hosting.values import GitHubApp, Page, Repository
from godploy_server.contract import BadInput

PAGE_SIZE: Final = 100
_SHOWN_AT_ONCE: Final = 100
_AT_ONCE: Final = 6
_MOST_PAGES: Final = 100  # of one installation: 10,000 repositories
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class GitHubByApp(GitHub):
    """One account at GitHub, signed in by that app; see `GitHost`. What was read is read again for a first page after
    `fresh_s` seconds: the person may have let the app reach more."""

    fresh_s = 20.0

    def __init__(self, client: HostClient, app: GitHubApp) -> None:
        super().__init__(client)
        self.app: GitHubApp | None = app
        self._reached: tuple[Repository, ...] | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def repositories(self, search: str = "", page: str = "") -> Page[Repository]:
        if page and not page.isdigit():
            raise BadInput(
                "There is no such page", "the list of an app's repositories has numbered pages", "Begin anew"
            )
        reached = await self._all_reached(is_anew=not search and not page)
        words = search.lower().split()
        found = [each for each in reached if all(word in each.full_name.lower() for word in words)]
        first = int(page or 0)
        end = first + _SHOWN_AT_ONCE
        return Page(tuple(found[first:end]), str(end) if end < len(found) else "")

    async def _all_reached(self, *, is_anew: bool) -> tuple[Repository, ...]:
        async with self._reading:  # whoever types while it is read waits for the same answer
            now = asyncio.get_running_loop().time()
            if self._reached is None or (is_anew and now - self._read_at >= self.fresh_s):
                installations = await self._all_installations()
                lists = await asyncio.gather(*map(self._of_installation, installations))
                known = {each.full_name: each for found in lists for each in found}
                self._reached = tuple(sorted(known.values(), key=lambda each: each.updated_at or _LONG_AGO)[::-1])
                self._read_at = now
            return self._reached

    async def _all_installations(self) -> list[str]:
        answer = await self._client.get("user/installations", per_page=PAGE_SIZE)
        found = list(reading.items(reading.at(answer.content, "installations")))
        while answer.next_page:
            answer = await self._client.get(answer.next_page)
            found += reading.items(reading.at(answer.content, "installations"))
        return [reading.text(each, "id") for each in found if not reading.text(each, "suspended_at")]

    async def _of_installation(self, installation: str) -> list[Repository]:
        """Give what one installation reaches; the first page says how many there are."""
        first, count = await self._page(installation, 1)
        pages = min(-(-count // PAGE_SIZE), _MOST_PAGES)
        others = await asyncio.gather(*(self._page(installation, number) for number in range(2, pages + 1)))
        return [*first, *(each for found, _ in others for each in found)]

    async def _page(self, installation: str, number: int) -> tuple[list[Repository], int]:
        path = f"user/installations/{reading.part(installation)}/repositories"
        async with self._few:
            content = (await self._client.get(path, per_page=PAGE_SIZE, page=number)).content
        count = reading.text(content, "total_count")
        found = [read_repository(each) for each in reading.items(reading.at(content, "repositories"))]
        return found, int(count) if count.isdigit() else len(found)
