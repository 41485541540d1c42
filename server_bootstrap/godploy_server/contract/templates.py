"""What the server knows of a service that was made from a template. The templates themselves are the desktop's.

Texts may hold `${NAME}`: a variable of the service, or one of `host`, `port`, `public_host`, `public_port`.
`${NAME|url}` percent-encodes it (RFC 3986), `${NAME|sql}` doubles single quotes and backslashes, `${NAME|json}` makes
a JSON text of it, quotes included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from godploy_server.contract.problem import Problem

PLACEHOLDER: Final = r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([a-z]+))?\}"
"""What stands for a value in a text: group 1 is the name, group 2 the filter, if any. A regular expression."""

FILTERS: Final = ("url", "sql", "json")
PLACE_NAMES: Final = ("host", "port", "public_host", "public_port")
"""Names that stand for where a service is reached; every other name is one of its variables."""


@dataclass(frozen=True)
class Output:
    """Something that other services take as a variable's value, such as a connection string."""

    name: str
    text: str
    port: int = 0  # the container's port that `${port}` and `${public_port}` stand for
    is_public: bool = False  # for programs elsewhere: only while that port is published
    variable: str = ""  # the name that an application's variable with it mostly has, such as DATABASE_URL


@dataclass(frozen=True)
class Rotation:
    """How the password changes: `command` runs in the container with `input` on its stdin, in which `${new}` is the
    new password. Without a command a new container with the new variable is enough."""

    variable: str
    command: tuple[str, ...] = ()
    input: str = ""


@dataclass(frozen=True)
class TemplateUse:
    """Which template a service was made from, and what of it the server needs."""

    name: str
    title: str
    version: str
    icon: str = ""
    outputs: tuple[Output, ...] = ()
    rotation: Rotation | None = None


@dataclass(frozen=True)
class Connection:
    """An output with its value; the passwords in it are dots unless they were asked for."""

    name: str
    value: str
    is_public: bool
    problem: Problem | None = None  # why there is no value


@dataclass(frozen=True)
class RotatePassword:
    """Change the password of a service made from a template. `value` None: a generated one. `redeploys`: services
    that refer to it are deployed again, so that they go on working."""

    value: str | None = None
    redeploys: bool = True
    asked_by: str = ""


@dataclass(frozen=True)
class Rotated:
    """What a rotation set in motion: names of the services that refer to the password, ids of the deployments."""

    dependents: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
