"""The relay's life: it waits for the files that the agent writes for it, listens, and moves when they change."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from pathlib import Path
from typing import Final

from godploy_server import __version__
from godploy_server.relay.handover import HandOver
from godploy_server.relay.head import MAX_HEAD_BYTES
from godploy_server.relay.hook_files import HookFiles
from godploy_server.relay.receiving import Receiving
from godploy_server.relay.server import RelayServer

ADDRESS_FILE: Final = "relay-address"
INSTANCE_FILE: Final = "instance"
HOOKS_FOLDER: Final = "hooks"
AGENT_SOCKET: Final = "hooks/agent.sock"
_LOOK_EVERY_S: Final = 2.0
_IP_FREEBIND: Final = getattr(socket, "IP_FREEBIND", 15)  # ip(7); Python names it since 3.12 only

_log = logging.getLogger(__name__)


def run_relay(run_dir: Path, spool: Path, listen: str = "") -> int:
    """Serve until SIGTERM or SIGINT, on `listen` (`address:port`) or where the file of the agent says.

    `spool` is a folder of the relay's own, which survives reboots.
    """
    asyncio.run(_until_told(run_dir, spool, listen))
    return 0


async def _until_told(run_dir: Path, spool: Path, listen: str) -> None:
    serving = asyncio.ensure_future(serve_from_files(run_dir, spool, listen))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


async def serve_from_files(run_dir: Path, spool: Path, listen: str = "") -> None:
    """Serve for ever; the address is looked at again every 2 seconds unless `listen` gives it."""
    agent = HandOver(run_dir / AGENT_SOCKET, spool)
    receiving = Receiving(HookFiles(run_dir / HOOKS_FOLDER), agent, spool)
    relay = RelayServer(lambda: read_line(run_dir / INSTANCE_FILE), __version__, receiving)
    emptying = asyncio.ensure_future(agent.empty_spool())
    server: asyncio.AbstractServer | None = None
    current = ""
    try:
        while True:
            wanted = listen or read_line(run_dir / ADDRESS_FILE)
            if wanted != current:
                if server:
                    server.close()
                    server = None
                current = wanted
                if wanted:
                    server = await _listen(relay, wanted)
                    if server is None:
                        current = ""  # tried again at the next look
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        emptying.cancel()
        agent.close()
        if server:
            server.close()


async def _listen(relay: RelayServer, address: str) -> asyncio.AbstractServer | None:
    try:
        listener = bind(address)
    except (OSError, ValueError) as error:
        _log.warning("cannot listen on %s: %s", address, error)
        return None
    _log.info("the relay listens on %s", address)
    return await asyncio.start_server(relay.serve, sock=listener, limit=MAX_HEAD_BYTES)


def bind(address: str) -> socket.socket:
    """Bind `address:port`, even if no interface has that address yet (Docker makes its bridges late at boot)."""
    host, _, port = address.rpartition(":")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        listener.bind((host, int(port)))
        listener.listen(64)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def read_line(file: Path) -> str:
    """Give the first line of a small file; "" if it cannot be read."""
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            return opened.readline(200).strip()
    except OSError:
        return ""
