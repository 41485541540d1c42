"""The server's settings, and what an agent remembers of itself."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace

from godploy_server.contract.entities import AgentSettings
from godploy_server.contract.requests import ChangeSettings
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state.database import new_id, transaction


@dataclass(frozen=True)
class Instance:
    """What an agent is: chosen at its first start and kept. Jobs read it instead of being told in arguments.

    `prefix` begins the name of every Docker object and is the value of the label `godploy.instance`.
    `api_port` and `probe_port` are Traefik's entry points on loopback.
    """

    id: str = ""
    prefix: str = "godploy"
    is_embedded: bool = False
    http_port: int = 80
    https_port: int = 443
    api_port: int = 19080
    probe_port: int = 19081
    relay_port: int = 19090


def read(connection: sqlite3.Connection) -> AgentSettings:
    """Give the server's settings."""
    stored = _get(connection, "agent")
    return AgentSettings() if stored is None else from_json(AgentSettings, stored)


def change(connection: sqlite3.Connection, wanted: ChangeSettings) -> AgentSettings:
    """Replace the settings that `wanted` names, unchecked, and give all of them."""
    named = {name: value for name, value in vars(wanted).items() if value is not None}
    with transaction(connection):
        settings = replace(read(connection), **named)
        _set(connection, "agent", settings)
    return settings


def instance(connection: sqlite3.Connection) -> Instance:
    """Give what this agent is; made with a random id at the first call."""
    with transaction(connection):
        stored = _get(connection, "instance")
        if stored is None:
            made = Instance(id=new_id() + new_id())
            _set(connection, "instance", made)
            return made
    return from_json(Instance, stored)


def set_instance(connection: sqlite3.Connection, value: Instance) -> None:
    """Remember what this agent is."""
    _set(connection, "instance", value)


def _get(connection: sqlite3.Connection, key: str) -> object:
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row["value"])


def _set(connection: sqlite3.Connection, key: str, value: object) -> None:
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(to_json(value))),
    )
