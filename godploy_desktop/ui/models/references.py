"""Variables that take their value from another service: how they read, and what can be chosen. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from godploy_desktop.core.templates import connectable, suggested_variable
from godploy_desktop.ui.models import words
from godploy_server.contract import Output, Service, Variable


def split_reference(reference: str) -> tuple[str, str]:
    """Give back (service, output) of `db.url`."""
    service, _, output = reference.partition(".")
    return service, output


def reference_words(reference: str) -> str:
    """Give back how a reference reads: `from db: url`."""
    service, output = split_reference(reference)
    return f"from {service}: {output}"


def providers(services: Iterable[Service], of: Service) -> list[Service]:
    """Give back those services that `of` can take a value from: others of its project that offer one."""
    return [each for each in services if connectable(each) and each.id != of.id and each.project_id == of.project_id]


def provider_words(service: Service) -> str:
    """Give back how a service reads in a list of them: `db · PostgreSQL 16`."""
    return f"{service.name} · {words.service_kind(service)}"


def is_resolved(reference: str, found: Iterable[Service]) -> bool:
    """Whether something gives the value that a reference asks for."""
    name, output = split_reference(reference)
    return any(each.name == name and any(output == offered.name for offered in connectable(each)) for each in found)


def free_name(service: Service, output: Output, taken: Collection[str]) -> str:
    """Give back a name for the variable of an output that is not taken: its usual one, else one with the service's."""
    usual = suggested_variable(service, output)
    if usual not in taken:
        return usual
    prefix = service.name.replace("-", "_").upper()
    made = usual if usual.startswith(f"{prefix}_") else f"{prefix}_{usual}"
    return made if made not in taken else f"{made}_2"


def referring(variables: Iterable[Variable]) -> tuple[str, ...]:
    """Give back the names of the services that variables refer to, each once."""
    return tuple(dict.fromkeys(split_reference(each.reference)[0] for each in variables if each.reference))
