"""References between services: "SERVICE.OUTPUT" names a text that another service's template offers, made from that
service's variables at the moment it is asked for. Follows chains of them and refuses circles."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import quote

from godploy_server.contract.problem import Conflict
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.templates import PLACEHOLDER, Output, TemplateUse
from godploy_server.state import services
from godploy_server.state.secrets import Secrets
from godploy_server.state.services import ServiceRow

HIDDEN: Final = "••••••••"
"""Stands for the value of a secret where nobody asked to see it."""

_PLACEHOLDER: Final = re.compile(PLACEHOLDER)
_REFERENCE: Final = re.compile(r"([a-z](?:[a-z0-9-]{0,38}[a-z0-9])?)\.([A-Za-z][A-Za-z0-9_-]{0,39})")

_FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "url": lambda value: quote(value, safe=""),
    "sql": lambda value: value.replace("\\", "\\\\").replace("'", "''"),
    "json": json.dumps,
}


def fill(text: str, value_of: Callable[[str], str]) -> str:
    """Give `text` with each `${NAME}` and `${NAME|filter}` replaced; raises what `value_of` raises.

    An unknown filter is left as it stands: the desktop's templates are checked before they come here.
    """

    def value(match: re.Match[str]) -> str:
        name, filter_name = match[1], match[2]
        if filter_name is None:
            return value_of(name)
        if filter_name not in _FILTERS:
            return match[0]
        found = value_of(name)
        return found if found == HIDDEN else _FILTERS[filter_name](found)

    return _PLACEHOLDER.sub(value, text)


def names_in(text: str) -> frozenset[str]:
    """Give the names that the placeholders of a text stand for."""
    return frozenset(match[1] for match in _PLACEHOLDER.finditer(text))


def split_reference(reference: str) -> tuple[str, str] | None:
    """Give the service and the output that a reference names, None if it is not written as one."""
    match = _REFERENCE.fullmatch(reference)
    return (match[1], match[2]) if match else None


def public_port(settings: ServiceSettings, output: Output) -> int | None:
    """Give the server's port that leads to an output's port, None while it is not published."""
    found = (each.host_port for each in settings.published if each.container_port == output.port)
    return next(found, None)


class References:
    """Finds the values of variables and outputs. Without `secrets` those of secrets are HIDDEN.

    `public_host` is the address under which programs elsewhere reach this server.
    """

    def __init__(self, connection: sqlite3.Connection, secrets: Secrets | None, public_host: str = "") -> None:
        self._connection = connection
        self._secrets = secrets
        self._public_host = public_host
        self.opened: set[str] = set()  # the values of all secrets that were opened on the way

    def variable(self, service: ServiceRow, name: str, passed: tuple[str, ...] = ()) -> str:
        """Give the value of a service's variable. Raises Conflict when a reference leads nowhere or in a circle, and
        NotReady when a secret cannot be opened. `passed`: the variables on the way here."""
        row = self._connection.execute(
            "SELECT plain, sealed, reference FROM variables WHERE service_id = ? AND name = ?", (service.id, name)
        ).fetchone()
        if row is None:
            raise _broken(passed, f"{service.name} has no variable {name}", f"Set {name} of {service.name} again")
        if row["reference"]:
            here = f"{service.name}/{name}"
            if here in passed:
                way = " → ".join((*passed[passed.index(here) :], here))
                raise _broken(passed, f"its references go in a circle: {way}", "Let one of them hold a plain value")
            return self._referred(service, row["reference"], (*passed, here))
        if row["sealed"] is None:
            return str(row["plain"])
        if self._secrets is None:
            return HIDDEN
        value = self._secrets.unseal(service.id, name, row["sealed"])
        self.opened.add(value)
        return value

    def output(self, service: ServiceRow, output: Output, passed: tuple[str, ...] = ()) -> str:
        """Give the value of an output of a service. Raises as `variable` does, and Conflict for a public one whose
        port is not published."""
        place = {"host": service.name, "port": str(output.port), "public_host": self._public_host}
        port = public_port(service.settings, output)
        if port is not None:
            place["public_port"] = str(port)
        elif output.is_public:
            raise Conflict(
                f"{service.name} cannot be reached from elsewhere",
                f"port {output.port} of its container is not published on the server",
                "Publish the port in the service's settings and deploy it, if everyone shall reach it",
            )

        def value_of(name: str) -> str:
            return place[name] if name in place else self.variable(service, name, passed)

        return fill(output.text, value_of)

    def _referred(self, service: ServiceRow, reference: str, passed: tuple[str, ...]) -> str:
        parts = split_reference(reference)
        wanted, output_name = parts or (reference, "")
        other = services.find_named(self._connection, service.project_id, wanted)
        if other is None:
            raise _broken(
                passed,
                f"it refers to {reference}, and this project has no service {wanted}",
                "Connect another service, or give the variable a plain value",
            )
        outputs = {each.name: each for each in other.template.outputs} if other.template else {}
        if output_name not in outputs:
            offered = ", ".join(name for name, each in outputs.items() if not each.is_public) or "nothing to refer to"
            raise _broken(
                passed, f"it refers to {reference}, and {wanted} offers {offered}", "Refer to one that it offers"
            )
        if outputs[output_name].is_public:
            raise _broken(
                passed,
                f"{reference} is the way in for programs elsewhere",
                f"Refer to another output: inside the project {wanted} is reached directly",
            )
        return self.output(other, outputs[output_name], passed)


def dependents(
    connection: sqlite3.Connection, service: ServiceRow, changed: Iterable[str] | None = None
) -> list[ServiceRow]:
    """Give the services whose variables refer to `service`, by name; those in between and those behind them.

    `changed`: only if the outputs that they refer to are made from one of these variables.
    """
    found: dict[str, ServiceRow] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(service, None if changed is None else frozenset(changed))]
    while waiting:
        other, names = waiting.pop()
        wanted = _outputs_with(other.template, names)
        fresh: dict[str, set[str]] = {}
        for row in connection.execute(
            "SELECT service_id, variables.name, reference FROM variables JOIN services ON services.id = service_id"
            " WHERE project_id = ? AND reference <> ''",
            (other.project_id,),
        ):
            parts, key = split_reference(row["reference"]), (row["service_id"], row["name"])
            if parts and parts[0] == other.name and (names is None or parts[1] in wanted) and key not in seen:
                seen.add(key)
                fresh.setdefault(row["service_id"], set()).add(row["name"])
        for service_id, variables in fresh.items():
            found[service_id] = services.find(connection, service_id)
            waiting.append((found[service_id], frozenset(variables)))
    found.pop(service.id, None)
    return sorted(found.values(), key=lambda each: each.name)


def _outputs_with(template: TemplateUse | None, names: frozenset[str] | None) -> set[str]:
    if template is None or names is None:
        return set()
    return {each.name for each in template.outputs if names_in(each.text) & names}


def _broken(passed: tuple[str, ...], why: str, next_step: str) -> Conflict:
    first = passed[0].partition("/")[2] if passed else ""
    what = f"The variable {first} has no value" if first else "There is no value"
    return Conflict(what, why, next_step)
