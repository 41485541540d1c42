"""Trying a server before it is added: can it be reached, who are we there, what does it have."""

from __future__ import annotations

from dataclasses import dataclass

from godploy_desktop.core.connections import connection_for
from godploy_desktop.core.tasks import Progress
from godploy_desktop.core.workspace import NewServer, Workspace
from godploy_desktop.remote.connection import Connection
from godploy_server.contract import GodployError, Problem

_PROBE = r"""
echo user=$(id -un)
echo root=$([ "$(id -u)" = 0 ] && echo yes || { sudo -n true 2>/dev/null && echo yes || echo no; })
echo host=$(hostname)
[ -r /etc/os-release ] && . /etc/os-release && echo "os=$PRETTY_NAME"
echo machine=$(uname -m)
echo python=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null)
echo docker=$(docker version --format '{{.Server.Version}}' 2>/dev/null || docker --version 2>/dev/null | cut -d' ' -f3)
echo bundle=$(readlink /opt/godploy/godploy-server.pyz 2>/dev/null)
echo memory=$(awk '/^MemTotal:/ {print $2 * 1024}' /proc/meminfo)
echo disk=$(df -Pk /var 2>/dev/null | awk 'NR==2 {print $4 * 1024}')
"""
"""Run by the account's own shell in one go; every line is optional."""


@dataclass(frozen=True)
class Finding:
    """What a server says of itself. Texts are "" and sizes 0 where it could not tell."""

    user: str
    hostname: str
    os_name: str
    machine: str
    can_administer: bool  # root, or sudo without a password
    python_version: str
    docker_version: str
    is_bootstrapped: bool
    agent_version: str
    agent_problem: Problem | None  # bootstrapped, but the agent does not answer or speaks another contract
    memory_bytes: int
    free_disk_bytes: int


async def try_server(workspace: Workspace, new: NewServer, progress: Progress | None = None) -> Finding:
    """Connect to a server that is not in the list (asking about its host key), look around, disconnect.

    Raises what stands in the way: Unreachable, NotAllowed, BadInput. An accepted host key stays accepted.
    """
    progress = progress or Progress(lambda: None)
    profile = new.profile()
    progress.begin("connect", "Connect", profile.address)
    connection = await connection_for(profile, workspace.folders, workspace.secrets, new.secrets)
    try:
        await connection.connect()
        progress.begin("look", "Look around")
        finding = await look_around(connection)
    finally:
        await connection.close()
    progress.end("look", detail=finding.os_name)
    return finding


async def look_around(connection: Connection) -> Finding:
    """Ask a connected server what it is and has."""
    result = await connection.run(_PROBE, timeout_s=20)
    says = parse_probe(result.stdout.decode(errors="replace"))
    agent_version, agent_problem = "", None
    if says.get("bundle"):
        try:
            agent_version = (await connection.agent().info()).version
        except GodployError as error:
            agent_problem = error.problem
    return Finding(
        user=says.get("user", ""),
        hostname=says.get("host", ""),
        os_name=says.get("os", ""),
        machine=says.get("machine", ""),
        can_administer=says.get("root") == "yes",
        python_version=says.get("python", ""),
        docker_version=says.get("docker", "").rstrip(","),
        is_bootstrapped=bool(says.get("bundle")),
        agent_version=agent_version,
        agent_problem=agent_problem,
        memory_bytes=_size(says.get("memory", "")),
        free_disk_bytes=_size(says.get("disk", "")),
    )


def parse_probe(text: str) -> dict[str, str]:
    """Read `key=value` lines; whatever else a login shell prints is passed over."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value.strip() for key, sep, value in pairs if sep and key.isidentifier()}


def _size(text: str) -> int:
    try:
        return int(float(text))
    except ValueError:
        return 0
