"""What is asked for when a service is made, from the text of the form. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from godploy_desktop.ui.models.forms import check_optional_host, parse_variables, suggested_name
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_server.contract import (
    ArchiveSource,
    CreateService,
    FolderSource,
    GitSource,
    GodployError,
    ImageSource,
    ProjectId,
    ServiceKind,
    ServiceSettings,
    Source,
    check_variable_name,
)

EMPTY: Final[Mapping[str, Source]] = {
    "git": GitSource(""),
    "folder": FolderSource("", ""),
    "archive": ArchiveSource(""),
    "image": ImageSource(""),
    "custom": ImageSource(""),
}
"""What each choice of the form begins with. A database comes from a template, not from here."""

DOCKER_HUB: Final = "docker.io"


def new_service_request(
    choice: str, project_id: ProjectId, fields: Mapping[str, str], computer: str = ""
) -> CreateService:
    """Give back the request for one of EMPTY; what no field names is as the contract's defaults have it.

    Raises BadInput for the first field that cannot be used. `computer` is what this computer is called.
    """
    before = ServiceSettings(EMPTY[choice])
    settings = settings_of(before, fields_of(before) | dict(fields), computer)
    kind = ServiceKind.IMAGE if isinstance(settings.source, ImageSource) else ServiceKind.APPLICATION
    return CreateService(project_id, fields["name"], settings, kind, parse_variables(fields["variables"]))


def variables_of_example(text: str) -> str:
    """Give back what a `.env.example` names, as it is typed: NAME=value a line, without comments and quotes. Lines
    that no variable can be made from are left out, and the later of two wins."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        try:
            if equals and check_variable_name(name):
                found[name] = value
        except GodployError:
            continue
    return "\n".join(f"{name}={value}" for name, value in found.items())


def wanted_host(fields: Mapping[str, str]) -> str:
    """Give back the domain that was typed, "" for none."""
    return check_optional_host(fields.get("domain", ""))


def name_for(choice: str, fields: Mapping[str, str]) -> str:
    """Give back a name for the service, made from where it comes from."""
    match choice:
        case "git":
            return suggested_name(fields["url"])
        case "folder":
            return suggested_name(fields["folder"].rstrip("/\\").replace("\\", "/"))
        case "archive":
            return suggested_name(fields["archive"].replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0])
        case _:
            name = fields["image"].partition("@")[0].rsplit("/", 1)[-1]
            return suggested_name(name.partition(":")[0])


def with_registry(image: str, host: str) -> str:
    """Give back `image` at the registry `host`, in place of the registry it names now; Docker Hub needs no name."""
    first, slash, rest = image.strip().partition("/")
    names_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    bare = rest if names_registry else image.strip()
    return bare if host in ("", DOCKER_HUB) else f"{host}/{bare}"


def registry_of(image: str) -> str:
    """Give back the registry that an image names, "docker.io" where it names none."""
    first, slash, _rest = image.strip().partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else DOCKER_HUB
