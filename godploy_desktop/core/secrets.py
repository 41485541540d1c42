"""Where a connection's secrets come from: what was just given, then the vault, then the person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.core.questions import Questions
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.local_store.vault import Vault, VaultKind
from godploy_desktop.remote.ssh.questions import Credentials


@dataclass(frozen=True)
class GivenSecrets:
    """Secrets that a person entered together with a server. "" means not given."""

    password: str = ""
    key_passphrase: str = ""


class Secrets:
    """The vault and the person behind it."""

    def __init__(self, vault: Vault, questions: Questions) -> None:
        self.vault = vault
        self.questions = questions
        self._unlocking = asyncio.Lock()
        self._declined = False

    def credentials(self, profile: ServerProfile, given: GivenSecrets | None = None) -> Credentials:
        """The callbacks that a connection to this server asks with. A secret that the server refused (the connection
        asks again) is not offered twice: then the person is asked."""
        given = given or GivenSecrets()

        async def password(account: str) -> str | None:
            return await self._find(
                offered, _password_name(profile), given.password, lambda: self.questions.password(profile.name, account)
            )

        async def passphrase(key_file: Path) -> str | None:
            return await self._find(
                offered,
                _passphrase_name(profile),
                given.key_passphrase,
                lambda: self.questions.key_passphrase(profile.name, key_file),
            )

        offered: set[str] = set()
        return Credentials(passphrase, password, lambda request: self.questions.answers(profile.name, request))

    async def keep(self, profile: ServerProfile, given: GivenSecrets) -> None:
        """Put what was given into the vault. Raises VaultMissing or VaultLocked when the person declines to choose or
        to unlock one."""
        pairs = ((_password_name(profile), given.password), (_passphrase_name(profile), given.key_passphrase))
        for name, secret in pairs:
            if secret:
                await self._make_ready(is_wanted=True)
                await asyncio.to_thread(self.vault.put, name, secret)

    async def forget(self, profile: ServerProfile) -> None:
        """Remove a server's secrets. A vault that stays locked keeps them; nothing refers to them any more."""
        if self.vault.is_locked:
            return
        for name in (_password_name(profile), _passphrase_name(profile)):
            await asyncio.to_thread(self.vault.remove, name)

    async def secret(self, name: str) -> str | None:
        """Give the secret of that name; None if there is none, or the person does not unlock the vault."""
        if not await self._make_ready(is_wanted=False):
            return None
        return await asyncio.to_thread(self.vault.get, name)

    async def keep_secret(self, name: str, secret: str) -> None:
        """Put a secret into the vault. Raises VaultMissing or VaultLocked when the person declines."""
        await self._make_ready(is_wanted=True)
        await asyncio.to_thread(self.vault.put, name, secret)

    async def forget_secret(self, name: str) -> None:
        """Remove a secret; a vault that stays locked keeps it."""
        if not self.vault.is_locked:
            await asyncio.to_thread(self.vault.remove, name)

    async def _find(
        self, offered: set[str], name: str, given: str, ask: Callable[[], Awaitable[str | None]]
    ) -> str | None:
        if name not in offered:
            offered.add(name)
            if given:
                return given
            if await self._make_ready(is_wanted=False) and (kept := await asyncio.to_thread(self.vault.get, name)):
                return kept
        return await ask()

    async def _make_ready(self, *, is_wanted: bool) -> bool:
        """Whether the vault can be used; unlocks it, or (`is_wanted`: something is to be kept) lets one be chosen."""
        async with self._unlocking:  # several servers connect at once, the person is asked once
            kind = await asyncio.to_thread(self.vault.kind)
            if kind is VaultKind.KEYRING or (kind is VaultKind.FILE and not self.vault.is_locked):
                return True
            if (kind is VaultKind.MISSING or self._declined) and not is_wanted:
                return False
            passphrase = await self.questions.vault_passphrase(is_new=kind is VaultKind.MISSING)
            if passphrase is None:
                self._declined = True
                return False
            act = self.vault.choose_file if kind is VaultKind.MISSING else self.vault.unlock
            await asyncio.to_thread(act, passphrase)
            return True


def _password_name(profile: ServerProfile) -> str:
    return f"server {profile.id} password"


def _passphrase_name(profile: ServerProfile) -> str:
    return f"server {profile.id} key passphrase"
