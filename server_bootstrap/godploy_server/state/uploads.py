"""Rows of uploads: what was sent for a service. The files themselves lie in `uploads/<id>` and `blobs`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from godploy_server.contract.entities import ServiceId
from godploy_server.contract.problem import NotFound
from godploy_server.state.database import now, time_of, transaction

KEPT: Final = 5
"""So many whole uploads of a service stay, and so many that never became whole."""


@dataclass(frozen=True)
class UploadRow:
    """One upload. It `is_whole` once every content arrived; only then a deployment can be built from it."""

    id: str
    service_id: ServiceId
    name: str
    is_archive: bool
    size_bytes: int
    is_whole: bool
    created_at: datetime


def create(
    connection: sqlite3.Connection,
    upload_id: str,
    service_id: str,
    name: str,
    size_bytes: int,
    *,
    is_archive: bool,
    is_whole: bool,
) -> UploadRow:
    """Write an upload whose folder is there already."""
    connection.execute(
        "INSERT INTO uploads (id, service_id, name, is_archive, size_bytes, is_whole, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (upload_id, service_id, name, int(is_archive), size_bytes, int(is_whole), now().isoformat()),
    )
    return find(connection, service_id, upload_id)


def find(connection: sqlite3.Connection, service_id: str, upload_id: str) -> UploadRow:
    """Give an upload of a service. Raises NotFound."""
    row = connection.execute(
        "SELECT * FROM uploads WHERE id = ? AND service_id = ?", (upload_id, service_id)
    ).fetchone()
    if row is None:
        raise NotFound(
            "There is no such upload",
            f"this service has none with the id {upload_id[:64]}; the newest {KEPT} are kept",
            "Send the files again",
        )
    return _upload(row)


def of_service(connection: sqlite3.Connection, service_id: str, limit: int = KEPT) -> list[UploadRow]:
    """Give a service's uploads, the newest first."""
    rows = connection.execute(
        "SELECT * FROM uploads WHERE service_id = ? ORDER BY created_at DESC, id LIMIT ?", (service_id, limit)
    )
    return [_upload(row) for row in rows]


def newest(connection: sqlite3.Connection, service_id: str) -> UploadRow | None:
    """Give the newest whole upload of a service."""
    row = connection.execute(
        "SELECT * FROM uploads WHERE service_id = ? AND is_whole ORDER BY created_at DESC, id LIMIT 1", (service_id,)
    ).fetchone()
    return None if row is None else _upload(row)


def ids(connection: sqlite3.Connection) -> set[str]:
    """Give the ids of all uploads."""
    return {row["id"] for row in connection.execute("SELECT id FROM uploads")}


def set_whole(connection: sqlite3.Connection, upload_id: str) -> None:
    """Record that everything arrived."""
    connection.execute("UPDATE uploads SET is_whole = 1 WHERE id = ?", (upload_id,))


def trim(connection: sqlite3.Connection, service_id: str) -> list[str]:
    """Forget the uploads of a service beyond the newest KEPT, whole and broken ones counted each for themselves.

    One that a deployment which did not end is built from stays. Gives the ids of those that went.
    """
    with transaction(connection):
        rows = connection.execute(
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY is_whole ORDER BY created_at DESC, id) AS place"
            " FROM uploads WHERE service_id = ?) WHERE place > ? AND id NOT IN"
            " (SELECT upload FROM deployments WHERE service_id = ? AND state IN ('queued', 'running'))",
            (service_id, KEPT, service_id),
        )
        outdated = [row["id"] for row in rows]
        connection.executemany("DELETE FROM uploads WHERE id = ?", ((each,) for each in outdated))
    return outdated


def _upload(row: sqlite3.Row) -> UploadRow:
    created_at = time_of(row["created_at"])
    assert created_at is not None
    return UploadRow(
        id=row["id"],
        service_id=ServiceId(row["service_id"]),
        name=row["name"],
        is_archive=bool(row["is_archive"]),
        size_bytes=row["size_bytes"],
        is_whole=bool(row["is_whole"]),
        created_at=created_at,
    )
