"""How all servers together are reached, in two lines for the foot of the sidebar. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.ui.theme import State

_UNDER_WAY = (ConnectionState.CONNECTING, ConnectionState.RECONNECTING)


@dataclass(frozen=True)
class Reachability:
    """What is said: a line, a smaller one below, an icon and a tone."""

    title: str
    detail: str
    icon: str
    tone: State


def reachability(models: Sequence[ServerModel]) -> Reachability:
    """Sum up the connections of all servers."""
    if not models:
        return Reachability("No servers yet", "Add one to begin", "server", "text3")
    live = sum(model.is_live for model in models)
    detail = f"{live} of {len(models)} connected"
    if live == len(models):
        title = "All servers reachable" if len(models) > 1 else "Server reachable"
        return Reachability(title, detail, "shield-check", "ok")
    if any(model.connection is ConnectionState.BLOCKED for model in models):
        return Reachability("A host key has changed", detail, "shield-alert", "err")
    if any(model.connection in _UNDER_WAY for model in models):
        return Reachability("Connecting", detail, "plug-zap", "info")
    lost = len(models) - live
    return Reachability(f"{lost} {'server' if lost == 1 else 'servers'} not reachable", detail, "unplug", "warn")
