"""A git host: private repositories over SSH that only their own deploy keys may read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.containers import PREFIX, ensure_container
from tests.lab.labkit.docker_engine import docker
from tests.lab.labkit.images import GIT_HOST, ensure_image
from tests.lab.labkit.network import GIT, ZONE, Addresses, loopback_of, published_ssh_port

_CONTAINER = f"{PREFIX}git"
_KEYS = "/home/git/.ssh/authorized_keys"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
_READY_S = 20


@dataclass(frozen=True)
class Repository:
    """A bare private repository. `url` is for lab servers, `local_url` for programs on this machine."""

    name: str

    @property
    def url(self) -> str:
        return f"git@git.{ZONE}:{self.name}.git"

    @property
    def local_url(self) -> str:
        return f"ssh://git@{loopback_of(GIT)}:{published_ssh_port()}/{self.name}.git"

    @property
    def host_key_fingerprint(self) -> str:
        """The fingerprint of its host's key, as the host's administrator would read it there."""
        return fingerprint()

    @property
    def _git(self) -> tuple[str, ...]:
        return ("git", f"--git-dir=/srv/git/{self.name}.git")

    def commit(
        self,
        files: Mapping[str, bytes | str | None],
        message: str = "Change",
        branch: str = "main",
        submodules: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Commit changed files (None deletes one) on a branch as if they had been pushed; gives back the commit id.

        A path that ends with `*` is written as executable, without the `*`. `submodules` are paths with the commit
        of the other repository; the .gitmodules that names it is one of the files.
        """
        head = self.head(branch)
        stream = _import_stream(files, message, branch, head)
        stream += b"".join(f"M 160000 {commit} {path}\n".encode() for path, commit in submodules.items())
        _as_git(*self._git, "fast-import", "--quiet", "--force", stdin=stream)
        return self.head(branch)

    def head(self, branch: str = "main") -> str:
        """The newest commit id of a branch; "" where the branch does not exist."""
        try:
            return _as_git(*self._git, "rev-parse", "--verify", "-q", f"refs/heads/{branch}")
        except CommandFailed:
            return ""

    def tag(self, name: str, branch: str = "main", message: str = "") -> str:
        """Tag the newest commit of a branch; gives what the tag is: that commit, or with a message an object of its
        own (an annotated tag)."""
        person = ("-c", "user.name=Lab", "-c", f"user.email=lab@{ZONE}")
        _as_git(*self._git, *person, "tag", *(["-m", message] if message else []), name, branch)
        return _as_git(*self._git, "rev-parse", f"refs/tags/{name}")

    def allow(self, public_key: str, *others: Repository) -> None:
        """Accept a deploy key (a line of authorized_keys) for reading this repository and `others`, and no more."""
        kind, blob = public_key.split()[:2]
        names = (self.name, *(each.name for each in others))
        command = " || ".join(f"/usr/local/bin/serve-one-repository {name}" for name in names)
        line = f'command="{command}",restrict {kind} {blob} {self.name}\n'
        _as_git("sh", "-c", f"cat >> {_KEYS}", stdin=line.encode())

    def refuse(self, public_key: str) -> None:
        """Take a deploy key back."""
        blob = public_key.split()[1]
        _as_git("sh", "-c", f"grep -vF '{blob}' {_KEYS} > /home/git/keys; cat /home/git/keys > {_KEYS}")

    def delete(self) -> None:
        """Remove the repository and its deploy keys."""
        _as_git("sh", "-c", f"rm -rf /srv/git/{self.name}.git; sed -i '/ {self.name}$/d' {_KEYS}")


