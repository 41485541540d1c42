"""Which host keys are trusted: an own file in OpenSSH's format, seeded from the user's known_hosts.

Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Files are read line by line: one line that cannot be used never hides
the others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

from godploy_desktop.remote.ssh.addresses import DEFAULT_PORT


@dataclass(frozen=True)
class HostKey:
    """A public host key: its type as SSH names it and its wire form."""

    key_type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as ssh-keygen -lf prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return f"SHA256:{digest.rstrip('=')}"


@dataclass(frozen=True)
class KnownHost:
    """One usable line of a known_hosts file."""

    patterns: tuple[str, ...]
    key: HostKey
    is_revoked: bool = False

    def covers(self, name: str) -> bool:
        """Whether the line speaks of `name` ("host" or "[host]:port")."""
        found = False
        for pattern in self.patterns:
            if pattern.startswith("!"):
                if fnmatchcase(name, pattern[1:].lower()):
                    return False
            elif pattern.startswith("|1|"):
                found = found or _hash_matches(pattern, name)
            else:
                found = found or fnmatchcase(name, _escaped(pattern.lower()))
        return found

    def line(self) -> str:
        """Give back the line that stands for it."""
        marker = "@revoked " if self.is_revoked else ""
        return f"{marker}{','.join(self.patterns)} {self.key.key_type} {base64.b64encode(self.key.blob).decode()}"


class Verdict(Enum):
    """What is known of a key that a server shows."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"  # nothing is known of this host
    CHANGED = "changed"  # another key is known
    REVOKED = "revoked"


def known_name(host: str, port: int) -> str:
    """Give back how known_hosts names a server."""
    return host.lower() if port == DEFAULT_PORT else f"[{host.lower()}]:{port}"


def parse_known_hosts(text: str) -> Iterator[KnownHost]:
    """Give the usable lines. Certificate authorities are left out: host certificates are not spoken here."""
    for line in text.splitlines():
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#") or marker not in {"", "@revoked"}:
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield KnownHost(tuple(fields[0].split(",")), HostKey(fields[1], blob), marker == "@revoked")


def judge(name: str, key: HostKey, own: Sequence[KnownHost], users: Sequence[KnownHost]) -> Verdict:
    """Say what the own and the user's lines together say of a key; the own ones win, except over a revocation."""
    if any(line.is_revoked and line.key.blob == key.blob for line in (*own, *users)):
        return Verdict.REVOKED
    keys = known_keys(name, own) or known_keys(name, users)
    if any(each.blob == key.blob for each in keys):
        return Verdict.TRUSTED
    return Verdict.CHANGED if keys else Verdict.UNKNOWN


def known_keys(name: str, lines: Iterable[KnownHost]) -> tuple[HostKey, ...]:
    """Give back the keys that are trusted for a host."""
    return tuple(line.key for line in lines if not line.is_revoked and line.covers(name))


class KnownHosts:
    """The trusted keys: an own file that this program writes, and the user's, which it only reads."""

    def __init__(self, own_file: Path, users_file: Path | None) -> None:
        self._own_file = own_file
        self._users_file = users_file
        self._lock = threading.Lock()

    def judge(self, name: str, key: HostKey) -> Verdict:
        """Say what is known of the key; one that the user's file trusts is copied into the own one."""
        own, users = _read(self._own_file), _read(self._users_file)
        verdict = judge(name, key, own, users)
        if verdict is Verdict.TRUSTED and not known_keys(name, own):
            self.trust(name, key)
        return verdict

    def keys(self, name: str) -> tuple[HostKey, ...]:
        """Give back what is trusted for a host."""
        return known_keys(name, _read(self._own_file)) or known_keys(name, _read(self._users_file))

    def trust(self, name: str, key: HostKey) -> None:
        """Remember the key as the one of this host, in place of any other. Raises OSError."""
        with self._lock:
            kept = [line for line in _read(self._own_file) if line.is_revoked or not line.covers(name)]
            self._write([*kept, KnownHost((name,), key)])

    def forget(self, name: str) -> None:
        """Remove the host from the own file. Raises OSError."""
        with self._lock:
            self._write([line for line in _read(self._own_file) if line.is_revoked or not line.covers(name)])

    def _write(self, lines: Iterable[KnownHost]) -> None:
        self._own_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._own_file.with_name(f"{self._own_file.name}.{os.getpid()}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{line.line()}\n" for line in lines)
        beside.replace(self._own_file)


def _read(path: Path | None) -> list[KnownHost]:
    if path is None:
        return []
    try:
        return list(parse_known_hosts(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return []


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        _, _, salt, digest = pattern.split("|")
        expected = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(expected, base64.b64decode(digest))
    except (ValueError, binascii.Error):
        return False


def _escaped(pattern: str) -> str:
    # in known_hosts a bracket is a bracket; only * and ? are wild
    return pattern.replace("[", "[[]")
