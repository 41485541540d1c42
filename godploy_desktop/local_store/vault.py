"""Secrets of the desktop (passwords, key passphrases): in the system's keyring, else, by explicit choice, in a file
encrypted with a passphrase. Never in plain text. Blocking calls: use them in a thread."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final

from godploy_desktop.local_store.vault_file import VaultFile
from godploy_server.contract import NotReady

KEYRING_SERVICE: Final = "godploy"


class VaultMissing(NotReady):
    """There is neither a keyring nor an encrypted file yet: the person has to choose."""

    code = "vault-missing"


class VaultLocked(NotReady):
    """The encrypted file exists and its passphrase was not given yet."""

    code = "vault-locked"


class VaultKind(Enum):
    """Where secrets are kept."""

    KEYRING = "keyring"
    FILE = "file"
    MISSING = "missing"


class Vault:
    """Keeps texts under names. A file that was chosen once wins over a keyring that appears later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: VaultFile | None = None

    def kind(self) -> VaultKind:
        """Where secrets go. Loads the keyring library (0.1 s) when there is no file."""
        if self._file is not None or self._path.exists():
            return VaultKind.FILE
        return VaultKind.KEYRING if _keyring_works() else VaultKind.MISSING

    @property
    def is_locked(self) -> bool:
        """Whether there is a file whose passphrase was not given yet."""
        return self._file is None and self._path.exists()

    def unlock(self, passphrase: str) -> None:
        """Open the file; raises NotAllowed for a wrong passphrase or a file that was changed."""
        self._file = VaultFile.open(self._path, passphrase)

    def choose_file(self, passphrase: str) -> None:
        """Make the encrypted file: the explicit choice where no keyring works. Raises BadInput, Conflict."""
        self._file = VaultFile.make(self._path, passphrase)

    def get(self, name: str) -> str | None:
        """Give the secret of that name, None if there is none. Raises VaultLocked; with no vault at all there is
        nothing in it, so None."""
        match self.kind():
            case VaultKind.FILE:
                return self._opened().get(name)
            case VaultKind.KEYRING:
                import keyring

                return keyring.get_password(KEYRING_SERVICE, name)
            case VaultKind.MISSING:
                return None

    def put(self, name: str, secret: str) -> None:
        """Keep a secret. Raises VaultLocked or VaultMissing."""
        match self.kind():
            case VaultKind.FILE:
                self._opened().put(name, secret)
            case VaultKind.KEYRING:
                import keyring

                keyring.set_password(KEYRING_SERVICE, name, secret)
            case VaultKind.MISSING:
                raise VaultMissing(
                    "There is no place for secrets yet",
                    "this session has no keyring (Secret Service), and nothing is ever kept in plain text",
                    "Choose a passphrase for an encrypted file (headless: GODPLOY_PASSPHRASE_FILE names its file) "
                    "or let Godploy ask for the secret each time",
                )

    def remove(self, name: str) -> None:
        """Forget a secret; no error where there is none."""
        match self.kind():
            case VaultKind.FILE:
                self._opened().remove(name)
            case VaultKind.KEYRING:
                import keyring
                import keyring.errors

                try:
                    keyring.delete_password(KEYRING_SERVICE, name)
                except keyring.errors.PasswordDeleteError:
                    return
            case VaultKind.MISSING:
                return

    def _opened(self) -> VaultFile:
        if self._file is None:
            raise VaultLocked(
                "The secrets are locked",
                f"{self._path} is encrypted with a passphrase",
                "Give its passphrase (headless: GODPLOY_PASSPHRASE_FILE names a file with it)",
            )
        return self._file


def _keyring_works() -> bool:
    import keyring
    import keyring.backends.fail
    import keyring.backends.null

    backend = keyring.get_keyring()
    useless = (keyring.backends.fail.Keyring, keyring.backends.null.Keyring)
    # a chainer without a usable child has priority 0
    return not isinstance(backend, useless) and float(backend.priority) > 0
