"""From core's signals to widgets: observers that end with their widget, and one that gathers many changes into few."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from godploy_desktop.core.signal import Signal as CoreSignal

if TYPE_CHECKING:
    from godploy_desktop.core.server_model import Change
    from godploy_desktop.core.workspace import Workspace

T = TypeVar("T")

GATHER_MS = 80


def observe(signal: CoreSignal[T], owner: QObject, callback: Callable[[T], object]) -> Callable[[], None]:
    """Call `callback` with what `signal` emits until `owner` is destroyed, or until the function given back is called.

    Core emits in the thread of the loop, which is the window's: no crossing of threads here.
    """
    disconnect = signal.connect(callback)
    owner.destroyed.connect(lambda _gone=None: disconnect())
    return disconnect


class WorkspaceWatch(QObject):
    """Tells `changed`, at most once in GATHER_MS, when anything of any server changed that the frame of the window
    shows: its list, connections, projects, services, deployments; not its load."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._models: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(GATHER_MS)
        self._timer.timeout.connect(self.changed)
        self._disconnect = workspace.changed.connect(lambda _workspace: self._follow_servers())
        self._follow_servers()

    def stop(self) -> None:
        """End watching."""
        self._timer.stop()
        self._disconnect()
        self._unfollow()

    def _unfollow(self) -> None:
        for disconnect in self._models:
            disconnect()
        self._models.clear()

    def _follow_servers(self) -> None:
        self._unfollow()
        self._models = [server.model.changed.connect(self._model_changed) for server in self._workspace.servers]
        self._timer.start()

    def _model_changed(self, change: Change) -> None:
        if change.aspect.value not in ("metrics", "deployment-log") and not self._timer.isActive():
            self._timer.start()
