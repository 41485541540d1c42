"""All servers, this computer among them, and the tasks that run: what one window or one command works with."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from godploy_desktop.core.connections import connection_for
from godploy_desktop.core.git import GIT_ACCOUNTS
from godploy_desktop.core.questions import NoQuestions, Questions
from godploy_desktop.core.secrets import GivenSecrets, Secrets
from godploy_desktop.core.server import Server
from godploy_desktop.core.signal import Signal
from godploy_desktop.core.tasks import Tasks
from godploy_desktop.local_store.early import read_settings
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.values import AuthChoice, ServerProfile
from godploy_desktop.local_store.vault import Vault
from godploy_server.contract import (
    AgentInfo,
    BadInput,
    Conflict,
    GodployError,
    Leftovers,
    NotFound,
    Snapshot,
    from_json,
    to_json,
)

if TYPE_CHECKING:
    from godploy_desktop.core.git.accounts import GitAccounts
    from godploy_desktop.core.git.statuses import CommitStatuses
    from godploy_desktop.local_store.store import Store

_log = logging.getLogger(__name__)

THIS_COMPUTER = "this-computer"
"""The name of the embedded server in lists and on the command line."""

KEEP_EMBEDDED_AGENT = "keep-embedded-agent"
"""The setting that says whether this computer's agent goes on when the window closes."""


@dataclass(frozen=True)
class NewServer:
    """What a person gives to add a server. `name` "" means: named after the host."""

    host: str
    name: str = ""
    user: str = ""
    port: int | None = None
    identity_file: str = ""
    jump: str = ""
    auth: AuthChoice = AuthChoice.AUTOMATIC
    secrets: GivenSecrets = field(default_factory=GivenSecrets)  # kept in the vault

    def profile(self) -> ServerProfile:
        """The row that it becomes; raises BadInput."""
        host = self.host.strip()
        if not host:
            raise BadInput("A server needs an address", "the host is empty", "Give a host name or an IP address")
        return ServerProfile(
            id=0,
            name=self.name.strip() or host,
            host=host,
            user=self.user.strip(),
            port=self.port,
            identity_file=self.identity_file,
            jump=self.jump.strip(),
            auth=self.auth,
        )


