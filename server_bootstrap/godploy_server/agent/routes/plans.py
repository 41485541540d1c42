"""How a service's newest source would be built. A process of its own looks: the agent stays small and prompt."""

from __future__ import annotations

import json
import os
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import BuildPlan, DeploymentFailed, Problem, error_of
from godploy_server.contract.wire import from_json
from godploy_server.state import services
from godploy_server.state.program import own_program

_LONGEST_S: Final = 900.0


async def plan(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/plan."""
    from godploy_server.deploy.children import ChildTimeout, child_environment, run_child

    service_id = services.find(agent.connection, request.id).id
    said: list[bytes] = []
    paths = agent.paths
    folders = ["--state-dir", str(paths.state_dir), "--run-dir", str(paths.run_dir)]
    docker = {"DOCKER_HOST": f"unix://{agent.engine.docker.socket_path}"}
    try:
        await run_child(
            [*own_program(), "plan", service_id, *folders],
            environment=child_environment(os.environ, docker),
            on_output=said.append,
            timeout_s=_LONGEST_S,
        )
    except ChildTimeout:
        raise DeploymentFailed(
            "Looking at the source took too long", f"it was ended after {_LONGEST_S:g} s", "Check the git host"
        ) from None
    return Json(_answer(b"".join(said)))


def _answer(output: bytes) -> BuildPlan:
    """Read what the process printed last. Raises the problem that it tells of."""
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        told = {}
    if isinstance(told, dict) and "plan" in told:
        return from_json(BuildPlan, told["plan"])
    if isinstance(told, dict) and "problem" in told:
        raise error_of(from_json(Problem, told["problem"]))
    raise DeploymentFailed(
        "The source could not be looked at", lines[-1][:300] if lines else "no answer came", "Try again, or deploy it"
    )


ROUTES: Final = (Route("POST", "/v1/services/{id}/plan", plan),)
