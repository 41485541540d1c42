"""What ~/.ssh/config says of a server: HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from godploy_desktop.remote.ssh.addresses import DEFAULT_PORT, DEFAULT_USER, ServerAddress, parse_address
from godploy_server.contract import BadInput

if TYPE_CHECKING:
    import paramiko

MAX_JUMPS: Final = 5
DEFAULT_KEY_NAMES: Final = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True)
class Hop:
    """One SSH login on the way to a server, with nothing left to look up."""

    host: str
    port: int
    user: str
    identity_files: tuple[Path, ...]  # in the order to try them; those that were named, else the usual ones
    use_agent: bool
    is_identity_named: bool  # the person chose these keys: try them before the agent's others

    def __str__(self) -> str:
        return str(ServerAddress(self.host, self.user, None if self.port == DEFAULT_PORT else self.port))


@dataclass(frozen=True)
class ConfiguredHost:
    """A host that ~/.ssh/config names, to be offered in a list."""

    name: str
    host: str
    user: str
    port: int
    identity_file: Path | None


class SshConfig:
    """A parsed ssh_config(5) file; absent and unreadable ones count as empty."""

    def __init__(self, path: Path | None) -> None:
        self._config = _parsed(path)
        self._ssh_folder = path.parent if path is not None else Path.home() / ".ssh"

    def route(self, address: ServerAddress) -> tuple[Hop, ...]:
        """Give back the logins to make, in order; the last is the server itself. Raises BadInput for a circle."""
        hops: list[Hop] = []
        wanted: ServerAddress | None = address
        while wanted is not None:
            if len(hops) > MAX_JUMPS:
                raise BadInput(
                    f"{address} cannot be reached",
                    f"its ProxyJump entries lead through more than {MAX_JUMPS} servers, or in a circle",
                    "Correct ProxyJump in ~/.ssh/config",
                )
            hop, before = self._hop(wanted)
            hops.insert(0, hop)
            wanted = before
        return tuple(hops)

    def _hop(self, address: ServerAddress) -> tuple[Hop, ServerAddress | None]:
        options = self._config.lookup(address.host) if self._config is not None else {}
        named = [address.identity_file] if address.identity_file else []
        named += [Path(each).expanduser() for each in options.get("identityfile", [])]
        usual = [self._ssh_folder / name for name in DEFAULT_KEY_NAMES]
        hop = Hop(
            host=options.get("hostname", address.host),
            port=address.port or int(options.get("port", DEFAULT_PORT)),
            user=address.user or options.get("user", DEFAULT_USER),
            identity_files=tuple(named or usual),
            use_agent=address.use_agent,
            is_identity_named=bool(named),
        )
        return hop, address.jump or _jump(options.get("proxyjump"))

    def hosts(self) -> tuple[ConfiguredHost, ...]:
        """Give back the hosts that are named in full (no patterns), in the order of their names."""
        if self._config is None:
            return ()
        names = sorted(name for name in self._config.get_hostnames() if not set(name) & set("*?!"))
        hops = [(name, self._hop(ServerAddress(name))[0]) for name in names]
        return tuple(
            ConfiguredHost(name, hop.host, hop.user, hop.port, hop.identity_files[0] if hop.is_identity_named else None)
            for name, hop in hops
        )


def _jump(text: str | None) -> ServerAddress | None:
    if not text or text.lower() == "none":
        return None
    jump: ServerAddress | None = None
    for each in text.split(","):
        jump = parse_address(each, jump=jump)
    return jump


def _parsed(path: Path | None) -> paramiko.SSHConfig | None:
    import paramiko

    if path is None:
        return None
    try:
        return paramiko.SSHConfig.from_text(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    except paramiko.ConfigParseError as error:
        raise BadInput(f"{path} cannot be used", str(error), "Correct that line of the file") from error
