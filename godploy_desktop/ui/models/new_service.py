"""What is asked for when a service is made, from the text of the form. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from godploy_desktop.ui.models.forms import check_optional_host, parse_variables, suggested_name
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_server.contract import (
    ArchiveSource,
    CreateService,
    FolderSource,
    GitSource,
    ImageSource,
    ProjectId,
    ServiceKind,
    ServiceSettings,
    Source,
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


def with_secrets(request: CreateService, names: Collection[str]) -> CreateService:
    """Give back the request with the variables of those names as secrets."""
    variables = tuple(replace(each, is_secret=each.is_secret or each.name in names) for each in request.variables)
    return replace(request, variables=variables)


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
