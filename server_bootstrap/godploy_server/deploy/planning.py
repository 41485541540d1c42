"""How the newest source of a service would be built: fetched and looked at in a process of its own, nothing built."""

from __future__ import annotations

import tempfile
from pathlib import Path

from godploy_server.contract import BadInput, BuildPlan, ImageSource
from godploy_server.deploy.answering import print_answer
from godploy_server.deploy.builders.opening import open_work
from godploy_server.deploy.sources.fetched import NoLog
from godploy_server.deploy.sources.fetching import fetch_files
from godploy_server.runtime.engine import Engine
from godploy_server.state import services
from godploy_server.state.paths import Paths


def print_plan(paths: Paths, service_id: str) -> int:
    """Print a service's BuildPlan, or the Problem, as one line of JSON; gives the exit code."""
    return print_answer(paths, "plan", "Looking at the source", lambda engine: plan_of(engine, service_id))


async def plan_of(engine: Engine, service_id: str) -> BuildPlan:
    """Fetch the newest source of a service and give how it would be built. Raises what fetching and planning raise."""
    service = services.find(engine.connection, service_id)
    if isinstance(service.settings.source, ImageSource):
        raise BadInput("There is nothing to plan", "the service runs a prebuilt image", "Deploy it")
    with tempfile.TemporaryDirectory(dir=engine.paths.state_dir / "builds", prefix="plan-") as scratch:
        folder = Path(scratch) / "source"
        await fetch_files(engine, service, folder, NoLog())
        way, work, reason = open_work(engine, service, folder, NoLog())
        return await way.plan(work, reason)
