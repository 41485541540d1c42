"""The lab's own certificate authorities: one vouches for the ACME server, one for the sites that servers trust."""

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
_ONLY_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def ensure_certificates(acme_address: str) -> Path:
    """Make the CA and the ACME server's certificate unless they exist; gives back their folder.

    Files: ca.pem, acme.pem and acme.key. The CA's own key is thrown away.
    """
    addresses = [acme_address, "127.10.0.204", "127.0.0.1"]
    return _ensure(acme_address, "Godploy lab", "acme", [f"acme.{ZONE}", "localhost"], addresses)


def ensure_public_certificates() -> Path:
    """Make the certificate of the private registry and of Gitea, and its CA; gives back their folder.

    Files: ca.pem, public.pem and public.key. Lab servers trust this CA, as any server trusts public ones.
    """
    return _ensure("public", "Godploy lab, public", "public", [f"registry.{ZONE}", f"gitea.{ZONE}"], ["127.0.0.1"])


def _ensure(folder_name: str, issuer: str, part: str, names: list[str], addresses: list[str]) -> Path:
    folder = cache_folder() / "certificates" / folder_name
    if (folder / "ca.pem").exists():
        return folder
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, server_name = _name(issuer), _name(names[0])
    ca_identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _unsigned(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_ONLY_SIGNS, critical=True)
        .add_extension(ca_identifier, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(text)) for text in addresses]
    server = (
        _unsigned(server_name, ca_name, server_key)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        # Python 3.13 wants it: RFC 5280, section 4.2.1.1
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_identifier), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    key_bytes = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(folder / f"{part}.key", key_bytes, 0o600)
    write_atomically(folder / f"{part}.pem", server.public_bytes(serialization.Encoding.PEM))
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
