"""How a server's connection reads: a word for lists, a sentence for the banner above what may be old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.ui.models import words
from godploy_desktop.ui.theme.tokens import State

_STATE: Final[dict[ConnectionState, tuple[str, State]]] = {
    ConnectionState.DISCONNECTED: ("Not connected", "text3"),
    ConnectionState.CONNECTING: ("Connecting", "info"),
    ConnectionState.CONNECTED: ("Connected", "ok"),
    ConnectionState.LOST: ("Connection lost", "warn"),
    ConnectionState.RECONNECTING: ("Reconnecting", "warn"),
    ConnectionState.BLOCKED: ("Host key changed", "err"),
    ConnectionState.FAILED: ("Cannot connect", "err"),
}


@dataclass(frozen=True)
class Notice:
    """What stands above a page whose server is not live. `can_retry`: a press on "Connect" may help."""

    text: str
    detail: str
    tone: State
    can_retry: bool


def connection_state(model: ServerModel) -> tuple[str, State]:
    """Give back (word, tone) of a server's connection; connected without its agent's stream is told apart."""
    if model.connection is ConnectionState.CONNECTED and not model.is_live:
        return ("Agent not answering", "warn") if model.problem else ("Connecting", "info")
    return _STATE[model.connection]


def connection_notice(name: str, model: ServerModel, now: datetime) -> Notice | None:
    """Give back what to say above a page of the server `name`; None while everything shown is true now."""
    if model.is_live:
        return None
    old = f"What is shown is from {_when(model.as_of, now)}. " if model.is_known and model.as_of else ""
    goes_on = "Services and deployments on the server go on."
    match model.connection:
        case ConnectionState.LOST | ConnectionState.RECONNECTING:
            return Notice(f"The connection to {name} is lost; reconnecting", f"{old}{goes_on}", "warn", True)
        case ConnectionState.BLOCKED:
            why = model.problem.why if model.problem else "the key is not the one that was trusted"
            return Notice(
                f"{name} shows another host key: not connected", f"{_sentence(why)} {old}".strip(), "err", True
            )
        case ConnectionState.FAILED | ConnectionState.DISCONNECTED if model.problem:
            return Notice(model.problem.what, f"{_sentence(model.problem.why)} {old}".strip(), "err", True)
        case ConnectionState.CONNECTED if model.problem:
            return Notice(model.problem.what, f"{_sentence(model.problem.why)} {old}".strip(), "warn", True)
        case ConnectionState.CONNECTING | ConnectionState.CONNECTED:
            return Notice(f"Connecting to {name}", old.strip(), "info", False)
        case _:
            return Notice(f"{name} is not connected", old.strip(), "info", True)


def _when(moment: datetime, now: datetime) -> str:
    return words.ago(moment, now).replace("now", "a moment ago")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
