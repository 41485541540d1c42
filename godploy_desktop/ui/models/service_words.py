"""A service's state with what is under way for it. Pure functions."""

from __future__ import annotations

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.summaries import under_way
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import Deployment, DeploymentState, Service, ServiceId


def service_pill(model: ServerModel, service: Service) -> tuple[str, State]:
    """Give back (word, tone): what was just asked of it, else what is true; a server that is not live keeps the
    word and loses the colour, because it may have changed since."""
    if pending := model.pending.get(service.id):
        return f"{pending.capitalize()}…", "info"
    word, tone = words.service_state(service.state)
    return word, tone if model.is_live else "text3"


def running_deployment(model: ServerModel, service_id: ServiceId) -> Deployment | None:
    """Give back the deployment of a service that runs, else the one that waits, else None."""
    active = under_way(model.deployments_of(service_id))
    running = (each for each in active if each.state is DeploymentState.RUNNING)
    return next(running, active[0] if active else None)
