"""Where the relay hands over what it received: a socket of this machine, one line of JSON a notice.

Each line is answered when the delivery is written down: "+", or "-" if it cannot be now (the relay keeps it then).
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import json
import logging
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_server.contract.hooks import HookHost, Notice
from godploy_server.contract.problem import GodployError
from godploy_server.contract.wire import from_json
from godploy_server.state.paths import Paths

RELAY_GROUP: Final = "godploy-hooks"
"""The group that may read hooks and connect here: the relay's alone. An embedded agent's relay is the agent itself."""

_LONGEST_LINE: Final = 256 * 1024
_HOOK: Final = re.compile(r"[0-9a-f]{40}")
_HASH: Final = re.compile(r"([0-9a-f]{40}([0-9a-f]{24})?)?")
_LONGEST_TEXT: Final = 4_000
_MOST_PATHS: Final = 20_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownHook:
    """A hook that the relay is to know. `secret` opens its secret; it may raise NotReady."""

    id: str
    host: HookHost
    secret: Callable[[], str]
    is_shared: bool


class HookInbox:
    """`take(notice)` writes a delivery down and acts on it; what it raises is answered with "-"."""

    def __init__(self, paths: Paths, take: Callable[[Notice], None]) -> None:
        self._paths = paths
        self._take = take
        self._server: asyncio.AbstractServer | None = None

    async def listen(self) -> None:
        """Make the folder and the socket, readable by the relay's group."""
        prepare_folder(self._paths.hooks)
        self._paths.hooks_socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, str(self._paths.hooks_socket), limit=_LONGEST_LINE, start_serving=False
        )
        let_relay(self._paths.hooks_socket, 0o660)
        await self._server.start_serving()

    def close(self) -> None:
        """Take nothing more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(b"+\n" if self._is_taken(line) else b"-\n")
                await writer.drain()
        except (OSError, ValueError) as error:  # ValueError: a line without an end
            _log.warning("the relay's connection ended: %s", type(error).__name__)
        finally:
            writer.close()

    def _is_taken(self, line: bytes) -> bool:
        try:
            notice = notice_of(line)
        except ValueError:
            _log.warning("the relay handed over a line that is no notice")
            return True  # it would be none the next time either
        try:
            self._take(notice)
        except Exception:
            _log.exception("a delivery could not be taken")
            return False
        return True


def notice_of(line: bytes) -> Notice:
    """Read what the relay hands over; raises ValueError. The relay answers the internet: what it says is taken only
    where it is as the relay makes it."""
    try:
        notice = from_json(Notice, json.loads(line))
    except (RecursionError, GodployError):
        raise ValueError from None
    texts = (
        notice.delivery, notice.digest, notice.event_name, notice.ref, notice.message, notice.author,
        notice.skip_marker, notice.refused, notice.repository,
    )  # fmt: skip
    is_good = (
        _HOOK.fullmatch(notice.hook) is not None
        and all(_HASH.fullmatch(each) is not None for each in (notice.commit, notice.before))
        and _HASH.fullmatch(notice.digest) is not None
        and all(len(each) <= _LONGEST_TEXT for each in texts)
        and len(notice.paths) <= _MOST_PATHS
        and notice.received_at.tzinfo is not None
    )
    if not is_good:
        raise ValueError
    return notice


def write_hook(paths: Paths, hook_id: str, host: HookHost, secret: str, *, is_shared: bool = False) -> None:
    """Let the relay know a hook: a file in the run folder (in memory), readable by the relay's group alone."""
    prepare_folder(paths.hooks)
    file = paths.hooks / f"{hook_id}.json"
    unfinished = paths.hooks / f".{hook_id}"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as opened:  # noqa: PTH123  Path.open takes no mode to create with
        json.dump({"host": host.value, "secret": secret, "is_shared": is_shared}, opened)
    let_relay(unfinished, 0o640)
    unfinished.rename(file)


def write_all_hooks(paths: Paths, hooks: Iterable[KnownHook]) -> None:
    """Write every hook, and remove the files of those that are gone."""
    prepare_folder(paths.hooks)
    known = set()
    for each in hooks:
        try:
            write_hook(paths, each.id, each.host, each.secret(), is_shared=each.is_shared)
        except GodployError as error:
            _log.warning("a hook cannot be used: %s", error)
            continue
        known.add(f"{each.id}.json")
    for file in paths.hooks.glob("*.json"):
        if file.name not in known:
            file.unlink(missing_ok=True)


def remove_hook(paths: Paths, hook_id: str) -> None:
    """Let the relay forget a hook."""
    (paths.hooks / f"{hook_id}.json").unlink(missing_ok=True)


def prepare_folder(folder: Path) -> None:
    """Make the folder of hooks, closed to everyone but the relay's group."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    let_relay(folder, 0o750)


def let_relay(path: Path, mode: int) -> None:
    """Give a path to the relay's group where there is one, and set its mode."""
    with contextlib.suppress(KeyError, PermissionError):  # an embedded agent has no such group and needs none
        os.chown(path, -1, grp.getgrnam(RELAY_GROUP).gr_gid)
    path.chmod(mode)
