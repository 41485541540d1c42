"""Rows of projects."""

from __future__ import annotations

import sqlite3

from godploy_server.contract.entities import Project, ProjectId
from godploy_server.contract.problem import Conflict, NotFound
from godploy_server.state.database import new_id, now, time_of, transaction


def create(connection: sqlite3.Connection, name: str, subnet: str) -> Project:
    """Write a new project. Raises Conflict if the name is taken."""
    with transaction(connection):
        if connection.execute("SELECT 1 FROM projects WHERE name = ?", (name,)).fetchone():
            raise Conflict(
                f"There is a project called “{name}” already",
                "the names of projects are unique on a server",
                "Choose another name",
            )
        project = Project(ProjectId(new_id()), name, subnet, now())
        connection.execute(
            "INSERT INTO projects (id, name, subnet, created_at) VALUES (?, ?, ?, ?)",
            (project.id, name, subnet, project.created_at.isoformat()),
        )
    return project


def find(connection: sqlite3.Connection, project_id: str) -> Project:
    """Give a project. Raises NotFound."""
    row = connection.execute("SELECT * FROM projects WHERE id = ?", (project_id,)).fetchone()
    if row is None:
        raise NotFound(
            "There is no such project", f"no project has the id {project_id}", "Look at the list of projects"
        )
    return _project(row)


def every(connection: sqlite3.Connection) -> list[Project]:
    """Give all projects by name."""
    return [_project(row) for row in connection.execute("SELECT * FROM projects ORDER BY name")]


def set_subnet(connection: sqlite3.Connection, project_id: str, subnet: str) -> None:
    """Record that the project's network has another subnet now."""
    connection.execute("UPDATE projects SET subnet = ? WHERE id = ?", (subnet, project_id))


def delete(connection: sqlite3.Connection, project_id: str) -> None:
    """Delete a project that holds no service any more."""
    connection.execute("DELETE FROM projects WHERE id = ?", (project_id,))


def _project(row: sqlite3.Row) -> Project:
    created_at = time_of(row["created_at"])
    assert created_at is not None
    return Project(ProjectId(row["id"]), row["name"], row["subnet"], created_at)
