"""The token that an app proves itself with: a JSON Web Token, signed with its private key.

Sources: RFC 7519; GitHub docs, “Generating a JSON Web Token (JWT) for a GitHub App”: RS256, at most ten minutes long,
begun a minute ago since clocks differ. The issuer is the app's id, which every Enterprise Server takes.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Final

from godploy_server.contract import NotReady

_SINCE: Final = timedelta(seconds=60)
_FOR: Final = timedelta(minutes=9)


def app_token(app_id: str, private_key: str, now: datetime) -> str:
    """Give a token of the app. Raises NotReady for a key that is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    claims = {"iat": int((now - _SINCE).timestamp()), "exp": int((now + _FOR).timestamp()), "iss": app_id}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotReady(
            "The app's private key cannot be used",
            "what is kept in the keyring is no RSA key",
            "Forget the app and make another one",
        )
    return f"{signed}.{_base64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
