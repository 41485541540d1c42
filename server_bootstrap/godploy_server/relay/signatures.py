"""Who sent a delivery: what each git host's signature covers, and comparing it in constant time.

A verifier is made from the head of a request, before its body was read, so that a request without a plausible
signature costs no body; it is fed the raw body piece by piece. Sources: GitHub, “Validating webhook deliveries”;
Gitea and Forgejo, “Webhooks”; Bitbucket Cloud, “Manage webhooks”; GitLab, “Webhooks” (secret token, and the signing
token, which follows Standard Webhooks 1.0: `{id}.{timestamp}.{body}` with a key in base64 after `whsec_`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from godploy_server.contract.hooks import HookHost, signing_token

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_SIGNED_WITHIN_S: Final = 300
"""How far a signed time may be from this machine's (Standard Webhooks: a few minutes, against replays)."""
_LONGEST_ID: Final = 200


class NotSigned(Exception):
    """The request cannot be from the host; says why, in words without anything of the request."""


class Verifier:
    """Takes the raw body, piece by piece, and says at the end whether the signature fits."""

    def __init__(self, key: bytes, prefix: bytes, wanted: tuple[bytes, ...]) -> None:
        self._mac = hmac.new(key, prefix, hashlib.sha256)
        self._wanted = wanted

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        self._mac.update(piece)

    def fits(self) -> bool:
        """Whether one of the signatures sent is that of the body."""
        digest = self._mac.digest()
        return sum(hmac.compare_digest(digest, each) for each in self._wanted) > 0  # every one is compared


class TokenVerifier(Verifier):
    """For a host that sends the secret itself: it was compared already, whatever the body is."""

    def __init__(self) -> None:
        super().__init__(b"", b"", ())

    def fits(self) -> bool:
        return True


def verifier(host: HookHost, secret: str, fields: Mapping[str, str], now_s: float) -> Verifier:
    """Give what checks the body of a request with these header fields (names in lower case). Raises NotSigned."""
    key = secret.encode()
    if host is HookHost.GITHUB:
        return Verifier(key, b"", (_hexadecimal(fields, "x-hub-signature-256", "sha256="),))
    if host is HookHost.BITBUCKET:
        return Verifier(key, b"", (_hexadecimal(fields, "x-hub-signature", "sha256="),))
    if host is HookHost.GITEA:
        name = "x-forgejo-signature" if "x-forgejo-signature" in fields else "x-gitea-signature"
        return Verifier(key, b"", (_hexadecimal(fields, name, ""),))
    if "webhook-signature" in fields:
        return _standard(secret, fields, now_s)
    token = fields.get("x-gitlab-token")
    if token is None:
        raise NotSigned("it carries no X-Gitlab-Token")
    if not hmac.compare_digest(token.encode("latin-1", "replace"), key):
        raise NotSigned("its X-Gitlab-Token is another one")
    return TokenVerifier()


def _hexadecimal(fields: Mapping[str, str], name: str, prefix: str) -> bytes:
    value = fields.get(name)
    if value is None:
        raise NotSigned(f"it carries no {name}")
    digits = value[len(prefix) :] if value.startswith(prefix) else ""
    if not _HEX.fullmatch(digits):
        raise NotSigned(f"its {name} is no SHA-256 signature")
    return bytes.fromhex(digits)


def _standard(secret: str, fields: Mapping[str, str], now_s: float) -> Verifier:
    sent_id, sent_at = fields.get("webhook-id", ""), fields.get("webhook-timestamp", "")
    if not 0 < len(sent_id) <= _LONGEST_ID or not re.fullmatch(r"[0-9]{1,12}", sent_at):
        raise NotSigned("its webhook-id or webhook-timestamp is missing")
    if abs(int(sent_at) - now_s) > _SIGNED_WITHIN_S:
        raise NotSigned("it was signed more than five minutes ago, or the clocks differ by that much")
    wanted = []
    for part in fields["webhook-signature"].split(" ")[:8]:
        version, _, encoded = part.partition(",")
        if version == "v1":
            wanted.append(_base64(encoded))
    if not wanted or b"" in wanted:
        raise NotSigned("its webhook-signature is no v1 signature")
    token = secret if secret.startswith("whsec_") else signing_token(secret)
    key = _base64(token.removeprefix("whsec_")) or secret.encode()
    return Verifier(key, f"{sent_id}.{sent_at}.".encode("latin-1", "replace"), tuple(wanted))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return b""
