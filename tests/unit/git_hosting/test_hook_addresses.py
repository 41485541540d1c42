"""Where a git host is told to send to: encrypted where that can be had, at once or in a moment."""

import pytest

from godploy_desktop.core.git.linking import may_be_encrypted_soon
from godploy_server.contract import CertificateState, Domain, DomainId, ServiceId


def domain(state: CertificateState, detail: str = "", *, tls: bool = True) -> Domain:
    return Domain(
        DomainId("d"), ServiceId("s"), "shop.example.com", tls=tls, certificate=state, certificate_detail=detail
    )


@pytest.mark.parametrize(
    ("domains", "is_waited_for"),
    [
        ([domain(CertificateState.WAITING_FOR_DNS)], True),  # just added: nobody looked yet
        ([domain(CertificateState.PENDING, "the certificate authority is being asked")], True),
        ([domain(CertificateState.WAITING_FOR_DNS, "the name does not exist")], False),
        ([domain(CertificateState.FAILED, "refused")], False),
        ([domain(CertificateState.NONE, tls=False)], False),
        ([domain(CertificateState.PENDING), domain(CertificateState.VALID, "expires 2027-01-01")], False),
        ([], False),
    ],
)
def test_a_certificate_is_waited_for_only_where_it_may_come_in_a_moment(
    domains: list[Domain], is_waited_for: bool
) -> None:
    assert may_be_encrypted_soon(domains) is is_waited_for
