"""The lab's own containers: each is kept while it is what was asked for, and replaced when it is not."""

import hashlib

from tests.lab.labkit.command import CommandFailed
from tests.lab.labkit.docker_engine import LABEL, docker, image_id, remove
from tests.lab.labkit.network import NETWORK

PREFIX = "godploy-lab-"


def ensure_container(name: str, image: str, options: list[str], command: list[str]) -> None:
    """Run a container under `name` unless one runs that was started with the very same image, options and command."""
    arguments = [*options, image, *command]
    recipe = hashlib.sha256("\0".join([image_id(image), *arguments]).encode()).hexdigest()[:16]
    shown = '{{index .Config.Labels "godploy.lab.recipe"}} {{.State.Running}}'
    try:
        if docker("inspect", "-f", shown, name) == f"{recipe} true":
            return
    except CommandFailed:
        pass  # there is no such container
    remove([name])
    labels = ["--label", LABEL, "--label", f"godploy.lab.recipe={recipe}"]
    docker("run", "-d", "--name", name, "--network", NETWORK, "--restart=unless-stopped", *labels, *arguments)
