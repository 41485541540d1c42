"""Rows of domains."""

from __future__ import annotations

import sqlite3

from godploy_server.contract.entities import CertificateState, Domain, DomainId, ServiceId
from godploy_server.contract.problem import BadInput, Conflict, NotFound
from godploy_server.contract.requests import check_host
from godploy_server.state.database import new_id, now, transaction

_PATH_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")


def create(connection: sqlite3.Connection, service_id: str, host: str, path: str = "/", tls: bool = True) -> Domain:
    """Write a new domain. Raises BadInput for a bad host or path, Conflict if another service has it."""
    host, path = check_host(host), _check_path(path)
    with transaction(connection):
        taken = connection.execute(
            "SELECT services.name FROM domains JOIN services ON services.id = domains.service_id"
            " WHERE host = ? AND path = ?",
            (host, path),
        ).fetchone()
        if taken:
            raise Conflict(
                f"{host}{path} is routed already",
                f"it leads to the service “{taken['name']}”",
                "Remove it there first, or choose another host or path",
            )
        state = CertificateState.WAITING_FOR_DNS if tls else CertificateState.NONE
        domain = Domain(DomainId(new_id()), ServiceId(service_id), host, path, tls, state)
        connection.execute(
            "INSERT INTO domains (id, service_id, host, path, tls, certificate, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (domain.id, service_id, host, path, int(tls), state.value, now().isoformat()),
        )
    return domain


def find(connection: sqlite3.Connection, domain_id: str) -> Domain:
    """Give a domain. Raises NotFound."""
    row = connection.execute("SELECT * FROM domains WHERE id = ?", (domain_id,)).fetchone()
    if row is None:
        raise NotFound("There is no such domain", f"no domain has the id {domain_id}", "Look at the service's domains")
    return _domain(row)


def of_service(connection: sqlite3.Connection, service_id: str) -> list[Domain]:
    """Give a service's domains, the oldest first."""
    rows = connection.execute("SELECT * FROM domains WHERE service_id = ? ORDER BY created_at, id", (service_id,))
    return [_domain(row) for row in rows]


def every(connection: sqlite3.Connection) -> list[Domain]:
    """Give all domains, the oldest first."""
    return [_domain(row) for row in connection.execute("SELECT * FROM domains ORDER BY created_at, id")]


def set_certificate(connection: sqlite3.Connection, domain_id: str, state: CertificateState, detail: str = "") -> bool:
    """Record whether HTTPS works; whether that is different from before."""
    changed = connection.execute(
        "UPDATE domains SET certificate = ?, certificate_detail = ?"
        " WHERE id = ? AND (certificate, certificate_detail) <> (?, ?)",
        (state.value, detail, domain_id, state.value, detail),
    )
    return changed.rowcount > 0


def delete(connection: sqlite3.Connection, domain_id: str) -> None:
    """Delete a domain."""
    connection.execute("DELETE FROM domains WHERE id = ?", (domain_id,))


def _check_path(path: str) -> str:
    # Unreserved characters of RFC 3986 only: the path becomes part of a Traefik rule.
    if not path.startswith("/") or len(path) > 200 or not set(path) <= _PATH_CHARACTERS:
        raise BadInput(
            f"“{path[:200]}” is not a path",
            "a path begins with / and holds letters, digits and - . _ ~ /",
            "Correct the path, or use / for the whole host",
        )
    return path if path == "/" else path.rstrip("/") or "/"


def _domain(row: sqlite3.Row) -> Domain:
    return Domain(
        id=DomainId(row["id"]),
        service_id=ServiceId(row["service_id"]),
        host=row["host"],
        path=row["path"],
        tls=bool(row["tls"]),
        certificate=CertificateState(row["certificate"]),
        certificate_detail=row["certificate_detail"],
    )
