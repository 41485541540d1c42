"""Asking the containers of a release whether they serve: through the proxy, on the path that visitors take, or by the
service's own command, which Docker runs inside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from godploy_server.contract import DeploymentFailed, ServiceSettings
from godploy_server.ingress.asking import asked_host, why_unhealthy
from godploy_server.runtime.containers import START_INTERVAL_API, replicas
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import ServiceName
from godploy_server.runtime.release_containers import ContainerHealth, health_of, last_lines, run_inside

CRASH_LOOP_RESTARTS: Final = 3
"""A program that ended this often while it was to get healthy will not: its log is shown instead of waiting."""

_QUICK_POLL_S: Final = 0.1
_SLOW_POLL_S: Final = 0.5
_QUICK_FOR_S: Final = 5.0
_HEALTH_POLL_S: Final = 0.4


def crash_reason(health: ContainerHealth, baseline_restarts: int, tolerated_restarts: int) -> str:
    """Give why a container's program will not get healthy, "" if it may: from Docker's word on it.

    Docker restarts a program that ends; a few times may be part of its start (a database that is not there yet).
    """
    restarts = health.restarts - baseline_restarts
    if health.is_out_of_memory:
        return f"it used more memory than its limit and was killed (exit code {health.exit_code})"
    if restarts > tolerated_restarts or (not health.is_running and not restarts and tolerated_restarts == 0):
        times = f", {restarts} times" if restarts > 1 else ""
        return f"its program ended with exit code {health.exit_code}{times}"
    return ""


def is_asked(settings: ServiceSettings) -> bool:
    """Whether there is a way to ask a service's containers for their health."""
    return settings.port is not None or bool(settings.health.command)


async def probe_release(
    engine: Engine, name: ServiceName, release: int, settings: ServiceSettings, say: Callable[[str], None]
) -> None:
    """Wait until every replica is healthy: by its health command, else by `successes` good answers running.

    Raises DeploymentFailed, with the last lines of the container that is at fault in `say`.
    """
    if settings.health.command:
        work = [
            _await_command(engine, name.container(release, each), settings.health.command)
            for each in replicas(settings)
        ]
    else:
        host = asked_host(engine, name.service_id)
        work = [_probe_replica(engine, name, position, settings, host) for position in range(settings.replicas)]
    checks = [asyncio.ensure_future(each) for each in work]
    crash = asyncio.ensure_future(watch_for_crash(engine, name, release, settings, None, CRASH_LOOP_RESTARTS - 1))
    healthy: asyncio.Future[list[None]] = asyncio.gather(*checks)
    try:
        done, _ = await asyncio.wait(
            (healthy, crash), timeout=settings.health.timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if healthy in done:
            await healthy
            return
        if crash in done:
            replica, reason = await crash or (1, "")
        else:
            replica = next((index for index, each in enumerate(checks, start=1) if not each.done()), 1)
            reason = f"it was not healthy within {settings.health.timeout_s} s"
            if settings.health.command:
                said = (await health_of(engine.docker, name.container(release, replica))).said
                reason += f": its health command said: {said}" if said else ": its health command said nothing"
    finally:
        healthy.cancel()
        crash.cancel()
        await asyncio.gather(healthy, crash, return_exceptions=True)
    raise await failure(engine, name, release, replica, reason, say)


async def _await_command(engine: Engine, container: str, command: Sequence[str]) -> None:
    """Wait until the container's health command was successful.

    Docker before engine 25 runs it for the first time after a whole interval: there it is run from here as well.
    """
    is_prompt = await engine.docker.speaks(START_INTERVAL_API)
    while True:
        health = await health_of(engine.docker, container)
        if health.check == "healthy":
            return
        if not is_prompt and health.is_running and await run_inside(engine.docker, container, command) == 0:
            return
        await asyncio.sleep(_HEALTH_POLL_S)


async def _probe_replica(
    engine: Engine, name: ServiceName, position: int, settings: ServiceSettings, host: str
) -> None:
    began = time.monotonic()
    running = 0
    while running < settings.health.successes:
        try:
            why = await why_unhealthy(engine, name.service_id, position, settings.health.path or "/", host)
            running = 0 if why else running + 1
        except OSError:
            running = 0
        if running < settings.health.successes:
            quick = time.monotonic() - began < _QUICK_FOR_S
            await asyncio.sleep(_QUICK_POLL_S if quick else _SLOW_POLL_S)


async def watch_for_crash(
    engine: Engine,
    name: ServiceName,
    release: int,
    settings: ServiceSettings,
    for_s: float | None,
    tolerated_restarts: int,
) -> tuple[int, str] | None:
    """Watch a release's containers for `for_s` seconds (None: for ever); gives the replica that crashed and why."""
    ends = None if for_s is None else time.monotonic() + for_s
    names = {replica: name.container(release, replica) for replica in replicas(settings)}
    before = dict.fromkeys(names, 0)
    if for_s is not None:  # a started release is judged by what happens from now on
        before = {replica: (await health_of(engine.docker, each)).restarts for replica, each in names.items()}
    while True:
        for replica, container in names.items():
            reason = crash_reason(await health_of(engine.docker, container), before[replica], tolerated_restarts)
            if reason:
                return replica, reason
        if ends is not None and time.monotonic() >= ends:
            return None
        await asyncio.sleep(_HEALTH_POLL_S if ends is None else min(_HEALTH_POLL_S, max(ends - time.monotonic(), 0)))


async def failure(
    engine: Engine, name: ServiceName, release: int, replica: int, reason: str, say: Callable[[str], None]
) -> DeploymentFailed:
    """Give the error for a release that does not serve, its container's last lines written through `say`."""
    container = name.container(release, replica)
    lines = await last_lines(engine.docker, container)
    say(f"-- the last lines of {container} --")
    for line in lines or ["(it wrote nothing)"]:
        say(line)
    say("--")
    return DeploymentFailed(
        f"Release {release} did not become healthy",
        f"{reason}{_last_words(lines)}",
        "Look at its last lines in the log, and check its port and health check in the service's settings",
    )


def _last_words(lines: Sequence[str]) -> str:
    spoken = [line.strip() for line in lines if line.strip()]
    return f"; its last line: {spoken[-1][:300]}" if spoken else "; it wrote nothing"
