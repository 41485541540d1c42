"""`godploy queue`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.deploying import steps_of
from godploy_server.contract import Deployment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of a whole server."""
    options.common(parser)
    parser.set_defaults(run=queue)


async def queue(context: Context) -> None:
    """List what runs and what waits, in order."""
    server = await context.server()
    found = await server.agent.queue()
    projects = {each.id: each.name for each in await server.agent.projects()}
    names = {
        each.id: f"{projects.get(each.project_id, '?')}/{each.name}"
        for each in (await server.agent.services() if found else ())
    }
    rows = [row_in_queue(each, names.get(each.service_id, "?"), colour=context.output.colour) for each in found]
    context.output.rows(found, HEADERS, rows, f"Nothing is deployed at {server.name} now, and nothing waits.")
    problem = (await server.agent.info()).docker_problem
    if problem is not None and any(each.queue_position is not None for each in found):
        context.output.note(f"What waits begins when Docker answers again: {problem.why}")


HEADERS = ("PLACE", "SERVICE", "NUMBER", "STATE", "BRANCH", "WHY", "WHO", "SINCE")


def row_in_queue(deployment: Deployment, service: str, *, colour: bool) -> list[str]:
    """A deployment that runs or waits as a table row."""
    place = "" if deployment.queue_position is None else str(deployment.queue_position + 1)
    step = next((each.name for each in reversed(steps_of(deployment)) if each.state.value == "running"), "")
    state = rendering.state(deployment.state, colour=colour)
    return [
        place,
        service,
        str(deployment.number),
        f"{state} ({step})" if step else state,
        rendering.plain(deployment.branch),
        deployment.trigger.value,
        rendering.plain(deployment.asked_by),
        rendering.ago(deployment.started_at or deployment.created_at),
    ]
