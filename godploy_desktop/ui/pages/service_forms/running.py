"""How a service runs: what is started, when it counts as healthy, what it may use, how a release replaces another."""

from __future__ import annotations

import functools

from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.service_form import (
    NUMBERS,
    STRATEGIES,
    parse_command,
    parse_cores,
    parse_megabytes,
    whole,
)
from godploy_desktop.ui.pages.service_forms.sources import call
from godploy_desktop.ui.widgets import Field, Select, TextField

_HINTS = {"drain": "Longer than the longest request", "settle": "Watched after the switch"}
_UNITS = {"health_timeout": "s", "drain": "s", "settle": "s", "stop_grace": "s", "build_timeout": "minutes"}


def running_fields(prefix: str) -> dict[str, Field]:
    """Give back the fields, by the keys of `models.service_form`."""
    fields: dict[str, Field] = {
        "port": port_field(),
        "command": command_field(),
        "health_path": TextField("Health check path", check=forms.check_path, mono=True),
        "health_command": health_command_field(),
        "memory": TextField("Memory, MB", placeholder="no limit", check=parse_megabytes),
        "cpus": TextField("Cores", placeholder="no limit", check=parse_cores),
        "strategy": Select("How", STRATEGIES, hint="A volume or published port wants the old one stopped first"),
    }
    for key, (title, _least, _most) in NUMBERS.items():
        label = f"{title}, {_UNITS[key]}" if key in _UNITS else title
        fields[key] = TextField(label, hint=_HINTS.get(key, ""), check=functools.partial(whole, key))
    call(fields, prefix)
    return fields


def port_field() -> TextField:
    """Give back the field of the port that serves HTTP."""
    return TextField("Port", "8080", hint="Empty for a worker that serves nothing", check=forms.parse_port)


def command_field() -> TextField:
    """Give back the field of the command in place of the image's own."""
    check = functools.partial(parse_command, "Command")
    return TextField("Command", placeholder="as the image has it", check=check, mono=True)


def health_command_field() -> TextField:
    """Give back the field of a health check that runs inside the container."""
    return TextField(
        "Health command",
        placeholder="pg_isready -U app",
        hint="Inside the container, in place of the path",
        check=functools.partial(parse_command, "Health command"),
        mono=True,
    )
