"""Host keys as values: read and written by pure functions. Source: RFC 4253, section 6.6; sshd(8), known_hosts."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Final

from godploy_server.contract import BadInput, HostKey, TrustedHostKey

TYPES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
"""The kinds of host key that are taken, the best first."""


def host_key(host: str, text: str) -> HostKey:
    """Give the key of a host that `text` holds ("ssh-ed25519 AAAA..."). Raises BadInput."""
    key_type, _, rest = text.strip().partition(" ")
    key = rest.partition(" ")[0]
    try:
        blob = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    length = int.from_bytes(blob[:4], "big")
    if key_type not in TYPES or len(blob) < 36 or blob[4 : 4 + length] != key_type.encode():
        raise BadInput(
            "The host key cannot be used",
            f"“{text[:60]}” is not a public key of one of the kinds {', '.join(TYPES)}",
            "Give the line as ssh-keyscan prints it, without the host",
        )
    return HostKey(host, key_type, key, fingerprint(blob))


def fingerprint(blob: bytes) -> str:
    """Give a key's fingerprint as ssh-keygen -l prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def scanned_keys(host: str, output: str) -> tuple[HostKey, ...]:
    """Give the keys in the output of ssh-keyscan, the best first; lines that hold none are left out."""
    found: dict[str, HostKey] = {}
    for line in output.splitlines():
        _, _, text = line.partition(" ")
        if line.startswith("#"):
            continue
        try:
            key = host_key(host, text)
        except BadInput:
            continue
        found.setdefault(key.key_type, key)
    return tuple(sorted(found.values(), key=lambda each: TYPES.index(each.key_type)))


def known_hosts(keys: Iterable[TrustedHostKey]) -> str:
    """Give the content of a known_hosts file that holds exactly these keys."""
    return "".join(f"{each.host} {each.key_type} {each.key}\n" for each in keys)
