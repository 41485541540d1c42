from __future__ import annotations

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from godploy_server.ingress.domains import Certificate, acme_failure, answered_by, certificate_of, shown_certificate

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def certificate(*hosts: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Shop CA")])
    alternative = x509.SubjectAlternativeName([x509.DNSName(each) for each in hosts])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=89))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    return built, key


def test_a_certificate_is_good_for_its_names_until_it_expires() -> None:
    made, _ = certificate("shop.test", "*.lab.test")
    read = certificate_of(made.public_bytes(serialization.Encoding.DER))
    assert read == Certificate("CN=Shop CA", ("shop.test", "*.lab.test"), NOW + timedelta(days=89))
    assert read.covers("shop.test", NOW)
    assert read.covers("a.lab.test", NOW)
    assert not read.covers("a.b.lab.test", NOW)
    assert not read.covers("other.test", NOW)
    assert not read.covers("shop.test", NOW + timedelta(days=90))


def test_the_certificate_that_is_shown_for_a_name_is_read_whoever_signed_it(tmp_path: Path) -> None:
    made, key = certificate("shop.test")
    (tmp_path / "pair.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )

    async def story() -> tuple[Certificate | None, Certificate | None]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "pair.pem")
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        shown = await shown_certificate(port, "shop.test")
        server.close()
        return shown, await shown_certificate(port, "shop.test")

    shown, nothing = asyncio.run(story())
    assert shown is not None
    assert shown.names == ("shop.test",)
    assert nothing is None


@pytest.mark.parametrize(
    ("body", "other"),
    [
        ({"relay": "ok", "instance": "abc"}, ""),
        ({"relay": "ok", "instance": "xyz"}, "another Godploy server"),
        ({"hello": 1}, "another web server"),
        ([], "another web server"),
    ],
)
def test_only_this_servers_own_answer_proves_that_a_name_leads_here(body: object, other: str) -> None:
    assert answered_by("abc", json.dumps(body).encode()) == other


def test_a_page_of_another_server_proves_nothing() -> None:
    assert answered_by("abc", b"<html>abc</html>") == "another web server"


def test_the_cas_own_words_are_taken_from_the_proxys_log() -> None:
    refusal = (
        "2026-11-23T00:00:01Z \x1b[31mERR\x1b[0m Unable to obtain ACME certificate for domains "
        'error="unable to generate a certificate for the domains [shop.test]: error: one or more domains had a problem:'
        '\\n[shop.test] acme: error: 400 :: urn:ietf:params:acme:error:dns :: no \\"A\\" record" '
        'ACME CA=https://ca.test/dir acmeCA=https://ca.test/dir domains=["shop.test"] providerName=acme.acme'
    )
    lines = [
        "2026-11-23T00:00:00Z INF Configuration loaded from file: /etc/traefik/traefik.yml",
        refusal,
        "2026-11-23T00:00:02Z DBG something else about shop.test",
    ]
    assert acme_failure(lines, "shop.test") == 'no "A" record'
    unreachable = refusal.replace(':: no \\"A\\" record', "::GET :: https://ca.test/dir :: 404 page not found\\n")
    assert acme_failure([unreachable], "shop.test") == "404 page not found"
    assert acme_failure(lines, "other.test") == ""
    assert acme_failure([], "shop.test") == ""
