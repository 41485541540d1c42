"""Asking a process of our own: for what takes much memory or long, so that the agent stays small and prompt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from godploy_server.agent.agent import Agent
from godploy_server.contract import NotReady, Problem, error_of
from godploy_server.contract.wire import from_json
from godploy_server.state.program import own_program


async def ask_process(
    agent: Agent,
    arguments: Sequence[str],
    key: str,
    doing: str,
    longest_s: float,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """Run a verb of our own program and give what it printed under `key`. Raises the problem that it tells of.

    `doing` begins the error's words: "Looking at the source". `environment` is for what no argument may hold.
    """
    from godploy_server.deploy.children import ChildTimeout, child_environment, run_child

    said: list[bytes] = []
    folders = ["--state-dir", str(agent.paths.state_dir), "--run-dir", str(agent.paths.run_dir)]
    docker = {"DOCKER_HOST": f"unix://{agent.engine.docker.socket_path}"}
    try:
        await run_child(
            [*own_program(), *arguments, *folders],
            environment=child_environment(os.environ, {**docker, **environment}),
            on_output=said.append,
            timeout_s=longest_s,
        )
    except ChildTimeout:
        raise NotReady(f"{doing} took too long", f"it was ended after {longest_s:g} s", "Try again") from None
    lines = [line for line in b"".join(said).decode(errors="replace").splitlines() if line.strip()]
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        told = {}
    if isinstance(told, dict) and key in told:
        return told[key]
    if isinstance(told, dict) and "problem" in told:
        raise error_of(from_json(Problem, told["problem"]))
    raise NotReady(f"{doing} failed", lines[-1][:300] if lines else "no answer came", "Try again")
