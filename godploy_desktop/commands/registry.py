"""Which commands there are, without loading any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Command:
    """A noun (or a verb that needs none). `module` has `add_arguments(parser)`."""

    name: str
    module: str
    summary: str


COMMANDS: Final = (
    Command("server", "servers", "add, list, bootstrap, inspect and remove servers"),
    Command("project", "projects", "create, list and delete projects"),
    Command("service", "services", "create, change, start and stop services; their variables and domains"),
    Command("git", "git", "accounts at git hosts: sign in, list repositories and branches"),
    Command("template", "templates", "list, show and check what services can be made from"),
    Command("deploy", "deploy", "deploy a service and follow its log"),
    Command("deployments", "deployments", "the deployments of a service, and their logs"),
    Command("queue", "queue", "what is deployed on a server now, and what waits"),
    Command("cancel", "cancel", "cancel a deployment that waits or runs"),
    Command("releases", "releases", "the releases of a service"),
    Command("rollback", "rollback", "go back to an earlier release"),
    Command("logs", "logs", "what a service writes, live with -f"),
    Command("stats", "stats", "load of a service or of the server, live with -f"),
    Command("registry", "registries", "logins at image registries"),
    Command("settings", "settings", "settings of a server: ACME, builds at once"),
    Command("sample", "sample", "deploy the sample application"),
    Command("completion", "completion", "completion for bash, zsh or fish"),
    Command("version", "version", "the version of this program"),
    Command("help", "help", "help on a command, or on exit-codes"),
)


def find(name: str) -> Command | None:
    """The command of that name."""
    return next((each for each in COMMANDS if each.name == name), None)
