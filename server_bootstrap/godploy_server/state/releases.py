"""Rows of releases: an image and the exact configuration it runs with. Written once; only `is_serving` changes."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from godploy_server.contract.entities import DeploymentId, Release, ServiceId
from godploy_server.contract.problem import NotFound
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import now, time_of, transaction
from godploy_server.state.secrets import Secrets


@dataclass(frozen=True)
class ReleaseSnapshot:
    """What a release runs with. `environment` holds the values of secrets: it is sealed at rest and never printed."""

    settings: ServiceSettings
    environment: dict[str, str] = field(repr=False)
    config_version: int  # of the service when the snapshot was taken


def create(
    connection: sqlite3.Connection,
    secrets: Secrets,
    service_id: str,
    deployment_id: str,
    image: str,
    image_id: str,
    commit: str,
    commit_message: str,
    snapshot: ReleaseSnapshot,
    number: int | None = None,
) -> Release:
    """Write a release, under `number` where `next_number` gave one, and record it on its deployment."""
    stored = {
        "settings": to_json(snapshot.settings),
        "environment": {
            name: base64.b64encode(secrets.seal(service_id, name, value)).decode()
            for name, value in snapshot.environment.items()
        },
    }
    with transaction(connection):
        chosen = next_number(connection, service_id) if number is None else number
        connection.execute(
            'INSERT INTO releases (service_id, number, deployment_id, image, image_id, "commit", commit_message,'
            " config_version, snapshot, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                service_id, chosen, deployment_id, image, image_id, commit, commit_message,
                snapshot.config_version, json.dumps(stored), now().isoformat(),
            ),
        )  # fmt: skip
        connection.execute('UPDATE deployments SET "release" = ? WHERE id = ?', (chosen, deployment_id))
    return find(connection, service_id, chosen)


def next_number(connection: sqlite3.Connection, service_id: str) -> int:
    """Give the number of a service's next release. Only its running deployment may use it.

    Counts on from the deployments' rows too: the number of a removed release is never given again.
    """
    row = connection.execute(
        "SELECT max(coalesce((SELECT max(number) FROM releases WHERE service_id = ?), 0),"
        ' coalesce((SELECT max("release") FROM deployments WHERE service_id = ?), 0)) + 1',
        (service_id, service_id),
    ).fetchone()
    return int(row[0])


def find(connection: sqlite3.Connection, service_id: str, number: int, instant: Collection[int] = ()) -> Release:
    """Give a release; `instant`: the numbers of the service's releases whose containers exist. Raises NotFound."""
    return _release(_row(connection, service_id, number), instant)


def of_service(connection: sqlite3.Connection, service_id: str, instant: Collection[int] = ()) -> list[Release]:
    """Give a service's releases, the newest first; `instant` as for `find`."""
    rows = connection.execute("SELECT * FROM releases WHERE service_id = ? ORDER BY number DESC", (service_id,))
    return [_release(row, instant) for row in rows]


def snapshot_of(connection: sqlite3.Connection, secrets: Secrets, service_id: str, number: int) -> ReleaseSnapshot:
    """Give what a release runs with, secrets opened. Raises NotFound, and NotReady if a secret cannot be opened."""
    row = _row(connection, service_id, number)
    stored = json.loads(row["snapshot"])
    return ReleaseSnapshot(
        settings=from_json(ServiceSettings, stored["settings"]),
        environment={
            name: secrets.unseal(service_id, name, base64.b64decode(sealed))
            for name, sealed in stored["environment"].items()
        },
        config_version=row["config_version"],
    )


def settings_of(connection: sqlite3.Connection, service_id: str, number: int) -> ServiceSettings:
    """Give the settings that a release runs with; opens no secret. Raises NotFound."""
    return from_json(ServiceSettings, json.loads(_row(connection, service_id, number)["snapshot"])["settings"])


def newest_handed_over(connection: sqlite3.Connection, service_id: str) -> Release | None:
    """Give the newest release whose image was built elsewhere and handed over with its deployment.

    One that only took the image of an earlier release again (with other variables) is not newer than that one.
    """
    row = connection.execute(
        "SELECT releases.*, min(releases.number) FROM releases"
        " JOIN deployments ON deployments.id = releases.deployment_id"
        " WHERE releases.service_id = ? AND deployments.image_id != '' AND releases.image_id NOT IN"
        " (SELECT built.image_id FROM releases AS built JOIN deployments AS of_it ON of_it.id = built.deployment_id"
        " WHERE built.service_id = ? AND of_it.image_id = '')"
        " GROUP BY releases.image_id ORDER BY releases.number DESC LIMIT 1",
        (service_id, service_id),
    ).fetchone()
    return None if row is None else _release(row, ())


def set_serving(connection: sqlite3.Connection, service_id: str, number: int | None) -> None:
    """Record which release serves; None for none."""
    with transaction(connection):
        connection.execute("UPDATE releases SET is_serving = 0 WHERE service_id = ? AND is_serving", (service_id,))
        connection.execute(
            "UPDATE releases SET is_serving = 1 WHERE service_id = ? AND number = ?", (service_id, number)
        )


def delete(connection: sqlite3.Connection, service_id: str, number: int) -> None:
    """Forget a release whose image was removed. The one that serves stays."""
    connection.execute(
        "DELETE FROM releases WHERE service_id = ? AND number = ? AND NOT is_serving", (service_id, number)
    )


def _row(connection: sqlite3.Connection, service_id: str, number: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM releases WHERE service_id = ? AND number = ?", (service_id, number)
    ).fetchone()
    if row is None:
        raise NotFound(
            f"There is no release {number} of this service",
            "it was never made, or was removed with its image to free space",
            "Choose one of the service's releases",
        )
    return row


def _release(row: sqlite3.Row, instant: Collection[int]) -> Release:
    created_at = time_of(row["created_at"])
    assert created_at is not None
    return Release(
        service_id=ServiceId(row["service_id"]),
        number=row["number"],
        image=row["image"],
        image_id=row["image_id"],
        commit=row["commit"],
        commit_message=row["commit_message"],
        created_at=created_at,
        deployment_id=DeploymentId(row["deployment_id"]),
        is_serving=bool(row["is_serving"]),
        is_instant=row["number"] in instant,
    )
