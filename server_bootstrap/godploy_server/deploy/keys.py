"""A service's deploy key: made on the server, read-only at the git host; its private half never leaves."""

from __future__ import annotations

import os
import shutil

from godploy_server.contract import ServiceId
from godploy_server.deploy.locking import lock_of
from godploy_server.state.paths import Paths


def ensure_deploy_key(paths: Paths, service_id: ServiceId, comment: str) -> str:
    """Make the service's Ed25519 key if it is missing and give its public half as one OpenSSH line."""
    private = paths.deploy_key(service_id)
    public = private.with_suffix(".pub")
    if not public.exists():
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate()
        paths.keys(service_id).mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
                )
            )
        line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        public.write_text(f"{line.decode()} {comment}\n", encoding="utf-8")
    return public.read_text(encoding="utf-8").strip()


def remove_service_files(paths: Paths, service_id: ServiceId) -> None:
    """Remove a service's key and cached source; missing ones are fine."""
    shutil.rmtree(paths.keys(service_id), ignore_errors=True)
    cache = paths.git(service_id)
    shutil.rmtree(cache, ignore_errors=True)
    lock_of(cache).unlink(missing_ok=True)
