import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from godploy_server.contract import CONTRACT_VERSION
from godploy_server.state.paths import Paths
from tests.unit.empty_docker import EmptyDocker
from tests.warm_start import WarmProcess


class UnixConnection(http.client.HTTPConnection):
    """Real HTTP over the agent's socket."""

    def __init__(self, path, timeout=20.0):
        super().__init__("agent", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class RunningAgent:
    """A real agent process on a socket of its own, and requests to it. Its Docker has nothing, or is not there."""

    def __init__(self, folder, environment=None):
        self.paths = Paths(folder / "s", folder / "r")
        self.docker = EmptyDocker(folder / "docker.sock")
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{self.docker.path}", **(environment or {})}
        self.process = None
        self.options = []
        self.is_warm = False  # True: see tests/warm_start.py

    def _words(self):
        folders = ["--state-dir", str(self.paths.state_dir), "--run-dir", str(self.paths.run_dir)]
        return ["agent", "--embedded", *folders, *self.options]

    def _cold(self):
        command = [sys.executable, "-m", "godploy_server", *self._words()]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE)

    def _warm(self):
        return WarmProcess("godploy_server.__main__", self._words(), self.environment, stderr=subprocess.PIPE)

    def start(self):
        self.process = self._warm() if self.is_warm else self._cold()
        wait_for(lambda: self.process.poll() is not None or self.answers())
        assert self.process.poll() is None, self.process.stderr.read().decode()
        return self

    def start_beside(self):
        """Start while another one answers on the same socket."""
        self.process = self._cold()
        said = self.process.communicate(timeout=30)[1].decode()
        self.process = None
        raise AssertionError(said)

    def answers(self):
        try:
            return self.get("/v1/info")[0] == 200
        except OSError:
            return False

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(20)
        self.process.stderr.close()
        self.process = None

    def request(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.paths.agent_socket)
        try:
            all_headers = {"Godploy-Contract": str(CONTRACT_VERSION), "Godploy-Actor": "ada", **(headers or {})}
            connection.request(method, path, None if body is None else json.dumps(body), all_headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if answer.getheader(
                "content-type"
            ) == "application/json" else content
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, body or {})

    def stream(self, path):
        connection = UnixConnection(self.paths.agent_socket)
        connection.request("GET", path, headers={"Godploy-Contract": str(CONTRACT_VERSION)})
        return connection, connection.getresponse()

    def events(self):
        return Events(self)

    def until_final(self, deployment_id):
        def ended():
            found = self.get(f"/v1/deployments/{deployment_id}")[1]
            return found if found["state"] not in ("queued", "running") else None

        return wait_for(ended)


class Events:
    """The event stream, line by line."""

    def __init__(self, agent):
        self.connection, self._answer = agent.stream("/v1/events")

    def next(self, *kinds):
        while True:
            event = json.loads(self._answer.readline())
            if not kinds or event["kind"] in kinds:
                return event

    def is_over(self):
        """True at the end of the stream; what was on its way before the end is read first."""
        while self._answer.readline():
            pass
        return True

    def close(self):
        self._answer.close()
        self.connection.close()


def wait_for(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def new_agent(tmp_path):
    agents = []

    def make(environment=None, has_docker=True, is_warm=True):
        agents.append(RunningAgent(tmp_path, environment))
        agents[-1].is_warm = is_warm
        if has_docker:
            agents[-1].docker.start()
        return agents[-1]

    yield make
    for each in agents:
        if each.process:
            each.stop(signal.SIGKILL)
        each.docker.stop()


@pytest.fixture
def agent(new_agent, request):
    """A running agent; started as on a server where a test that measures it is `started_as_on_a_server`."""
    return new_agent(is_warm=getattr(request, "param", True)).start()


started_as_on_a_server = pytest.mark.parametrize("agent", [False], indirect=True, ids=["cold"])
