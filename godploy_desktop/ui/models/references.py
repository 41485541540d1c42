"""Variables that take their value from another service: how they read, and what can be chosen. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from godploy_server.contract import Output, Service, TemplateUse, Variable

USUAL_NAME = "DATABASE_URL"


@dataclass(frozen=True)
class Provider:
    """A service that others can take values from."""

    service: Service
    template: TemplateUse

    @property
    def title(self) -> str:
        """What a list of them shows: `db · PostgreSQL 16`."""
        return f"{self.service.name} · {self.template.title} {self.template.version}"


def split_reference(reference: str) -> tuple[str, str]:
    """Give back (service, output) of `db.url`."""
    service, _, output = reference.partition(".")
    return service, output


def reference_words(reference: str) -> str:
    """Give back how a reference reads: `from db: url`."""
    service, output = split_reference(reference)
    return f"from {service}: {output}"


def providers(services: Iterable[Service], of: Service) -> list[Provider]:
    """Give back those of the project's services that `of` can refer to."""
    return [
        Provider(each, each.template)
        for each in services
        if each.template is not None and each.template.outputs and each.id != of.id and each.project_id == of.project_id
    ]


def is_resolved(reference: str, found: Iterable[Provider]) -> bool:
    """Whether something gives the value that a reference asks for."""
    name, output = split_reference(reference)
    return any(
        each.service.name == name and any(output == offered.name for offered in each.template.outputs) for each in found
    )


def output_words(output: Output) -> str:
    """Give back how an output reads in a list, with who can use it."""
    return f"{output.name} · for programs elsewhere" if output.is_public else f"{output.name} · inside the project"


def suggested_name(provider: Provider, output: Output, taken: Collection[str]) -> str:
    """Give back the name of the variable for an output: DATABASE_URL, or one made from the service's name."""
    if output.name == "url" and USUAL_NAME not in taken:
        return USUAL_NAME
    made = f"{provider.service.name}_{output.name}".replace("-", "_").upper()
    return made if made not in taken else f"{made}_2"


def referring(variables: Iterable[Variable]) -> tuple[str, ...]:
    """Give back the names of the services that variables refer to, each once."""
    return tuple(dict.fromkeys(split_reference(each.reference)[0] for each in variables if each.reference))
