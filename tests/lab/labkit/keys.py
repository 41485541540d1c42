"""The key that the lab logs in with; a provider would have put its public half on a newly rented server."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.lab.labkit.cache import cache_folder, write_atomically


def ensure_key() -> Path:
    """The path of the private key (OpenSSH format, no passphrase); the public half lies beside it as `.pub`."""
    path = cache_folder() / "id_ed25519"
    if not path.exists():
        private, public = new_key("godploy-lab")
        write_atomically(path.with_suffix(".pub"), public.encode())
        write_atomically(path, private, 0o600)
    return path


def new_key(comment: str) -> tuple[bytes, str]:
    """A fresh ed25519 key: the private half in OpenSSH format and the line for authorized_keys."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private, f"{public.decode()} {comment}\n"
