"""Hooks of a server itself, as its agent would answer."""

from __future__ import annotations

from typing import Any

from godploy_server.contract import HOOKS_PATH, SetSharedHook, SharedHook


class RecordedSharedHooks:
    """Mixed into the recorded agent."""

    kept_shared: tuple[SharedHook, ...] = ()
    _called: Any

    async def shared_hooks(self) -> tuple[SharedHook, ...]:
        return self.kept_shared

    async def set_shared_hook(self, wanted: SetSharedHook) -> SharedHook:
        await self._called("set_shared_hook", wanted)
        made = SharedHook(wanted.id, HOOKS_PATH + wanted.id, wanted.host, wanted.name, wanted.page)
        self.kept_shared = (*(each for each in self.kept_shared if each.page != wanted.page), made)
        return made

    async def delete_shared_hook(self, hook_id: str) -> SharedHook:
        await self._called("delete_shared_hook", hook_id)
        (gone,) = [each for each in self.kept_shared if each.id == hook_id]
        self.kept_shared = tuple(each for each in self.kept_shared if each.id != hook_id)
        return gone
