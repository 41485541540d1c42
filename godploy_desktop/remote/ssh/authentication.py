"""Proving who asks: agent, key file, password, keyboard-interactive, in that order, whatever the server accepts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import paramiko

from godploy_desktop.remote.ssh.questions import Credentials, Prompt, PromptRequest
from godploy_desktop.remote.ssh.ssh_config import Hop
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import Cancelled, NotAllowed, Unreachable

T = TypeVar("T")

MAX_AGENT_KEYS: Final = 4
"""sshd gives six attempts in all (MaxAuthTries); a full agent must leave some for the rest."""
MAX_ASKED: Final = 3
ANSWER_TIMEOUT_S: Final = 110.0
"""sshd ends a login that takes two minutes (LoginGraceTime)."""


class Authenticator:
    """Logs in on the transports of one connection; remembers what the person answered: a reconnect asks nothing."""

    def __init__(self, credentials: Credentials, workers: Workers) -> None:
        self._credentials = credentials
        self._workers = workers
        self._keys: dict[Path, paramiko.PKey] = {}
        self._passwords: dict[Hop, str] = {}

    async def log_in(self, transport: paramiko.Transport, hop: Hop) -> None:
        """Log in as the hop's user. Raises NotAllowed naming everything that was tried, or Unreachable."""
        login = _Login(transport, hop, self._workers)
        try:
            if await login.attempt(lambda: transport.auth_none(hop.user)):
                return
            await self._with_keys(login)
            await self._with_password(login)
            await self._with_answers(login)
        except (EOFError, OSError, paramiko.SSHException) as error:
            raise Unreachable(
                f"{hop} ended the connection during the login",
                str(error)[:300] or type(error).__name__,
                "Try again; if it persists, look at the server's SSH log",
            ) from error
        if not login.is_done:
            raise login.refusal()

    async def _with_keys(self, login: _Login) -> None:
        hop = login.hop
        agent_keys = await self._workers.call(_agent_keys) if hop.use_agent and login.accepts("publickey") else ()
        named = {_public_blob(path) for path in hop.identity_files} - {None} if hop.is_identity_named else set()
        for key in [key for key in agent_keys if key.asbytes() in named]:
            await login.with_key(key, f"the SSH agent's key {_label(key)}")
        if not hop.is_identity_named:
            for key in agent_keys[:MAX_AGENT_KEYS]:
                await login.with_key(key, f"the SSH agent's key {_label(key)}")
        for path in hop.identity_files:
            if not login.accepts("publickey"):
                return
            key_of_file = await self._key(path, login)
            if key_of_file is not None:
                await login.with_key(key_of_file, f"the key {path}")

    async def _key(self, path: Path, login: _Login) -> paramiko.PKey | None:
        if path in self._keys:
            return self._keys[path]
        try:
            key = await self._workers.call(lambda: load_key(path, None))
            asked = 0
            while key is None and asked < MAX_ASKED:
                asked += 1
                passphrase = await self._credentials.passphrase(path)
                if passphrase is None:
                    login.tried.append(f"the key {path} (its passphrase was not given)")
                    return None
                key = await self._workers.call(lambda given=passphrase: load_key(path, given))  # type: ignore[misc]  # mypy: default as value
        except FileNotFoundError:
            if login.hop.is_identity_named:
                login.tried.append(f"the key {path} (there is no such file)")
            return None
        except (OSError, UnusableKey) as error:
            login.tried.append(f"the key {path} ({error})")
            return None
        if key is None:
            login.tried.append(f"the key {path} (wrong passphrase)")
            return None
        self._keys[path] = key
        return key

    async def _with_password(self, login: _Login) -> None:
        hop, given = login.hop, self._passwords.get(login.hop)
        for _ in range(MAX_ASKED):
            if not login.accepts("password"):
                return
            asked = await self._credentials.password(str(hop)) if given is None else given
            if asked is None:
                login.tried.append("no password (none was given)")
                return
            if await login.attempt(
                lambda asked=asked: login.transport.auth_password(hop.user, asked, fallback=False),  # type: ignore[misc]  # mypy: default as value
                "a password",
            ):
                self._passwords[hop] = asked
                return
            self._passwords.pop(hop, None)
            given = None

    async def _with_answers(self, login: _Login) -> None:
        if not login.accepts("keyboard-interactive"):
            return
        loop = asyncio.get_running_loop()
        login.transport.auth_timeout = ANSWER_TIMEOUT_S

        def answer(title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
            # called in the transport's thread, which has nothing else to do until the answer is there
            if not prompts:
                return []
            request = PromptRequest(
                str(login.hop), title, instructions, tuple(Prompt(text, bool(echoed)) for text, echoed in prompts)
            )
            asked = asyncio.run_coroutine_threadsafe(self._answers(request), loop)
            answers = asked.result(ANSWER_TIMEOUT_S)
            if answers is None:
                login.tried.append("no answers to the server's questions (none were given)")
                return [""] * len(prompts)  # the server refuses these; breaking off would end the connection
            login.tried.append("answers to the server's questions")
            return list(answers)

        await login.attempt(lambda: login.transport.auth_interactive(login.hop.user, answer))

    async def _answers(self, request: PromptRequest) -> Sequence[str] | None:
        with contextlib.suppress(Cancelled):
            return await self._credentials.answers(request)
        return None


class _Login:
    """One login as it goes: what the server still accepts, and what was tried."""

    def __init__(self, transport: paramiko.Transport, hop: Hop, workers: Workers) -> None:
        self.transport = transport
        self.hop = hop
        self.tried: list[str] = []
        self.is_done = False
        self._accepted: frozenset[str] | None = None
        self._workers = workers

    def accepts(self, method: str) -> bool:
        return not self.is_done and (self._accepted is None or method in self._accepted)

    async def with_key(self, key: paramiko.PKey, words: str) -> None:
        if self.accepts("publickey"):
            await self.attempt(lambda: self.transport.auth_publickey(self.hop.user, key), words)

    async def attempt(self, authenticate: Callable[[], Sequence[str]], words: str = "") -> bool:
        """Try one way. True when it was accepted, alone or as one of several that the server wants."""
        if words:
            self.tried.append(words)
        try:
            still_wanted = await self._workers.call(authenticate)
        except paramiko.BadAuthenticationType as error:
            self._accepted = frozenset(error.allowed_types)
            return False
        except paramiko.AuthenticationException:
            if not self.transport.is_active():
                raise
            return False
        if still_wanted:  # accepted, but the server wants another way besides
            self._accepted = frozenset(still_wanted)
            return True
        self.is_done = True
        return True

    def refusal(self) -> NotAllowed:
        accepted = ", ".join(sorted(self._accepted or ())) or "nothing that it names"
        tried = "; ".join(self.tried) or "nothing: no key, agent or password was at hand"
        return NotAllowed(
            f"{self.hop} refused the login",
            f"tried {tried}. The server accepts {accepted}",
            "Add a public key to the server's authorized_keys, or choose another key, user or password",
        )


class UnusableKey(Exception):
    """A key file that holds no key of a kind that is spoken here."""


def load_key(path: Path, passphrase: str | None) -> paramiko.PKey | None:
    """Read a private key; None when it needs a passphrase, or another one. Raises OSError or UnusableKey."""
    content = path.read_bytes()
    if b"PRIVATE KEY" not in content:
        raise UnusableKey("it is not a private key")
    try:
        return paramiko.PKey.from_path(path, passphrase.encode() if passphrase is not None else None)  # type: ignore[arg-type]  # the stub says str, the library wants bytes
    except paramiko.PasswordRequiredException:
        return None
    except (TypeError, ValueError, paramiko.SSHException) as error:
        if _is_encrypted(content):
            return None
        if passphrase is not None:
            return load_key(path, None)
        raise UnusableKey(f"it cannot be read: {type(error).__name__}") from error


def _is_encrypted(content: bytes) -> bool:
    if b"BEGIN OPENSSH PRIVATE KEY" not in content:
        return b"ENCRYPTED" in content
    import base64

    body = b"".join(line for line in content.splitlines() if line and not line.startswith(b"-----"))
    # "openssh-key-v1\0", then the cipher's name as a string; "none" where there is no passphrase (PROTOCOL.key)
    return base64.b64decode(body[:64])[19:23] != b"none"


def _agent_keys() -> tuple[paramiko.AgentKey, ...]:
    try:
        return tuple(paramiko.Agent().get_keys())
    except (OSError, paramiko.SSHException):
        return ()


def _public_blob(path: Path) -> bytes | None:
    import base64

    try:
        return base64.b64decode(path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _label(key: paramiko.AgentKey) -> str:
    return getattr(key, "comment", "") or key.get_name()
