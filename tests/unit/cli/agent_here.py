"""An agent where the command looks for that of this computer."""

from tests.unit.agent.conftest import RunningAgent


class AgentOfThisComputer(RunningAgent):
    """The command uses the one that runs there."""

    def __init__(self, home, environment):
        super().__init__(home, environment)
        self.paths = type(self.paths)(home / "data" / "agent", home / "run" / "agent")
