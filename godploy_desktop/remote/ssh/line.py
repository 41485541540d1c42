"""One line: an SSH connection that is logged in, through any number of jump servers, and its mux."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import paramiko

from godploy_desktop.remote.problems import host_key_refused, host_key_revoked, unreachable
from godploy_desktop.remote.ssh.authentication import Authenticator
from godploy_desktop.remote.ssh.host_keys import HostKey, KnownHosts, Verdict, known_name
from godploy_desktop.remote.ssh.mux import Mux
from godploy_desktop.remote.ssh.questions import DecideHostKey, HostKeyDecision, HostKeyQuestion
from godploy_desktop.remote.ssh.ssh_config import Hop
from godploy_desktop.remote.ssh.transport import CONTROL_WINDOW_BYTES, TunnelTransport
from godploy_desktop.remote.workers import Workers

CONNECT_TIMEOUT_S: Final = 15.0
MAX_COMMANDS: Final = 9
"""Commands at once on one line: sshd allows 10 sessions (MaxSessions)."""


class Line:
    """A logged-in transport. `commands` counts the exec channels that are open on it; the tunnel keeps it."""

    def __init__(self, transport: TunnelTransport, mux: Mux, jump: Line | None) -> None:
        self.transport = transport
        self.mux = mux
        self.commands = 0
        self.max_commands = MAX_COMMANDS
        self._jump = jump

    @property
    def is_alive(self) -> bool:
        """Whether the connection still stands, as far as is known."""
        return self.transport.is_active()

    def close(self) -> None:
        """End it with everything that goes through it. Blocks for a moment."""
        self.transport.close()
        self.mux.stop()
        if self._jump is not None:
            self._jump.close()


class Dialer:
    """Makes lines along one route, asking the same person the same things once."""

    def __init__(
        self,
        route: Sequence[Hop],
        known_hosts: KnownHosts,
        decide: DecideHostKey,
        authenticator: Authenticator,
        workers: Workers,
    ) -> None:
        self._route = tuple(route)
        self._known_hosts = known_hosts
        self._decide = decide
        self._authenticator = authenticator
        self._workers = workers

    async def dial(self, window_bytes: int = CONTROL_WINDOW_BYTES) -> Line:
        """Connect, check each host key and log in. Raises HostKeyRefused, NotAllowed or Unreachable."""
        line: Line | None = None
        try:
            for hop in self._route:
                line = await self._dial_hop(hop, line, window_bytes)
        except BaseException:
            if line is not None:
                self._workers.submit(line.close)
            raise
        if line is None:
            raise ValueError("a route has at least one hop")
        return line

    async def _dial_hop(self, hop: Hop, jump: Line | None, window_bytes: int) -> Line:
        try:
            sock = await self._workers.call(lambda: _open_socket(hop, jump), discard=socket.socket.close)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise unreachable(hop, error) from error
        transport = TunnelTransport(sock, window_bytes)
        try:
            name = known_name(hop.host, hop.port)
            await self._workers.call(lambda: self._shake_hands(transport, name))
            await self._check_host_key(name, transport)
            await self._authenticator.log_in(transport, hop)
        except (OSError, EOFError, paramiko.SSHException) as error:
            self._workers.submit(transport.close)
            raise unreachable(hop, error) from error
        except BaseException:
            self._workers.submit(transport.close)
            raise
        return Line(transport, Mux(), jump)

    def _shake_hands(self, transport: TunnelTransport, name: str) -> None:
        transport.prefer_key_types(tuple(key.key_type for key in self._known_hosts.keys(name)))
        transport.start_client(timeout=CONNECT_TIMEOUT_S)
        if not transport.initial_kex_done:
            raise TimeoutError

    async def _check_host_key(self, name: str, transport: TunnelTransport) -> None:
        shown = transport.get_remote_server_key()
        key = HostKey(shown.get_name(), shown.asbytes())
        verdict = await self._workers.call(lambda: self._known_hosts.judge(name, key))
        if verdict is Verdict.TRUSTED:
            return
        if verdict is Verdict.REVOKED:
            raise host_key_revoked(name, key.fingerprint)
        known = await self._workers.call(lambda: self._known_hosts.keys(name))
        question = HostKeyQuestion(name, key.key_type, key.fingerprint, tuple(each.fingerprint for each in known))
        if await self._decide(question) is not HostKeyDecision.TRUST:
            raise host_key_refused(question)
        await self._workers.call(lambda: self._known_hosts.trust(name, key))


def _open_socket(hop: Hop, jump: Line | None) -> socket.socket:
    if jump is not None:
        channel = jump.transport.open_channel("direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=15.0)
        return jump.mux.bridge(channel)
    sock = socket.create_connection((hop.host, hop.port), CONNECT_TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
