"""A file of secrets under a passphrase: scrypt makes the key, AES-256-GCM encrypts and authenticates the whole."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from godploy_server.contract import BadInput, Conflict, NotAllowed, NotReady

FORMAT: Final = 1
SHORTEST_PASSPHRASE: Final = 8
_N, _R, _P = 2**16, 8, 1  # 64 MB, about 0.2 s: OWASP's scrypt parameters at half their memory


@dataclass(frozen=True)
class _Key:
    key: bytes
    salt: bytes
    cost: tuple[int, int, int]

    @property
    def header(self) -> dict[str, Any]:
        n, r, p = self.cost
        return {"format": FORMAT, "kdf": "scrypt", "n": n, "r": r, "p": p, "salt": _text(self.salt)}


class VaultFile:
    """The opened file. Every change rewrites it whole (beside, then renamed), under a fresh nonce."""

    def __init__(self, path: Path, key: _Key, content: dict[str, str]) -> None:
        self._path, self._key, self._content = path, key, content

    @classmethod
    def make(cls, path: Path, passphrase: str) -> VaultFile:
        """Make an empty file. Raises BadInput for a passphrase under 8 characters, Conflict if the file exists."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise BadInput(
                "The passphrase is too short",
                f"it guards every secret kept here and needs {SHORTEST_PASSPHRASE} characters or more",
                "Choose a longer one",
            )
        if path.exists():
            raise Conflict("There is an encrypted file of secrets already", f"{path} exists", "Unlock it instead")
        vault = cls(path, _derive(passphrase, secrets.token_bytes(16), (_N, _R, _P)), {})
        vault._write()
        return vault

    @classmethod
    def open(cls, path: Path, passphrase: str) -> VaultFile:
        """Decrypt the file. Raises NotAllowed if the passphrase is wrong or the file was changed, NotReady if it
        cannot be read or is no such file."""
        document = _read(path)
        try:
            cost = (int(document["n"]), int(document["r"]), int(document["p"]))
            salt, nonce, sealed = (_bytes(document[name]) for name in ("salt", "nonce", "sealed"))
            if document["format"] != FORMAT or cost[0] > 2**20 or cost[1] > 32 or cost[2] > 16:
                raise ValueError("unknown format")
            key = _derive(passphrase, salt, cost)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from error
        return cls(path, key, _decrypt(path, key, nonce, sealed))

    def get(self, name: str) -> str | None:
        """Give a secret, None if there is none."""
        return self._content.get(name)

    def put(self, name: str, secret: str) -> None:
        """Keep a secret."""
        self._reread()
        self._content[name] = secret
        self._write()

    def remove(self, name: str) -> None:
        """Forget a secret."""
        self._reread()
        if self._content.pop(name, None) is not None:
            self._write()

    def _reread(self) -> None:
        """Take in what another process wrote meanwhile (the window and a command may run together)."""
        document = _read(self._path)
        if document.get("salt") == _text(self._key.salt):
            self._content = _decrypt(self._path, self._key, _bytes(document["nonce"]), _bytes(document["sealed"]))

    def _write(self) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self._key.key).encrypt(nonce, json.dumps(self._content).encode(), _bound(self._key.header))
        document = self._key.header | {"nonce": _text(nonce), "sealed": _text(sealed)}
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)  # made with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


def _derive(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> _Key:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    n, r, p = cost
    return _Key(Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode()), salt, cost)


def _decrypt(path: Path, key: _Key, nonce: bytes, sealed: bytes) -> dict[str, str]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        content = json.loads(AESGCM(key.key).decrypt(nonce, sealed, _bound(key.header)))
    except InvalidTag:
        raise NotAllowed(
            "The secrets cannot be unlocked",
            "the passphrase is wrong, or the file was changed by something else",
            f"Try the passphrase again; if it is lost, delete {path} and enter the secrets anew",
        ) from None
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    return {str(name): str(secret) for name, secret in content.items()}


def _bound(header: Mapping[str, Any]) -> bytes:
    """What the seal covers beside the content: the parameters cannot be exchanged unnoticed."""
    return json.dumps(header, sort_keys=True).encode()


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(document, dict):
        raise _damaged(path, "not an object")
    return document


def _damaged(path: Path, why: str) -> NotReady:
    return NotReady("The file of secrets cannot be read", f"{path}: {why}", "Restore it, or delete it and start anew")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
