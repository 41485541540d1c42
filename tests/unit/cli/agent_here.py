"""An agent where the command looks for that of this computer."""

import json
from contextlib import contextmanager
from pathlib import Path

from tests.unit.agent.conftest import RunningAgent
from tests.unit.agent.rows import add_project, add_service


class AgentOfThisComputer(RunningAgent):
    """The command uses the one that runs there."""

    def __init__(self, home, environment):
        super().__init__(home, environment)
        self.paths = type(self.paths)(home / "data" / "agent", home / "run" / "agent")


def environment_here(environment, tmp_path):
    """The environment of a command that keeps its secrets in a file, where no Docker of the machine is reached."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n")
    return environment | {
        "GODPLOY_HOME": str(tmp_path / "h"),
        "GODPLOY_PASSPHRASE_FILE": str(passphrase),
        "DOCKER_HOST": f"unix://{tmp_path}/h/docker.sock",
    }


@contextmanager
def agent_here(environment, url=None):
    """The agent at work, with the project shop and, given a repository's `url`, its service web (`service_id`)."""
    home = Path(environment["GODPLOY_HOME"])
    home.mkdir()
    agent = AgentOfThisComputer(home, environment)
    agent.docker.start()
    project = add_project(agent.paths)
    if url is not None:
        agent.service_id = add_service(agent.paths, project.id, url=url).id
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()
        agent.docker.stop()


def asking(godploy):
    """Put this computer into the list of `godploy`; gives the command with --json, which must do what it was asked."""
    assert godploy("server", "add", "this-computer").returncode == 0

    def ask(*words, **more):
        done = godploy(*words, "--json", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])  # a task says its steps before

    return ask
