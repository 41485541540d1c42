"""Rows of variables. A secret's value is sealed; only `environment` opens it, and only jobs call that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from godploy_server.contract.entities import Variable
from godploy_server.contract.problem import BadInput
from godploy_server.contract.requests import check_variable_name
from godploy_server.state import services
from godploy_server.state.database import transaction
from godploy_server.state.secrets import Secrets


def of_service(connection: sqlite3.Connection, service_id: str) -> list[Variable]:
    """Give a service's variables by name, the values of secrets left out."""
    rows = connection.execute("SELECT name, plain FROM variables WHERE service_id = ? ORDER BY name", (service_id,))
    return [Variable(row["name"], row["plain"], is_secret=row["plain"] is None) for row in rows]


def environment(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> dict[str, str]:
    """Give a service's variables by name with the values of its secrets. Raises NotReady if one cannot be opened."""
    rows = connection.execute("SELECT * FROM variables WHERE service_id = ? ORDER BY name", (service_id,))
    return {
        row["name"]: row["plain"] if row["sealed"] is None else secrets.unseal(service_id, row["name"], row["sealed"])
        for row in rows
    }


def change(
    connection: sqlite3.Connection,
    secrets: Secrets,
    service_id: str,
    put: Iterable[Variable] = (),
    remove: Iterable[str] = (),
) -> None:
    """Add, replace and delete variables in one transaction. Raises BadInput for a bad name or a missing value."""
    with transaction(connection):
        known = {each.name: each for each in of_service(connection, service_id)}
        before = connection.total_changes
        for name in remove:
            connection.execute("DELETE FROM variables WHERE service_id = ? AND name = ?", (service_id, name))
            known.pop(name, None)
        for variable in put:
            check_variable_name(variable.name)
            if variable.value is None:
                _require_kept_secret(variable, known.get(variable.name))
                continue
            if "\0" in variable.value:
                raise BadInput(
                    f"The value of {variable.name} cannot be used",
                    "it holds a NUL character, which no environment can carry",
                    "Correct the value",
                )
            if not variable.is_secret and known.get(variable.name) == variable:
                continue
            _put(connection, secrets, service_id, variable)
        if connection.total_changes != before:
            services.touch(connection, service_id)


def _require_kept_secret(variable: Variable, known: Variable | None) -> None:
    if not (variable.is_secret and known is not None and known.is_secret):
        raise BadInput(
            f"{variable.name} has no value",
            "only a secret that has a value already may be sent without one",
            "Give it a value",
        )


def _put(connection: sqlite3.Connection, secrets: Secrets, service_id: str, variable: Variable) -> None:
    assert variable.value is not None
    plain = None if variable.is_secret else variable.value
    sealed = secrets.seal(service_id, variable.name, variable.value) if variable.is_secret else None
    connection.execute(
        "INSERT INTO variables (service_id, name, plain, sealed) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (service_id, name) DO UPDATE SET plain = excluded.plain, sealed = excluded.sealed",
        (service_id, variable.name, plain, sealed),
    )
