"""Encryption of secrets at rest: AES-256-GCM with a key file of the server, bound to service and name."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from godploy_server.contract.problem import NotReady

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Secrets:
    """Seals and opens values with the key in one file. The file is made at first use, mode 0600."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._key: bytes | None = None

    def __repr__(self) -> str:
        return "Secrets([REDACTED])"

    def seal(self, service_id: str, name: str, value: str) -> bytes:
        """Give nonce and ciphertext of `value`, usable only for this service and name."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 9 MB: loaded when first needed

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._load()).encrypt(nonce, value.encode(), _bound_to(service_id, name))

    def unseal(self, service_id: str, name: str, sealed: bytes) -> str:
        """Give back what was sealed. Raises NotReady if the key is another one or the value was moved or damaged."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._load()).decrypt(nonce, ciphertext, _bound_to(service_id, name)).decode()
        except InvalidTag:
            raise NotReady(
                f"The secret {name} cannot be decrypted",
                "it was encrypted with another key than the one in secrets.key, or was changed since",
                "Restore secrets.key from a backup, or set the secret again",
            ) from None

    def _load(self) -> bytes:
        if self._key is None:
            if not self._key_file.exists():
                self._make()
            key = self._key_file.read_bytes()
            if len(key) != _KEY_BYTES:
                raise NotReady(
                    "Secrets cannot be read or written",
                    f"secrets.key holds {len(key)} bytes instead of {_KEY_BYTES}",
                    "Restore secrets.key from a backup",
                )
            self._key = key
        return self._key

    def _make(self) -> None:
        # Written beside and linked: another process sees a whole key or none, and the first one wins.
        beside = self._key_file.with_name(f"{self._key_file.name}.{os.getpid()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(beside, self._key_file)
        finally:
            beside.unlink()


def _bound_to(service_id: str, name: str) -> bytes:
    return f"{service_id}\0{name}".encode()
