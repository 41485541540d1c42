"""Where the server side keeps its files: one value that every process is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The state folder (survives reboots) and the run folder (sockets), with every path derived from them."""

    state_dir: Path
    run_dir: Path

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.state_dir / "godploy.db"

    @property
    def secrets_key(self) -> Path:
        """The key that encrypts secrets at rest: 32 bytes, mode 0600."""
        return self.state_dir / "secrets.key"

    @property
    def logs(self) -> Path:
        """The folder of deployment logs."""
        return self.state_dir / "logs"

    def log(self, deployment_id: str) -> Path:
        """The log of one deployment."""
        return self.logs / f"{deployment_id}.log"

    def job_output(self, deployment_id: str) -> Path:
        """What a job process wrote to its standard error: empty unless it broke before it could write its log."""
        return self.logs / f"{deployment_id}.stderr"

    def keys(self, service_id: str) -> Path:
        """The folder of a service's deploy key."""
        return self.state_dir / "keys" / service_id

    def deploy_key(self, service_id: str) -> Path:
        """The private half of a service's deploy key; the public half lies beside it as `.pub`."""
        return self.keys(service_id) / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The git hosts' keys that are accepted, as ssh reads them; written anew before each use."""
        return self.state_dir / "git-known-hosts"

    def build(self, deployment_id: str) -> Path:
        """The working folder of one deployment's build."""
        return self.state_dir / "builds" / deployment_id

    def git(self, service_id: str) -> Path:
        """The bare repository that caches a service's source."""
        return self.state_dir / "git" / service_id

    @property
    def uploads(self) -> Path:
        """The folder of what was sent: one folder an upload."""
        return self.state_dir / "uploads"

    def upload(self, upload_id: str) -> Path:
        """The folder of one upload: its list of files, or its archive."""
        return self.uploads / upload_id

    @property
    def blobs(self) -> Path:
        """The contents of the files of uploads, named by their SHA-256."""
        return self.state_dir / "blobs"

    @property
    def traefik(self) -> Path:
        """The folder of everything that Traefik reads and writes."""
        return self.state_dir / "traefik"

    @property
    def traefik_config(self) -> Path:
        """Traefik's static configuration."""
        return self.traefik / "traefik.yml"

    @property
    def traefik_dynamic(self) -> Path:
        """The folder that Traefik watches."""
        return self.traefik / "dynamic"

    @property
    def traefik_tmp(self) -> Path:
        """Where dynamic files are written before they are renamed into the watched folder (same file system)."""
        return self.traefik / "tmp"

    @property
    def traefik_acme(self) -> Path:
        """Where Traefik keeps certificates."""
        return self.traefik / "acme"

    @property
    def agent_socket(self) -> Path:
        """Where the agent listens."""
        return self.run_dir / "agent.sock"

    @property
    def notify_socket(self) -> Path:
        """Where jobs send datagrams (`deployment <id>`, `log <id>`) so that the agent need not poll."""
        return self.run_dir / "notify.sock"

    @property
    def instance_file(self) -> Path:
        """The instance id, for the relay to read (it may read nothing else)."""
        return self.run_dir / "instance"

    @property
    def relay_spool(self) -> Path:
        """Where the relay of an embedded agent keeps deliveries; a relay of its own has a folder of its own."""
        return self.state_dir / "relay"

    @property
    def hooks(self) -> Path:
        """The folder of hooks, for the relay: one file each, and the socket that it hands notices over by."""
        return self.run_dir / "hooks"

    @property
    def hooks_socket(self) -> Path:
        """Where the relay hands over what it received."""
        return self.hooks / "agent.sock"

    @property
    def relay_address_file(self) -> Path:
        """Where the relay is to listen (`address:port`), written for it by the agent."""
        return self.run_dir / "relay-address"

    @property
    def agent_lock(self) -> Path:
        """Held by the agent as long as it runs: one state folder has one agent."""
        return self.state_dir / "agent.lock"

    @property
    def local_sources(self) -> Path:
        """The folder of repositories that lie on the server itself: the only ones that file:// URLs may name."""
        return self.state_dir / "samples"

    def prepare(self) -> None:
        """Make the folders that are missing: the state readable by its owner alone, the run folder enterable."""
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = (self.logs, *(self.state_dir / name for name in ("keys", "builds", "git")), self.uploads, self.blobs)
        for folder in private:
            folder.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.traefik, self.traefik_dynamic, self.traefik_tmp):
            folder.mkdir(mode=0o755, exist_ok=True)
        self.traefik_acme.mkdir(mode=0o700, exist_ok=True)
        self.run_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
