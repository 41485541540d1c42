"""The line above a page whose server is not live: says so, says how old the page is, offers to connect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.connection_words import connection_notice
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.widgets import Banner

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_REFRESH_MS = 10_000  # "from 4m ago" has to stay true while the connection is away
_BUSY = (ConnectionState.LOST, ConnectionState.RECONNECTING, ConnectionState.CONNECTING)


class ServerBanner(Banner, Observer):
    """Follows one server's connection."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self.setObjectName("connection-banner")
        self.watch(server.model.changed, self._changed)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say what is true now."""
        notice = connection_notice(self._server.name, self._server.model, self.context.now())
        if notice is None:
            self._timer.stop()
            self.clear()
            return
        self._timer.start(_REFRESH_MS)
        retries = notice.can_retry
        self.show_message(
            notice.text,
            "Connect now" if retries else "",
            self._connect if retries else None,
            detail=notice.detail,
            tone=notice.tone,
            busy=self._server.model.connection in _BUSY,
        )

    def _connect(self) -> None:
        self.act(f"Connect to {self._server.name}", self._connect_and_follow, failed=lambda _: self.refresh())

    async def _connect_and_follow(self) -> None:
        await self._server.connect()
        self._server.keep_live()
        await asyncio.sleep(0)

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self.refresh()
