"""What every operation of the engine works with: files, rows, secrets and Docker of one server side."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from godploy_server.contract import Project
from godploy_server.runtime.docker_client import DockerClient, docker_socket
from godploy_server.runtime.names import ServiceName
from godploy_server.state import projects, services, settings
from godploy_server.state.database import open_database
from godploy_server.state.paths import Paths
from godploy_server.state.secrets import Secrets
from godploy_server.state.services import ServiceRow
from godploy_server.state.settings import Instance


@dataclass(frozen=True)
class Engine:
    """One process's view of the server side; each process opens its own."""

    paths: Paths
    connection: sqlite3.Connection
    secrets: Secrets
    docker: DockerClient
    instance: Instance

    @classmethod
    def open(cls, paths: Paths, docker: DockerClient | None = None) -> Engine:
        """Open the state under `paths`; talks to the Docker that DOCKER_HOST names, or the default one."""
        connection = open_database(paths.database)
        return cls(
            paths,
            connection,
            Secrets(paths.secrets_key),
            docker or DockerClient(docker_socket()),
            settings.instance(connection),
        )

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def name_of(self, service_id: str) -> ServiceName:
        """Give what names a service's Docker objects. Raises NotFound."""
        return self.name(services.find(self.connection, service_id))

    def name(self, service: ServiceRow) -> ServiceName:
        """Give what names a service's Docker objects."""
        project: Project = projects.find(self.connection, service.project_id)
        return ServiceName(self.instance.prefix, project.id, project.name, service.id, service.name)
