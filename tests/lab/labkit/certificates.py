"""The lab's own certificate authority; it vouches for the ACME server's HTTPS."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.labkit.cache import cache_folder, write_atomically
from tests.lab.labkit.network import ZONE

_YEARS = 10


def ensure_certificates(acme_address: str) -> Path:
    """Make the CA and the ACME server's certificate unless they exist; gives back their folder.

    Files: ca.pem, acme.pem and acme.key. The CA's own key is thrown away.
    """
    folder = cache_folder() / "certificates" / acme_address
    if (folder / "ca.pem").exists():
        return folder
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, server_name = _name("Godploy lab"), _name(f"acme.{ZONE}")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    ca = _unsigned(ca_name, ca_name, ca_key).add_extension(constraints, critical=True).sign(ca_key, hashes.SHA256())
    names = [x509.DNSName(f"acme.{ZONE}"), x509.DNSName("localhost")]
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in (acme_address, "127.10.0.204", "127.0.0.1")]
    server = (
        _unsigned(server_name, ca_name, server_key)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    key_bytes = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(folder / "acme.key", key_bytes, 0o600)
    write_atomically(folder / "acme.pem", server.public_bytes(serialization.Encoding.PEM))
    write_atomically(folder / "ca.pem", ca.public_bytes(serialization.Encoding.PEM))
    return folder


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
    )
