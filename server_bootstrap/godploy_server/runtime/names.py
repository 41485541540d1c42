"""Names and labels of this server side's Docker objects. Only what carries its label is ever touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from godploy_server.contract import ProjectId, ServiceId

INSTANCE_LABEL: Final = "godploy.instance"
PROJECT_LABEL: Final = "godploy.project"
SERVICE_LABEL: Final = "godploy.service"
RELEASE_LABEL: Final = "godploy.release"
REPLICA_LABEL: Final = "godploy.replica"
CONFIG_LABEL: Final = "godploy.config"
ROLE_LABEL: Final = "godploy.role"
VOLUME_LABEL: Final = "godploy.volume"
BUILT_ELSEWHERE: Final = "upload-"
"""How the tag of an image begins that a desktop built for a deployment which has not taken it yet."""
_LONGEST_LABEL: Final = 63


@dataclass(frozen=True)
class ServiceName:
    """What names the objects of one service. `prefix` tells two agents on one Docker daemon apart."""

    prefix: str
    project_id: ProjectId
    project: str
    service_id: ServiceId
    service: str

    @property
    def network(self) -> str:
        """The project's network."""
        return network_name(self.prefix, self.project)

    def container(self, release: int, replica: int) -> str:
        """The container of one replica (counted from 1) of one release; also its upstream's DNS name.

        Where the names are too long for a DNS label (RFC 1035: 63) the service's id stands for both.
        """
        name = f"{self.prefix}-{self.project}-{self.service}-r{release}-{replica}"
        return name if len(name) <= _LONGEST_LABEL else f"{self.prefix}-{self.service_id}-r{release}-{replica}"

    def image(self, release: int | str) -> str:
        """The tag under which a release's image is kept."""
        return f"godploy/{self.service_id}:{release}"

    def volume(self, source: str) -> str:
        """The Docker volume that the service calls `source`. Releases share it."""
        return f"{self.prefix}-{self.project}-{self.service}-{source}"

    def labels(self, release: int | None = None) -> dict[str, str]:
        """The labels of everything that belongs to the service, or to one release of it."""
        labels = {
            INSTANCE_LABEL: self.prefix,
            PROJECT_LABEL: self.project_id,
            SERVICE_LABEL: self.service_id,
        }
        return labels if release is None else {**labels, RELEASE_LABEL: str(release)}

    def filters(self, release: int | None = None) -> dict[str, list[str]]:
        """Docker's `filters` value that matches exactly those objects."""
        return {"label": [f"{name}={value}" for name, value in self.labels(release).items()]}


def network_name(prefix: str, project: str) -> str:
    """Give the name of a project's network."""
    return f"{prefix}-{project}"


def edge_network(prefix: str) -> str:
    """Give the name of Traefik's own network."""
    return f"{prefix}-edge"


def traefik_container(prefix: str) -> str:
    """Give the name of the proxy's container."""
    return f"{prefix}-traefik"
