"""A workspace whose servers are recorded: the real core above agents that answer from snapshots."""

from dataclasses import replace
from pathlib import Path

from godploy_desktop.core.server import Server
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.remote.states import ConnectionState
from godploy_server.contract import Problem, ServiceChanged, Snapshot
from tests.gui.recorded import snapshots
from tests.gui.recorded.agent import RecordedAgent


class RecordedConnection:
    """A connection that is in whatever state a test puts it in."""

    def __init__(self, agent: RecordedAgent) -> None:
        self.state = ConnectionState.CONNECTED
        self.problem: Problem | None = None
        self._agent = agent
        self._listeners = []

    def on_state(self, callback):
        self._listeners.append(callback)
        return lambda: callback in self._listeners and self._listeners.remove(callback)

    def become(self, state: ConnectionState, problem: Problem | None = None) -> None:
        self.state, self.problem = state, problem
        for each in list(self._listeners):
            each(state)

    async def connect(self) -> None:
        self.become(ConnectionState.CONNECTED)

    async def close(self) -> None:
        self.become(ConnectionState.DISCONNECTED)

    def agent(self) -> RecordedAgent:
        return self._agent


def recorded_server(identity: int, name: str, snapshot: Snapshot | None, **profile) -> Server:
    agent = RecordedAgent(snapshot) if snapshot else RecordedAgent(snapshots.second_server())
    values = {"host": f"{name}.example.com", "user": "root", **profile}
    server = Server(ServerProfile(id=identity, name=name, **values), RecordedConnection(agent))
    if snapshot is not None:
        server.model.apply(snapshot)
    return server


def change_service(server: Server, service, **changes):
    """Let the server report `service` with other values."""
    changed = replace(service, **changes)
    server.model.apply(ServiceChanged(changed))
    return changed


def recorded_workspace(folder: Path, *servers: Server) -> Workspace:
    """A workspace with these servers, or with the two recorded ones. Its store stays closed."""
    workspace = Workspace(Folders(folder / "data", folder / "config", folder / "cache", folder / "run"))
    workspace.servers.extend(
        servers
        or (
            recorded_server(1, "fra-1", snapshots.first_server()),
            recorded_server(2, "fra-2", snapshots.second_server()),
        )
    )
    workspace.is_open = True
    return workspace
