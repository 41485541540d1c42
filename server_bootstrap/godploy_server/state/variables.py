"""Rows of variables. A secret's value is sealed; only `environment` opens it, for jobs and for what they start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Literal

from godploy_server.contract.entities import Variable
from godploy_server.contract.problem import BadInput, GodployError
from godploy_server.contract.requests import check_build_argument, check_variable_name
from godploy_server.state import services
from godploy_server.state.database import transaction
from godploy_server.state.references import References, dependents, split_reference
from godploy_server.state.secrets import Secrets

Moment = Literal["run", "build"]
"""When a variable is seen: by the program (`at_run`) or by the build (`at_build`)."""

_COLUMNS: Final[dict[Moment, str]] = {"run": "at_run", "build": "at_build"}


def of_service(connection: sqlite3.Connection, service_id: str) -> list[Variable]:
    """Give a service's variables by name, the values of secrets and references left out."""
    rows = connection.execute("SELECT * FROM variables WHERE service_id = ? ORDER BY name", (service_id,))
    return [_variable(row) for row in rows]


def environment(
    connection: sqlite3.Connection, secrets: Secrets, service_id: str, at: Moment = "run"
) -> dict[str, str]:
    """Give the variables that the program (or the build) of a service sees, by name, secrets opened and references
    followed.

    Which of them are secret `of_service` tells (`is_secret`; what a reference gives is). Raises NotReady if a secret
    cannot be opened, Conflict if a reference leads nowhere or in a circle.
    """
    references = References(connection, secrets)
    service = services.find(connection, service_id)
    rows = connection.execute(
        f"SELECT name FROM variables WHERE service_id = ? AND {_COLUMNS[at]} ORDER BY name", (service_id,)
    ).fetchall()
    return {row["name"]: references.variable(service, row["name"]) for row in rows}


def secrets_behind(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> set[str]:
    """Give the secrets that a service's references are made of: a password is no less secret outside its connection
    string. What cannot be opened or found is left out."""
    references = References(connection, secrets)
    service = services.find(connection, service_id)
    for each in of_service(connection, service_id):
        if each.reference:
            with suppress(GodployError):
                references.variable(service, each.name)
    return references.opened


def change(
    connection: sqlite3.Connection,
    secrets: Secrets,
    service_id: str,
    put: Iterable[Variable] = (),
    remove: Iterable[str] = (),
) -> None:
    """Add, replace and delete variables in one transaction; services that refer to them need a deployment then.

    Raises BadInput for a bad name or a missing value, Conflict for a reference that leads nowhere or in a circle.
    """
    with transaction(connection):
        known = {each.name: each for each in of_service(connection, service_id)}
        changed: set[str] = set()
        for name in remove:
            connection.execute("DELETE FROM variables WHERE service_id = ? AND name = ?", (service_id, name))
            if known.pop(name, None) is not None:
                changed.add(name)
        for variable in put:
            _check(variable, known.get(variable.name))
            brings_secret = variable.is_secret and variable.value is not None
            if not brings_secret and _stored(variable) == known.get(variable.name):
                continue
            _put(connection, secrets, service_id, variable)
            changed.add(variable.name)
        if not changed:
            return
        service = services.find(connection, service_id)
        for name in sorted(changed):
            if any(each.name == name and each.reference for each in of_service(connection, service_id)):
                References(connection, None).variable(service, name)
        services.touch(connection, service_id)
        for each in dependents(connection, service, changed):
            services.touch(connection, each.id)


def replace_secret(connection: sqlite3.Connection, secrets: Secrets, service_id: str, name: str, value: str) -> None:
    """Give a secret that exists another value, without asking for a deployment of its own service: what runs knows
    the value already. Services that refer to it need one."""
    sealed = secrets.seal(service_id, name, value)
    with transaction(connection):
        connection.execute(
            "UPDATE variables SET sealed = ?, plain = NULL, reference = '' WHERE service_id = ? AND name = ?",
            (sealed, service_id, name),
        )
        for each in dependents(connection, services.find(connection, service_id), {name}):
            services.touch(connection, each.id)


def _check(variable: Variable, known: Variable | None) -> None:
    check_variable_name(variable.name)
    if variable.at_build:
        check_build_argument(variable.name)
    if not (variable.at_build or variable.at_run):
        raise BadInput(
            f"{variable.name} would be seen by nobody",
            "a variable is for the program (at_run), for the build (at_build), or for both",
            "Choose one of them, or remove the variable",
        )
    if variable.reference:
        _check_reference(variable)
    elif variable.value is None:
        if not (variable.is_secret and known is not None and known.is_secret and not known.reference):
            raise BadInput(
                f"{variable.name} has no value",
                "only a secret that has a value already may be sent without one",
                "Give it a value",
            )
    elif "\0" in variable.value:
        raise BadInput(
            f"The value of {variable.name} cannot be used",
            "it holds a NUL character, which no environment can carry",
            "Correct the value",
        )


def _check_reference(variable: Variable) -> None:
    if variable.value is not None:
        raise BadInput(
            f"{variable.name} has a value and a reference",
            "what a reference gives is its value",
            "Leave one of them out",
        )
    if split_reference(variable.reference) is None:
        raise BadInput(
            f"The reference of {variable.name} cannot be used",
            f"“{variable.reference}” is not SERVICE.OUTPUT, such as db.url",
            "Name a service of the same project and one of its outputs",
        )


def _stored(variable: Variable) -> Variable:
    """Give a variable as `of_service` gives it once it is stored."""
    is_secret = variable.is_secret or bool(variable.reference)
    value = None if is_secret else variable.value
    return Variable(variable.name, value, is_secret, variable.at_build, variable.at_run, variable.reference)


def _put(connection: sqlite3.Connection, secrets: Secrets, service_id: str, variable: Variable) -> None:
    scope = (int(variable.at_build), int(variable.at_run), variable.reference)
    if variable.value is None and not variable.reference:
        connection.execute(
            "UPDATE variables SET at_build = ?, at_run = ?, reference = ? WHERE service_id = ? AND name = ?",
            (*scope, service_id, variable.name),
        )
        return
    is_sealed = variable.is_secret and not variable.reference
    plain = None if is_sealed else variable.value or ""
    sealed = secrets.seal(service_id, variable.name, variable.value or "") if is_sealed else None
    connection.execute(
        "INSERT INTO variables (service_id, name, plain, sealed, at_build, at_run, reference)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (service_id, name) DO UPDATE SET plain = excluded.plain,"
        " sealed = excluded.sealed, at_build = excluded.at_build, at_run = excluded.at_run,"
        " reference = excluded.reference",
        (service_id, variable.name, plain, sealed, *scope),
    )


def _variable(row: sqlite3.Row) -> Variable:
    is_secret = row["plain"] is None or bool(row["reference"])
    value = None if is_secret else row["plain"]
    scope = bool(row["at_build"]), bool(row["at_run"])
    return Variable(row["name"], value, is_secret, *scope, row["reference"])
