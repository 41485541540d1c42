"""What only the person can answer. The window implements this with dialogs, the headless command with prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion, PromptRequest


class Questions(Protocol):
    """Each answer may be None: the person declined. `server` is the name in the list, for the dialog's title."""

    async def host_key(self, server: str, question: HostKeyQuestion) -> HostKeyDecision:
        """Whether to trust the key that a server showed: unknown, or changed (`question.is_changed`)."""
        ...

    async def key_passphrase(self, server: str, key_file: Path) -> str | None:
        """The passphrase of a private key."""
        ...

    async def password(self, server: str, account: str) -> str | None:
        """The password of `account` ("user@host") on a server."""
        ...

    async def answers(self, server: str, request: PromptRequest) -> Sequence[str] | None:
        """Whatever else a server asks (keyboard-interactive), e.g. a one-time code."""
        ...

    async def vault_passphrase(self, is_new: bool) -> str | None:
        """The passphrase of the encrypted file of secrets; `is_new`: to be chosen now (no keyring works here), which
        is the explicit choice to use such a file at all."""
        ...


class NoQuestions:
    """Nobody is there to be asked: everything is declined."""

    async def host_key(self, server: str, question: HostKeyQuestion) -> HostKeyDecision:
        """Refuse."""
        del server, question
        return HostKeyDecision.REFUSE

    async def key_passphrase(self, server: str, key_file: Path) -> str | None:
        """Decline."""
        del server, key_file
        return None

    async def password(self, server: str, account: str) -> str | None:
        """Decline."""
        del server, account
        return None

    async def answers(self, server: str, request: PromptRequest) -> Sequence[str] | None:
        """Decline."""
        del server, request
        return None

    async def vault_passphrase(self, is_new: bool) -> str | None:
        """Decline."""
        del is_new
        return None
