"""When a domain's DNS and certificate are to be looked at again: a pure function."""

from __future__ import annotations

from typing import Final

from godploy_server.contract.entities import CertificateState, Domain

_EVERY_S: Final = {
    CertificateState.WAITING_FOR_DNS: 60.0,  # a look at DNS only; no CA is asked
    CertificateState.PENDING: 60.0,
    CertificateState.FAILED: 3600.0,  # CAs count failures
    CertificateState.VALID: 6 * 3600.0,
}


def due(domain: Domain, looked_at: float | None, at: float, authority_since: float | None = None) -> bool:
    """Whether to look at a domain at `at`, last looked at at `looked_at` (both monotonic seconds).

    What was seen before `authority_since`, when another certificate authority was chosen, counts no more.
    """
    every = _EVERY_S.get(domain.certificate)
    if not domain.tls or every is None:
        return False
    if looked_at is None or (authority_since is not None and looked_at <= authority_since):
        return True
    return at - looked_at >= every