class Workspace:
    """Make one, `await open()`, use `servers` and `tasks`, `await close()`.

    Making it is cheap and reads the settings alone, so that a window can be painted before `open`.
    """

    def __init__(self, folders: Folders | None = None, questions: Questions | None = None) -> None:
        self.folders = folders or Folders.of()
        self.tasks = Tasks()
        self.servers: list[Server] = []
        self.changed: Signal[Workspace] = Signal()  # the list of servers: added, removed, renamed, reordered
        self.setting_changed: Signal[str] = Signal()
        self.is_open = False
        self.secrets = Secrets(Vault(self.folders.vault_file), questions or NoQuestions())
        self._settings: dict[str, Any] = read_settings(self.folders.database)
        self._store: Store | None = None
        self._git: GitAccounts | None = None
        self._statuses: CommitStatuses | None = None
        self._writes: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Read the servers and what they looked like last. Connects to nothing yet."""
        self._store = await asyncio.to_thread(_open_store, self.folders)
        remembered = {each.server_id: each for each in await asyncio.to_thread(self._store.snapshots)}
        for profile in await asyncio.to_thread(self._store.servers):
            server = await self._server_of(profile)
            if profile.id in remembered:
                _load_remembered(server, remembered[profile.id].snapshot, remembered[profile.id].taken_at)
            self.servers.append(server)
        self.is_open = True
        self.changed.emit(self)

    def keep_live(self) -> None:
        """Connect to every server and follow its events until `close`; git hosts are told of deployments from here
        where an account's owner allows it."""
        for server in self.servers:
            server.keep_live()
        self.statuses.follow(self.servers)
        self.changed.connect(lambda _: self.statuses.follow(self.servers))

    async def close(self, *, ends_agent: bool = True) -> None:
        """Cancel what runs, remember every server's state, close all connections.

        The agent of this computer ends unless the setting KEEP_EMBEDDED_AGENT says to keep it. A command says
        `ends_agent=False`: what it asked for (a queued deployment, a certificate) needs the agent after its own end.
        """
        await self.tasks.cancel_all()
        if self._statuses is not None:
            await self._statuses.close()
        keep = not ends_agent or bool(self.setting(KEEP_EMBEDDED_AGENT, False))
        await asyncio.gather(*(each.close(keep_agent=keep) for each in self.servers))
        await asyncio.gather(*self._writes)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)
            self._store = None
        self.is_open = False

    def find(self, name: str) -> Server:
        """Give the server of that name; raises NotFound naming those that exist."""
        for server in self.servers:
            if server.name == name:
                return server
        names = ", ".join(each.name for each in self.servers) or "none yet"
        raise NotFound(f"There is no server “{name}”", f"the servers are: {names}", "Check the name")

    @property
    def this_computer(self) -> Server | None:
        """The embedded server, if the person uses it."""
        return next((each for each in self.servers if each.is_embedded), None)

    async def embedded(self) -> Server:
        """Give this computer as a server, adding it to the list the first time. Connecting starts its agent."""
        if self.this_computer is not None:
            return self.this_computer
        return await self._add(ServerProfile(id=0, name=THIS_COMPUTER, is_embedded=True))

    async def add_server(self, new: NewServer) -> Server:
        """Put a server into the list (without connecting); its secrets go into the vault. Raises Conflict for a name
        that is taken, BadInput, VaultLocked."""
        profile = new.profile()
        if any(each.name == profile.name for each in self.servers):
            raise Conflict(f"There is a server “{profile.name}” already", "names are unique", "Choose another name")
        server = await self._add(profile)
        try:
            await self.secrets.keep(server.profile, new.secrets)
        except BaseException:
            await self.remove_server(server)
            raise
        return server

    async def change_server(self, server: Server, profile: ServerProfile) -> Server:
        """Replace a server's profile (same id). The connection is made anew where the address changed."""
        await asyncio.to_thread(self._opened().save_server, profile)
        if replace(profile, name=server.name, position=server.profile.position) == server.profile:
            server.profile = profile
            self.changed.emit(self)
            return server
        await server.close()
        fresh = await self._server_of(profile)
        self.servers[self.servers.index(server)] = fresh
        self.changed.emit(self)
        return fresh

    async def remove_server(self, server: Server, *, purge: bool = False) -> Leftovers:
        """Take a server off the list and forget its secrets and cache. Nothing on another server changes.

        This computer's agent ends, and its proxy with it unless a service is left, which goes on being served. With
        `purge` its projects are deleted first, and the agent's files last. Gives back what stays in Docker.
        """
        if server.is_embedded and self.folders.embedded_state.exists():
            try:
                await server.connect()  # starts the agent where it does not run: it alone knows what is its own
                if purge:
                    for project in await server.agent.projects():
                        await server.delete_project(project.id)
            except GodployError:
                if purge:
                    raise
        left = await server.close_for_good()
        if server.is_embedded and purge:
            await asyncio.to_thread(shutil.rmtree, self.folders.embedded_state, ignore_errors=True)
        self.servers.remove(server)
        await asyncio.to_thread(self._opened().remove_server, server.id)
        await self.secrets.forget(server.profile)
        self.changed.emit(self)
        return left

    async def note_agent(self, server: Server, info: AgentInfo) -> None:
        """Remember that a server was seen now, and with which agent."""
        server.profile = replace(server.profile, last_seen_at=datetime.now(UTC), agent_version=info.version)
        await asyncio.to_thread(self._opened().save_server, server.profile)

    @property
    def has_git_accounts(self) -> bool:
        """Whether the person is signed in at a git host; loads nothing that speaks with them."""
        return bool(self.setting(GIT_ACCOUNTS))

    @property
    def git(self) -> GitAccounts:
        """The person's accounts at git hosts. The first use loads what speaks with them."""
        if self._git is None:
            from godploy_desktop.core.git.accounts import GitAccounts  # httpx: 0.1 s, and the first window needs none

            self._git = GitAccounts(self.secrets, self.setting, self.set_setting)
        return self._git

    @property
    def statuses(self) -> CommitStatuses:
        """What this computer tells git hosts of the commits that are deployed."""
        if self._statuses is None:
            from godploy_desktop.core.git.statuses import CommitStatuses

            self._statuses = CommitStatuses(lambda: self.git, self.setting, self.set_setting)
        return self._statuses

    def setting(self, key: str, default: Any = None) -> Any:
        """A remembered JSON value: "theme", "window", "page.<name>", "keep-embedded-agent"."""
        return self._settings.get(key, default)

    def set_setting(self, key: str, value: Any) -> None:
        """Remember a JSON value; written in the background (at `open`, if that is still to come)."""
        if self._settings.get(key) == value:
            return
        self._settings[key] = json.loads(json.dumps(value))
        self.setting_changed.emit(key)
        self._write(key)

    def _write(self, key: str) -> None:
        if self._store is None:
            return
        write = asyncio.ensure_future(asyncio.to_thread(self._store.set_setting, key, self._settings[key]))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def _add(self, profile: ServerProfile) -> Server:
        stored = await asyncio.to_thread(self._opened().add_server, profile)
        server = await self._server_of(stored)
        self.servers.append(server)
        self.changed.emit(self)
        return server

    async def _server_of(self, profile: ServerProfile) -> Server:
        connection = await connection_for(profile, self.folders, self.secrets)
        if profile.is_embedded:
            return Server(profile, connection, self._remember, str(self.folders.embedded_state), self.folders.cache)
        return Server(profile, connection, self._remember, cache_folder=self.folders.cache)

    async def _remember(self, server: Server) -> None:
        """Store what a server looks like now, for the next start."""
        snapshot, as_of = server.model.snapshot(), server.model.as_of
        if snapshot is None or as_of is None or self._store is None or server not in self.servers:
            return
        server.profile = replace(server.profile, last_seen_at=as_of, agent_version=snapshot.info.version)
        await asyncio.to_thread(self._store.save_snapshot, server.profile, as_of, to_json(snapshot))

    def _opened(self) -> Store:
        if self._store is None:
            raise RuntimeError("the workspace is not open")
        return self._store


def _open_store(folders: Folders) -> Store:
    from godploy_desktop.local_store.store import Store  # SQLAlchemy: 0.3 s, so not before the first paint

    return Store.open(folders)


def _load_remembered(server: Server, snapshot: object, taken_at: datetime) -> None:
    try:
        server.model.load_remembered(from_json(Snapshot, snapshot), taken_at)
    except GodployError:  # written by another version: the agent will tell again
        _log.info("The remembered state of %s cannot be read any more", server.name)
