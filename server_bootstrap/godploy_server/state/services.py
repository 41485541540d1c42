"""Rows of services: what a person set. What is true of a service now is computed by `watch` and never stored."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from godploy_server.contract.entities import ProjectId, ServiceId, ServiceKind
from godploy_server.contract.problem import Conflict, NotFound
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.templates import TemplateUse
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import new_id, now, time_of, transaction


@dataclass(frozen=True)
class ServiceRow:
    """One service as it is stored.

    `config_version` counts each change that a new deployment would apply; `release` is the number of the release that
    serves; `is_stopped`: a person stopped it.
    """

    id: ServiceId
    project_id: ProjectId
    name: str
    kind: ServiceKind
    settings: ServiceSettings
    is_stopped: bool
    config_version: int
    deploy_key: str
    created_at: datetime
    release: int | None = None
    release_config_version: int | None = None
    template: TemplateUse | None = None

    @property
    def needs_deployment(self) -> bool:
        """Whether a deployment would change what serves."""
        return self.release is not None and self.release_config_version != self.config_version


_SELECT: Final = (
    "SELECT services.*, releases.number AS serving, releases.config_version AS serving_version FROM services"
    " LEFT JOIN releases ON releases.service_id = services.id AND releases.is_serving"
)


def create(
    connection: sqlite3.Connection,
    project_id: str,
    name: str,
    kind: ServiceKind,
    settings: ServiceSettings,
    deploy_key: str,
    service_id: str | None = None,
    template: TemplateUse | None = None,
) -> ServiceRow:
    """Write a new service; `service_id` where its key folder was made before the row. Raises Conflict, NotFound."""
    with transaction(connection):
        if not connection.execute("SELECT 1 FROM projects WHERE id = ?", (project_id,)).fetchone():
            raise NotFound(
                "There is no such project", f"no project has the id {project_id}", "Look at the list of projects"
            )
        _require_free_name(connection, project_id, name)
        row_id = service_id or new_id()
        connection.execute(
            "INSERT INTO services (id, project_id, name, kind, settings, deploy_key, created_at, template)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row_id, project_id, name, kind.value, _dump(settings), deploy_key, now().isoformat(),
                None if template is None else _dump(template),
            ),
        )  # fmt: skip
    return find(connection, row_id)


def find(connection: sqlite3.Connection, service_id: str) -> ServiceRow:
    """Give a service. Raises NotFound."""
    row = connection.execute(f"{_SELECT} WHERE services.id = ?", (service_id,)).fetchone()
    if row is None:
        raise NotFound(
            "There is no such service", f"no service has the id {service_id}", "Look at the list of services"
        )
    return _service(row)


def find_named(connection: sqlite3.Connection, project_id: str, name: str) -> ServiceRow | None:
    """Give the service of that name in a project, None if there is none."""
    row = connection.execute(
        f"{_SELECT} WHERE services.project_id = ? AND services.name = ?", (project_id, name)
    ).fetchone()
    return None if row is None else _service(row)


def every(connection: sqlite3.Connection, project_id: str | None = None) -> list[ServiceRow]:
    """Give all services, or those of one project, by name."""
    if project_id is None:
        rows = connection.execute(f"{_SELECT} ORDER BY services.name, services.id")
    else:
        rows = connection.execute(f"{_SELECT} WHERE project_id = ? ORDER BY services.name", (project_id,))
    return [_service(row) for row in rows]


def change(
    connection: sqlite3.Connection,
    service_id: str,
    settings: ServiceSettings | None = None,
    name: str | None = None,
    template: TemplateUse | None = None,
) -> ServiceRow:
    """Replace settings, name or template; what is None stays. Counts `config_version` up if a deployment would apply
    something that is different now."""
    with transaction(connection):
        before = find(connection, service_id)
        if name is not None and name != before.name:
            _require_free_name(connection, before.project_id, name)
        after = (settings or before.settings, name or before.name)
        if after != (before.settings, before.name):
            connection.execute(
                "UPDATE services SET settings = ?, name = ?, config_version = config_version + 1 WHERE id = ?",
                (_dump(after[0]), after[1], service_id),
            )
        if after[1] != before.name:
            _rename_references(connection, before.project_id, before.name, after[1])
        if template is not None and template != before.template:
            connection.execute("UPDATE services SET template = ? WHERE id = ?", (_dump(template), service_id))
    return find(connection, service_id)


def touch(connection: sqlite3.Connection, service_id: str) -> None:
    """Count `config_version` up: something that a deployment would apply (a variable) is different now."""
    connection.execute("UPDATE services SET config_version = config_version + 1 WHERE id = ?", (service_id,))


def set_stopped(connection: sqlite3.Connection, service_id: str, is_stopped: bool) -> None:
    """Record what a person asked for: stopped or running."""
    connection.execute("UPDATE services SET is_stopped = ? WHERE id = ?", (int(is_stopped), service_id))


def delete(connection: sqlite3.Connection, service_id: str) -> None:
    """Delete a service with its variables, domains, deployments and releases."""
    connection.execute("DELETE FROM services WHERE id = ?", (service_id,))


def _require_free_name(connection: sqlite3.Connection, project_id: str, name: str) -> None:
    taken = connection.execute("SELECT 1 FROM services WHERE project_id = ? AND name = ?", (project_id, name))
    if taken.fetchone():
        raise Conflict(
            f"There is a service called “{name}” already",
            "the names of services are unique in a project",
            "Choose another name",
        )


def _rename_references(connection: sqlite3.Connection, project_id: str, before: str, after: str) -> None:
    """Let variables that refer to `before.OUTPUT` in this project refer to `after.OUTPUT`."""
    connection.execute(
        "UPDATE variables SET reference = ? || substr(reference, length(?) + 1)"
        " WHERE substr(reference, 1, length(?) + 1) = ? || '.'"
        " AND service_id IN (SELECT id FROM services WHERE project_id = ?)",
        (after, before, before, before, project_id),
    )


def _dump(value: ServiceSettings | TemplateUse) -> str:
    return json.dumps(to_json(value), separators=(",", ":"))


def _service(row: sqlite3.Row) -> ServiceRow:
    created_at = time_of(row["created_at"])
    assert created_at is not None
    return ServiceRow(
        id=ServiceId(row["id"]),
        project_id=ProjectId(row["project_id"]),
        name=row["name"],
        kind=ServiceKind(row["kind"]),
        settings=from_json(ServiceSettings, json.loads(row["settings"])),
        is_stopped=bool(row["is_stopped"]),
        config_version=row["config_version"],
        deploy_key=row["deploy_key"],
        created_at=created_at,
        release=row["serving"],
        release_config_version=row["serving_version"],
        template=None if row["template"] is None else from_json(TemplateUse, json.loads(row["template"])),
    )
