"""Where the desktop keeps its files: the XDG folders, or everything below GODPLOY_HOME."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "GODPLOY_HOME"


@dataclass(frozen=True)
class Folders:
    """Four folders of one profile. `of` computes them, `make` creates them readable by their owner alone."""

    data: Path
    config: Path
    cache: Path
    run: Path

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> Folders:
        """Give back the folders for an environment (default: this process's).

        GODPLOY_HOME overrides everything; else the XDG Base Directory variables, else their defaults. Without
        XDG_RUNTIME_DIR sockets go below the cache folder (never /tmp, where others could wait for them).
        """
        environment = os.environ if environment is None else environment
        if home := environment.get(HOME_VARIABLE):
            base = Path(home).expanduser().absolute()
            return cls(base / "data", base / "config", base / "cache", base / "run")
        user = Path(environment.get("HOME") or Path.home())

        def folder(variable: str, default: Path) -> Path:
            value = Path(environment.get(variable, ""))
            return (value if value.is_absolute() else default) / "godploy"  # XDG: a relative path is ignored

        return cls(
            data=folder("XDG_DATA_HOME", user / ".local" / "share"),
            config=folder("XDG_CONFIG_HOME", user / ".config"),
            cache=folder("XDG_CACHE_HOME", user / ".cache"),
            run=folder("XDG_RUNTIME_DIR", folder("XDG_CACHE_HOME", user / ".cache").parent),
        )

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "desktop.db"

    @property
    def vault_file(self) -> Path:
        """The passphrase-encrypted file of secrets, where no keyring is used."""
        return self.data / "vault.json"

    @property
    def known_hosts(self) -> Path:
        """The host keys that were accepted here."""
        return self.config / "known_hosts"

    @property
    def embedded_state(self) -> Path:
        """State of the agent of this computer."""
        return self.data / "agent"

    @property
    def embedded_run(self) -> Path:
        """Sockets of the agent of this computer."""
        return self.run / "agent"

    def make(self) -> None:
        """Create the folders (0700). Existing ones keep their mode."""
        for folder in (self.data, self.config, self.cache, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
