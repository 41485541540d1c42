"""What a caller sends. Each is one JSON body; `checks` of names and values live beside the type they check."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from godploy_server.contract.building import ToolSource
from godploy_server.contract.entities import ProjectId, ServiceKind, Trigger, Variable
from godploy_server.contract.problem import BadInput
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.templates import TemplateUse

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEERING = frozenset({"PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "TMPDIR", "GODEBUG", "GLIBC_TUNABLES"})
_STEERING_BEGINNINGS = ("LD_", "DOCKER_", "BUILDX_", "XDG_", "SSH_", "SSL_", "OTEL_", "GIT_", "PYTHON")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def check_name(name: str, what: str) -> str:
    """Give back `name` if a project or service may be called so; raises BadInput naming `what`.

    Lower-case letters, digits and dashes, 1 to 40 characters, beginning with a letter: the part of RFC 1035 labels
    that also serves as a Docker name and a DNS name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"“{name}” cannot be the name of a {what}",
            "a name has 1 to 40 lower-case letters, digits and dashes, begins with a letter and does not end in a dash",
            "Choose another name",
        )
    return name


def check_variable_name(name: str) -> str:
    """Give back `name` if it can be the name of an environment variable (POSIX: letters, digits, underscore)."""
    if not _VARIABLE.fullmatch(name):
        raise BadInput(
            f"“{name}” cannot be the name of a variable",
            "a name has letters, digits and underscores and does not begin with a digit",
            "Correct the name",
        )
    return name


def check_build_argument(name: str) -> str:
    """Give back `name` if a build argument may be called so; raises BadInput.

    The values of build arguments reach the docker command through its environment (never its arguments, which every
    user of the server can read), so none may be called what would steer that command, which runs as root.
    """
    check_variable_name(name)
    if name.upper() in _STEERING or name.upper().startswith(_STEERING_BEGINNINGS):
        raise BadInput(
            f"“{name}” cannot be the name of a build argument",
            "the programs that build images on the server would take it as meant for themselves",
            "Choose another name, in the Dockerfile's ARG too",
        )
    return name


def check_host(host: str) -> str:
    """Give back `host` in lower case if it is a full host name (RFC 1123); raises BadInput."""
    lowered = host.strip().lower().rstrip(".")
    if not _HOST.fullmatch(lowered):
        raise BadInput(
            f"“{host}” is not a host name",
            "a domain is a full host name such as shop.example.com, without https:// and without a path",
            "Correct the host name",
        )
    return lowered


@dataclass(frozen=True)
class CreateProject:
    """Make a project and its network."""

    name: str


@dataclass(frozen=True)
class CreateService:
    """Make a service; it is not deployed yet."""

    project_id: ProjectId
    name: str
    settings: ServiceSettings
    kind: ServiceKind = ServiceKind.APPLICATION
    variables: tuple[Variable, ...] = ()
    template: TemplateUse | None = None


@dataclass(frozen=True)
class ChangeService:
    """Replace a service's settings, or its name. What is None stays."""

    settings: ServiceSettings | None = None
    name: str | None = None
    template: TemplateUse | None = None


@dataclass(frozen=True)
class SetVariables:
    """Change variables: `put` adds or replaces (a secret with value None keeps the value it has), `remove` deletes."""

    put: tuple[Variable, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddDomain:
    """Route a host name and a path prefix to the service. Takes effect at once for the release that serves."""

    host: str
    path: str = "/"
    tls: bool = True


@dataclass(frozen=True)
class Deploy:
    """Ask for a deployment.

    `commit` "" means the newest of the branch (or the tag or commit that the source names). `upload` "" means the
    newest upload, where the source is a folder or an archive. `image_id` is an image that the desktop built on this
    server from a folder, and `build_log` what that build said: it begins the deployment's log.
    """

    commit: str = ""
    trigger: Trigger = Trigger.MANUAL
    asked_by: str = ""
    upload: str = ""
    image_id: str = ""
    build_log: str = ""


@dataclass(frozen=True)
class RollBack:
    """Ask for a rollback to a release of the same service."""

    release: int
    asked_by: str = ""


@dataclass(frozen=True)
class ChangeSettings:
    """Replace the server's settings that are named; what is None stays."""

    builds_at_once: int | None = None
    kept_releases: int | None = None
    acme_email: str | None = None
    acme_ca_url: str | None = None
    acme_ca_certificate: str | None = None
    network_pool: str | None = None
    build_memory_bytes: int | None = None
    build_cpus: float | None = None
    kept_build_days: int | None = None
    static_image: str | None = None
    tools: tuple[ToolSource, ...] | None = None


@dataclass(frozen=True)
class ShutDown:
    """End an embedded agent. With `removes_proxy` its proxy and the proxy's network go first, unless a container of
    a service is left that may need them."""

    removes_proxy: bool = False


@dataclass(frozen=True)
class Leftovers:
    """The names of what an agent that ends leaves in Docker."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemovalPreview:
    """What a deletion would take with it, in words a confirmation can show."""

    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    domains: tuple[str, ...] = field(default=())
    dependents: tuple[str, ...] = ()  # services with variables that refer to it
