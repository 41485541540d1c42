"""What the store gives back and takes: plain frozen values, without SQLAlchemy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AuthChoice(StrEnum):
    """How a person proves who they are to a server."""

    AUTOMATIC = "automatic"  # what OpenSSH would do: agent, configured and default keys
    KEY_FILE = "key-file"  # this key file alone; its passphrase, if any, is in the vault
    PASSWORD = "password"  # the password is in the vault, or asked for


class Theme(StrEnum):
    """Which colours the window uses."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class ServerProfile:
    """One row of the servers table. `host` is what the person typed (an ssh_config alias too); `port` None and
    `user` "" mean: as ssh_config says, else 22 and the local user. `id` 0: not stored yet."""

    id: int
    name: str
    host: str = ""
    user: str = ""
    port: int | None = None
    identity_file: str = ""
    jump: str = ""
    auth: AuthChoice = AuthChoice.AUTOMATIC
    is_embedded: bool = False
    position: int = 0
    last_seen_at: datetime | None = None
    agent_version: str = ""

    @property
    def address(self) -> str:
        """For a person: user@host:port with what was given."""
        if self.is_embedded:
            return "this computer"
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port is not None else "")


@dataclass(frozen=True)
class RememberedSnapshot:
    """The last state of a server that was seen, as the JSON value of a contract Snapshot."""

    server_id: int
    taken_at: datetime
    snapshot: object
