"""Whether a domain leads to this server, and whether HTTPS works for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from godploy_server.contract import CertificateState, Domain, DomainId, GodployError, NotFound
from godploy_server.ingress.http_get import http_get
from godploy_server.ingress.switch import apply_domains
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import traefik_container
from godploy_server.runtime.release_containers import last_lines
from godploy_server.runtime.time_limit import within
from godploy_server.state import domains

HEALTH_PATH: Final = "/_godploy/health"
PUBLIC_HTTP_PORT: Final = 80  # where a CA's HTTP-01 challenge arrives, whatever ports the proxy has
CERTIFICATE_TIMEOUT_S: Final = 45.0

_POLL_S: Final = 0.5
_LOG_LINES: Final = 400


@dataclass(frozen=True)
class Certificate:
    """What the proxy shows for a name: who signed it, for which names, until when."""

    issuer: str
    names: tuple[str, ...]
    expires_at: datetime

    def covers(self, host: str, now: datetime) -> bool:
        """Whether it is good for `host` now. The proxy's own stand-in certificate never is."""
        wildcard = "*." + host.partition(".")[2]
        return now < self.expires_at and (host in self.names or wildcard in self.names)


def answered_by(instance_id: str, body: bytes) -> str:
    """Give "" when a health answer came from this server, else who seems to have given it."""
    try:
        said = json.loads(body)
    except ValueError:
        return "another web server"
    if not isinstance(said, dict) or "instance" not in said:
        return "another web server"
    return "" if said["instance"] == instance_id else "another Godploy server"


async def leads_here(engine: Engine, host: str) -> str:
    """Give "" when `host` leads to this server, else why not, in words.

    Fetched as a CA would: by name, on port 80. A server that cannot reach itself through its public address (no
    hairpin) is believed when the name resolves to an address of its own.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, PUBLIC_HTTP_PORT, type=socket.SOCK_STREAM)
    except OSError:
        return f"the name {host} does not resolve yet"
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    reasons = [await _address_leads_here(engine, host, address) for address in addresses]
    return next((each for each in reasons if each), "")


async def _address_leads_here(engine: Engine, host: str, address: str) -> str:
    try:
        answer = await http_get(address, PUBLIC_HTTP_PORT, HEALTH_PATH, host=host)
    except OSError as error:
        if engine.instance.http_port == PUBLIC_HTTP_PORT and _is_own_address(address):
            return ""
        return f"{host} leads to {address}, where nothing answers on port {PUBLIC_HTTP_PORT} ({error})"
    other = answered_by(engine.instance.id, answer.body)
    return f"{host} leads to {address}, where {other} answers" if other else ""


def _is_own_address(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return not address.startswith("127.")


async def shown_certificate(https_port: int, host: str) -> Certificate | None:
    """Give the certificate that the proxy shows for `host` on loopback, None when it does not answer."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what it is gets looked at here; a private CA's is as good
    try:
        _, writer = await within(asyncio.open_connection("127.0.0.1", https_port, ssl=context, server_hostname=host), 5)
    except (OSError, asyncio.TimeoutError):
        return None
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return certificate_of(shown) if shown else None


def certificate_of(encoded: bytes) -> Certificate:
    """Give what an X.509 certificate (DER) says."""
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(encoded)
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        hosts = ()
    # not_valid_after_utc is missing before cryptography 42 (Debian 12, Ubuntu 22.04 and 24.04)
    expires_at = getattr(parsed, "not_valid_after_utc", None) or parsed.not_valid_after.replace(tzinfo=timezone.utc)
    return Certificate(parsed.issuer.rfc4514_string(), hosts, expires_at)


def acme_failure(log_lines: list[str], host: str) -> str:
    """Give why the CA gave no certificate for `host`, from Traefik's log (its newest word on it); "" if it says
    nothing. Colours and Go's error chain are taken off."""
    for line in reversed(log_lines):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if host in plain and "ACME certificate" in plain and "nable to obtain" in plain:
            reason = re.search(r'error="((?:[^"\\]|\\.)*)"', plain) or re.search(r":: (.*)", plain)
            text = reason[1] if reason else plain
            return text.rsplit(":: ", 1)[-1].replace('\\"', '"').replace("\\n", " ").strip()[:300]
    return ""


async def check_domain(
    engine: Engine, domain: Domain, timeout_s: float = CERTIFICATE_TIMEOUT_S
) -> tuple[CertificateState, str]:
    """Look at a domain's DNS and certificate again, ask for a certificate if one may be had, and route accordingly.

    Gives the state and its detail, both recorded on the domain's row. Takes up to `timeout_s` while the CA is
    asked; the row says `pending` meanwhile. Raises nothing that a check can find: it becomes the state.
    """
    if not domain.tls:
        return await _settle(engine, domain, CertificateState.NONE, "")
    shown = await shown_certificate(engine.instance.https_port, domain.host)
    if shown is None or not shown.covers(domain.host, _now()):
        why = await leads_here(engine, domain.host)
        if why:
            return await _settle(engine, domain, CertificateState.WAITING_FOR_DNS, why)
        asked_at = time.time()
        await _settle(engine, domain, CertificateState.PENDING, "the certificate authority is being asked")
        shown, failure = await _wait_for_certificate(engine, domain.host, asked_at, timeout_s)
        if shown is None:
            return await _settle(engine, domain, CertificateState.FAILED, failure)
    return await _settle(engine, domain, CertificateState.VALID, f"expires {shown.expires_at:%Y-%m-%d}")


async def _wait_for_certificate(
    engine: Engine, host: str, asked_at: float, timeout_s: float
) -> tuple[Certificate | None, str]:
    deadline = time.monotonic() + timeout_s
    while True:
        shown = await shown_certificate(engine.instance.https_port, host)
        if shown is not None and shown.covers(host, _now()):
            return shown, ""
        failure = acme_failure(await _proxy_log(engine, asked_at), host)
        if failure:
            return None, failure
        if time.monotonic() >= deadline:
            return None, f"the certificate authority gave no certificate within {timeout_s:g} s"
        await asyncio.sleep(_POLL_S)


async def _proxy_log(engine: Engine, since: float) -> list[str]:
    with contextlib.suppress(DockerRefused):
        return await last_lines(engine.docker, traefik_container(engine.instance.prefix), _LOG_LINES, since=since)
    return []


async def _settle(engine: Engine, domain: Domain, state: CertificateState, detail: str) -> tuple[CertificateState, str]:
    try:
        domains.find(engine.connection, DomainId(domain.id))
    except NotFound:
        return state, detail  # it was deleted while the CA was asked
    changed = domains.set_certificate(engine.connection, domain.id, state, detail)
    if changed:
        with contextlib.suppress(GodployError):  # the file is written; the proxy takes it when it runs again
            await apply_domains(engine, domain.service_id)
    return state, detail


def _now() -> datetime:
    return datetime.now(timezone.utc)
