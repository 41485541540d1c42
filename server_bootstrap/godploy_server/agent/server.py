"""The agent's listener: one unix socket, every request checked, audited when it changes something, and answered."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import grp
import os
import socket
import struct
from pathlib import Path
from typing import Final

from godploy_server.access import audit
from godploy_server.access.actor import Actor, owner
from godploy_server.agent.agent import Agent
from godploy_server.agent.connection import HttpConnection
from godploy_server.agent.ending import end_tasks
from godploy_server.agent.messages import Answer, Request
from godploy_server.agent.router import Router
from godploy_server.agent.routes import (
    cleanup,
    commit_status,
    connections,
    deployments,
    git_access,
    hooks,
    plans,
    projects,
    registries,
    server,
    services,
    shared_hooks,
    uploads,
)
from godploy_server.contract import CONTRACT_VERSION, Conflict, VersionMismatch

SOCKET_GROUP: Final = "godploy"
_GRACE_S: Final = 3.0
_PEER: Final = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED
ROUTER: Final = Router(
    (
        *server.ROUTES,
        *projects.ROUTES,
        *services.ROUTES,
        *connections.ROUTES,
        *deployments.ROUTES,
        *uploads.ROUTES,
        *registries.ROUTES,
        *cleanup.ROUTES,
        *plans.ROUTES,
        *hooks.ROUTES,
        *commit_status.ROUTES,
        *git_access.ROUTES,
        *shared_hooks.ROUTES,
    )
)


class AgentServer:
    """Listens on `run_dir/agent.sock` and answers for one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._path = agent.paths.agent_socket
        self._open: dict[HttpConnection, asyncio.Task[None]] = {}
        self._server: asyncio.AbstractServer | None = None

    async def listen(self) -> None:
        """Begin to accept. Raises Conflict if another agent answers there."""
        listener = bind_socket(self._path, self._agent.engine.instance.is_embedded)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener)

    def stop_accepting(self) -> None:
        """Take no new connection: whoever wants the agent finds it gone."""
        if self._server:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Let requests under way end, then close every connection."""
        self.stop_accepting()
        for connection, task in self._open.items():
            if not connection.is_busy:
                task.cancel()
        tasks = list(self._open.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_S)
        await end_tasks(tasks, _GRACE_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: socket.socket = writer.get_extra_info("socket")
        _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))

        def identify(name: str) -> Actor:
            return owner(name, uid)

        connection = HttpConnection(reader, writer, identify, self._answer, ROUTER)
        task = asyncio.current_task()
        assert task is not None
        self._open[connection] = task
        try:
            # A connection that is cancelled ends here: its task is awaited by nobody but `close`.
            with contextlib.suppress(asyncio.CancelledError):
                await connection.serve()
        finally:
            del self._open[connection]

    async def _answer(self, request: Request) -> Answer:
        route, request = ROUTER.find(request)
        if request.path != "/v1/info" and request.contract_version != str(CONTRACT_VERSION):
            raise VersionMismatch(
                "Desktop and server speak different versions",
                f"the server speaks contract {CONTRACT_VERSION}, the request {request.contract_version or 'none'}",
                "Upgrade the older of the two: bootstrap the server again, or install the newer desktop",
            )
        if request.method != "GET":
            audit.record(self._agent.connection, request.actor, request.method, request.path)
        return await route.handler(self._agent, request)


def bind_socket(path: Path, is_private: bool) -> socket.socket:
    """Bind the socket at `path`: owner and group `godploy` may open it, or the owner alone where it is private.

    A socket that nobody listens on any more is replaced. Raises Conflict if somebody does.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                path.unlink(missing_ok=True)
        else:
            raise Conflict("The agent cannot start", f"another one listens on {path}", "Stop the other one first")
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    if not is_private:
        # Without root or without the group the owner alone keeps access.
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(path, -1, grp.getgrnam(SOCKET_GROUP).gr_gid)
            path.chmod(0o660)
    return listener
