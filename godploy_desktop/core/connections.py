"""Which connection leads to a server of the list."""

from __future__ import annotations

import asyncio
import getpass
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from godploy_desktop.core.secrets import GivenSecrets, Secrets
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.values import AuthChoice, ServerProfile
from godploy_desktop.remote.connection import Connection
from godploy_desktop.remote.ssh.addresses import ServerAddress, parse_address
from godploy_server.contract import Leftovers

if TYPE_CHECKING:
    from godploy_desktop.remote.local import LocalConnection
    from godploy_desktop.remote.ssh_connection import SshConnection


def actor() -> str:
    """Who asks, as the history of a server shows it: the local user and computer."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "someone"
    return f"{user}@{socket.gethostname()}"


def address_of(profile: ServerProfile) -> ServerAddress:
    """The address that a profile stands for; raises BadInput for a jump host that is none."""
    return ServerAddress(
        host=profile.host,
        user=profile.user or None,
        port=profile.port,
        identity_file=Path(profile.identity_file).expanduser() if profile.identity_file else None,
        use_agent=profile.auth is AuthChoice.AUTOMATIC,
        jump=parse_address(profile.jump) if profile.jump else None,
    )


async def connection_for(
    profile: ServerProfile, folders: Folders, secrets: Secrets, given: GivenSecrets | None = None
) -> Connection:
    """Make the (unconnected) connection for a server. `given` are secrets that are not in the vault (yet)."""
    # paramiko takes 0.25 s to load: in a thread, and only for who has servers to reach
    if profile.is_embedded:
        local_connection = await asyncio.to_thread(_local_connection)
        return local_connection(state_dir=folders.embedded_state, run_dir=folders.embedded_run, actor=actor())
    ssh_connection = await asyncio.to_thread(_ssh_connection)
    return ssh_connection(
        address_of(profile),
        profile_folder=folders.config,
        actor=actor(),
        decide_host_key=lambda question: secrets.questions.host_key(profile.name, question),
        credentials=secrets.credentials(profile, given),
    )


async def close_connection(connection: Connection, *, keep_agent: bool) -> None:
    """Close a connection; this computer's agent ends with it unless it is to be kept."""
    if "godploy_desktop.remote.local" in sys.modules and isinstance(connection, _local_connection()):
        await connection.close(keep_agent=keep_agent)
    else:
        await connection.close()


async def close_for_good(connection: Connection) -> Leftovers:
    """Close the connection of a server that leaves the list. This computer's agent ends, and its proxy where no
    service needs it; gives back what then stays of it in Docker."""
    if "godploy_desktop.remote.local" in sys.modules and isinstance(connection, _local_connection()):
        return await connection.close_for_good()
    await connection.close()
    return Leftovers()


def _ssh_connection() -> type[SshConnection]:
    from godploy_desktop.remote.ssh_connection import SshConnection

    return SshConnection


def _local_connection() -> type[LocalConnection]:
    from godploy_desktop.remote.local import LocalConnection

    return LocalConnection