@dataclass(frozen=True)
class Door:
    """The same repositories on another port, behind a host key that can change without others noticing."""

    host: str
    port: int

    @property
    def _key(self) -> str:
        return f"/tmp/door-{self.port}"

    @property
    def host_key_fingerprint(self) -> str:
        return fingerprint(self._key)

    def url(self, repository: Repository) -> str:
        """The address of a repository here, for lab servers."""
        return f"ssh://git@{self.host}:{self.port}/{repository.name}.git"

    def change_host_key(self) -> None:
        """Answer with a new host key from now on."""
        self.close()
        sshd = f"/usr/sbin/sshd -p {self.port} -h {self._key} -o HostKey={self._key} -o PidFile={self._key}.pid"
        docker("exec", _CONTAINER, "sh", "-ec", f"ssh-keygen -q -t ed25519 -N '' -f {self._key}; {sshd}")

    def close(self) -> None:
        """Answer here no more."""
        forget = f"kill $(cat {self._key}.pid) 2>/dev/null; rm -f {self._key} {self._key}.pub {self._key}.pid"
        docker("exec", _CONTAINER, "sh", "-c", forget)


@dataclass(frozen=True)
class GitHost:
    """The git host. `host_key` is the line for known_hosts without the host name."""

    address: str
    host_key: str

    @property
    def name(self) -> str:
        return f"git.{ZONE}"

    @property
    def host_key_fingerprint(self) -> str:
        return fingerprint()

    def open_door(self, port: int) -> Door:
        """Answer on another port too, with a host key of its own; close it afterwards."""
        door = Door(self.name, port)
        door.change_host_key()
        return door

    def create(self, name: str, files: Mapping[str, bytes | str | None] | None = None) -> Repository:
        """A new private repository (one of the same name goes) with `files` as its first commit on main."""
        if not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"{name!r} is no name for a repository")
        repository = Repository(name)
        repository.delete()
        _as_git("git", "init", "-q", "--bare", "-b", "main", f"/srv/git/{name}.git")
        if files:
            repository.commit(files, "First version")
        return repository


def fingerprint(key: str = _HOST_KEY) -> str:
    """The fingerprint of the host's key ("SHA256:..."), read on the host itself."""
    return docker("exec", _CONTAINER, "ssh-keygen", "-lf", f"{key}.pub").split()[1]


def ensure_git_host(addresses: Addresses) -> GitHost:
    """Start the git host unless it runs, and wait for its sshd. Raises LabUnavailable."""
    ensure_image(GIT_HOST)
    volume = f"{PREFIX}git"
    docker("volume", "create", "--label", "godploy.lab=1", volume)
    options = ["--ip", addresses.of(GIT), "--hostname", "git", "-p", f"{loopback_of(GIT)}:{published_ssh_port()}:22"]
    ensure_container(_CONTAINER, GIT_HOST.name, [*options, "-v", f"{volume}:/srv/git"], [])
    give_up = time.monotonic() + _READY_S
    while True:
        try:
            docker("exec", _CONTAINER, "sh", "-c", "test -e /run/sshd.pid")
            key = docker("exec", _CONTAINER, "cat", f"{_HOST_KEY}.pub")
            return GitHost(addresses.of(GIT), " ".join(key.split()[:2]))
        except CommandFailed as failure:
            if time.monotonic() > give_up:
                raise LabUnavailable(f"the git host does not start: {failure}") from failure
            time.sleep(0.1)


def _as_git(*arguments: str, stdin: bytes = b"") -> str:
    return docker("exec", "-i", "-u", "git", "-w", "/home/git", _CONTAINER, *arguments, stdin=stdin)


def _import_stream(files: Mapping[str, bytes | str | None], message: str, branch: str, head: str) -> bytes:
    """One commit as git-fast-import(1) reads it."""
    text = message.encode()
    parts = [f"commit refs/heads/{branch}\ncommitter Lab <lab@{ZONE}> {int(time.time())} +0000\n".encode()]
    parts.append(b"data %d\n%s\n" % (len(text), text))
    if head:
        parts.append(f"from {head}\n".encode())
    for path, content in files.items():
        if content is None:
            parts.append(f"D {path}\n".encode())
            continue
        mode = "100755" if path.endswith("*") else "100644"
        raw = content.encode() if isinstance(content, str) else content
        parts.append(f"M {mode} inline {path.removesuffix('*')}\ndata {len(raw)}\n".encode() + raw + b"\n")
    return b"".join(parts)
