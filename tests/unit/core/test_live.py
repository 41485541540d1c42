"""A server kept live against a real agent process. It needs no Docker: settings and the event stream work without."""

import asyncio
import os
import signal
import sys

import pytest

from godploy_desktop.core.server_model import Aspect
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.remote.agent_client import AgentClient
from godploy_desktop.remote.states import ConnectionState
from godploy_server.contract import ChangeSettings
from tests.unit.remote.loopback_sshd import free_port

pytestmark = pytest.mark.asyncio


async def test_removing_this_computer_ends_an_agent_that_an_earlier_command_left_running(folders):
    agent = Agent(folders)
    await agent.start()
    first = Workspace(folders)
    await first.open()
    await (await first.embedded()).connect()
    await first.close(ends_agent=False)
    assert agent.process.returncode is None

    second = Workspace(folders)
    await second.open()
    try:
        await second.remove_server(second.this_computer)
        async with asyncio.timeout(20):
            assert await agent.process.wait() == 0
        assert second.this_computer is None
    finally:
        await second.close()
        await agent.kill()


class Agent:
    """This computer's agent, started as the application would, with a Docker that does not answer."""

    def __init__(self, folders):
        self.folders = folders
        self.process = None

    async def start(self):
        words = ["-m", "godploy_server", "agent", "--embedded", "--state-dir", str(self.folders.embedded_state)]
        words += ["--run-dir", str(self.folders.embedded_run), "--http-port", str(free_port())]
        words += ["--https-port", str(free_port())]
        environment = os.environ | {"DOCKER_HOST": f"unix://{self.folders.run}/no-docker.sock"}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env=environment, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        await until((self.folders.embedded_run / "agent.sock").exists)

    async def kill(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        (self.folders.embedded_run / "agent.sock").unlink(missing_ok=True)


async def until(is_so):
    async with asyncio.timeout(40):
        while not is_so():  # noqa: ASYNC110  what is waited for has no event: a file, another process
            await asyncio.sleep(0.05)


@pytest.fixture
def folders(tmp_path_factory):
    folders = Folders.of({"GODPLOY_HOME": str(tmp_path_factory.mktemp("h"))})
    folders.make()
    for folder in (folders.embedded_state, folders.embedded_run):
        folder.mkdir(mode=0o700)
    return folders


async def test_a_live_model_follows_the_agent_through_its_death_and_is_remembered(folders):
    agent = Agent(folders)
    await agent.start()
    workspace = Workspace(folders)
    await workspace.open()
    try:
        server = await workspace.embedded()
        changes = []
        server.model.changed.connect(lambda change: changes.append(change.aspect))
        server.keep_live()
        await until(lambda: server.model.is_live)
        assert server.model.info.is_embedded
        assert server.model.connection is ConnectionState.CONNECTED

        someone_else = AgentClient(lambda: server.connection.open_unix("/run/godploy/agent.sock"), "someone else")
        await someone_else.change_settings(ChangeSettings(builds_at_once=3))
        await until(lambda: server.model.settings.builds_at_once == 3)
        assert Aspect.SETTINGS in changes, "nobody asked: the event told"

        await agent.kill()
        await until(lambda: not server.model.is_live)
        assert server.model.settings.builds_at_once == 3, "what was known still shows"
        assert server.model.problem is not None

        await agent.start()
        await until(lambda: server.model.is_live)
        assert server.model.problem is None
        assert server.model.settings.builds_at_once == 3
        as_of = server.model.as_of
        await workspace.close()
        async with asyncio.timeout(20):
            assert await agent.process.wait() == 0, "closing the window ends this computer's agent"
    finally:
        await workspace.close()
        await agent.kill()

    later = Workspace(folders)
    await later.open()
    try:
        remembered = later.this_computer.model
        assert remembered.is_known
        assert not remembered.is_live
        assert remembered.settings.builds_at_once == 3
        assert remembered.as_of >= as_of
        assert later.this_computer.profile.agent_version == remembered.info.version
    finally:
        await later.close()
