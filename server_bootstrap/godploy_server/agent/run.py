"""The agent's life: one a state folder, from its lock to its last answer."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import random
import signal
import socket
import sys
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from godploy_server.agent.agent import Agent
from godploy_server.agent.notices import NoticeSocket
from godploy_server.agent.server import AgentServer
from godploy_server.contract import Conflict
from godploy_server.runtime.engine import Engine
from godploy_server.state import settings
from godploy_server.state.database import open_database
from godploy_server.state.paths import Paths
from godploy_server.state.settings import Instance

_log = logging.getLogger(__name__)
_LASTING_PORTS: Final = range(20_000, 32_768)
"""Below those that Linux gives to outgoing connections (ip_local_port_range)."""


@dataclass(frozen=True)
class AgentOptions:
    """How an agent was started. Ports of None keep what was chosen before.

    `prefix` begins the names of its Docker objects; "" for the usual one. Two agents on one Docker need two.
    """

    is_embedded: bool = False
    http_port: int | None = None
    https_port: int | None = None
    prefix: str = ""


def run_agent(paths: Paths, options: AgentOptions) -> int:
    """Run the agent until SIGTERM, SIGINT or its shutdown verb. Raises Conflict if the state folder has an agent."""
    paths.prepare()
    with paths.agent_lock.open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "The agent cannot start",
                f"another one works with {paths.state_dir}",
                "Stop the other one first, or use its socket",
            ) from None
        remember_instance(paths, options)
        asyncio.run(_serve(paths))
    return 0  # not reached after a regular end: see _leave


def remember_instance(paths: Paths, options: AgentOptions) -> Instance:
    """Give what this agent is, after writing down what is new of it."""
    connection = open_database(paths.database)
    try:
        known = settings.instance(connection)
        wanted = replace(
            known,
            is_embedded=options.is_embedded,
            prefix=options.prefix or ("godploy-local" if options.is_embedded else "godploy"),
            http_port=options.http_port or known.http_port,
            https_port=options.https_port or known.https_port,
        )
        defaults = Instance()
        if options.is_embedded and known.api_port == defaults.api_port:
            api, probe, relay = free_ports(3)
            wanted = replace(wanted, api_port=api, probe_port=probe, relay_port=relay)
        if wanted != known:
            settings.set_instance(connection, wanted)
    finally:
        connection.close()
    paths.instance_file.write_text(f"{wanted.id}\n", encoding="ascii")
    paths.instance_file.chmod(0o644)
    return wanted


def free_ports(count: int) -> list[int]:
    """Give ports of loopback that nobody has now. They are kept for good, so none is of those that the system lends
    to outgoing connections. Raises Conflict if there are too few."""
    found: list[int] = []
    for port in random.sample(_LASTING_PORTS, len(_LASTING_PORTS)):
        if len(found) == count:
            return found
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            found.append(port)
    raise Conflict(
        "The agent cannot start",
        f"no {count} ports from {_LASTING_PORTS[0]} to {_LASTING_PORTS[-1]} are free",
        "Stop what holds so many ports, and try again",
    )


async def _serve(paths: Paths) -> None:
    engine = Engine.open(paths)
    agent = Agent(engine)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.shutdown.set)
    notices = NoticeSocket(paths.notify_socket, agent.notice)
    server = AgentServer(agent)
    is_regular = False
    try:
        notices.open()
        await server.listen()
        agent.open()
        if engine.instance.is_embedded:
            agent.run(_relay(paths))
        gc.collect()
        gc.freeze()  # what was loaded to start stays for good: later collections need not touch its pages
        _log.info("the agent listens on %s (pid %d)", paths.agent_socket, os.getpid())
        await agent.shutdown.wait()
        is_regular = True
    finally:
        server.stop_accepting()
        await agent.close()
        await server.close()
        notices.close()
        engine.close()
    if is_regular:
        _leave()


def _leave() -> NoReturn:
    """End the process now. Everything is closed; the loop's own end would wait for threads without any limit (a
    look-up of a name that nobody answers), and whoever stopped the agent waits."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _relay(paths: Paths) -> None:
    """Answer for the relay too: this computer needs no second process to keep apart what it is not open to."""
    from godploy_server.relay.run import serve_from_files

    await serve_from_files(paths.run_dir, paths.relay_spool)
