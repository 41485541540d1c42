"""The sample application, deployed in one click: the shortest way from nothing to a page that is served.

An application's source is a git repository that the server reaches. The sample's is made on the server itself, from
the files that ship with this program: `<state folder>/samples/hello.git`, used as it is when it is there already.
"""

from __future__ import annotations

import asyncio
import io
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_desktop.assets import asset
from godploy_desktop.core.addresses import address_in_browser, generated_host
from godploy_desktop.core.deploying import outcome_of, show_deployment
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_server.contract import (
    AddDomain,
    AgentInfo,
    CreateService,
    Deployment,
    GitSource,
    HealthCheck,
    NotReady,
    Project,
    Service,
    ServiceSettings,
    Variable,
)

PROJECT: Final = "samples"
SERVICE: Final = "hello"
PORT: Final = 8080


@dataclass(frozen=True)
class SampleDeployed:
    """What came out. `url` is "" where the server has no address of its own to serve it under."""

    project: Project
    service: Service
    deployment: Deployment
    url: str


async def deploy_sample(server: Server, progress: Progress) -> SampleDeployed:
    """Make the sample's repository, project, service and domain where they are missing, deploy, follow to the end.

    Raises DeploymentFailed when it does not get healthy, and whatever stands in the way before.
    """
    progress.plan({"source": "Put the sample's source on the server", "service": "Make project and service"})
    progress.begin("source")
    url = await _put_source(server)
    progress.begin("service")
    info = await server.agent.info()
    if info.docker_problem is not None:
        problem = info.docker_problem
        raise NotReady(problem.what, problem.why, problem.next_step)
    project = next((each for each in await server.agent.projects() if each.name == PROJECT), None)
    if project is None:
        project = await server.create_project(PROJECT)
    service = next((each for each in await server.agent.services(project.id) if each.name == SERVICE), None)
    if service is None:
        service = await server.create_service(
            CreateService(
                project_id=project.id,
                name=SERVICE,
                settings=ServiceSettings(GitSource(url), port=PORT, health=HealthCheck(path="/healthz")),
                variables=(Variable("GREETING", "Hello from Godploy"),),
            )
        )
    host = generated_host(info, SERVICE)
    if host and not service.domains:
        await server.add_domain(service.id, AddDomain(host, tls=False))
    progress.end("service", detail=f"{PROJECT}/{SERVICE}")
    deployment = await server.deploy(service.id)
    deployment = await show_deployment(server, deployment, progress)
    outcome_of(deployment, f"{PROJECT}/{SERVICE}")
    service = await server.agent.service(service.id)
    return SampleDeployed(project, service, deployment, sample_url(service, info))


def sample_url(service: Service, info: AgentInfo) -> str:
    """Where a browser finds a service: the address of its first domain, "" without one."""
    return address_in_browser(service.domains[0], info) if service.domains else ""


async def _put_source(server: Server) -> str:
    """Make the bare repository on the server unless it exists; gives back its URL."""
    repository = f"{server.state_folder}/samples/hello.git"
    archive = await asyncio.to_thread(pack, asset("resources/samples/hello"))
    command = f"sh -c {shlex.quote(source_script(repository))}"
    if not server.is_embedded:  # this computer's agent is the person's own process, a server's is root's
        command = server.connection.as_root(command)
    result = await server.connection.run(command, stdin=archive)
    if not result.ok:
        said = result.stderr.decode(errors="replace").strip().splitlines()
        raise NotReady(
            "The sample's source cannot be put on the server",
            said[-1] if said else f"the script ended with exit code {result.exit_code}",
            "Check that git is installed there and that its disk has room",
        )
    return f"file://{repository}"


def source_script(repository: str) -> str:
    """The shell script that turns a tar on stdin into one commit of a new bare repository, all or nothing."""
    identity = "-c user.name=Godploy -c user.email=godploy@localhost -c commit.gpgsign=false"
    return f"""
set -eu
repository={shlex.quote(repository)}
test -d "$repository" && exit 0
mkdir -p "$(dirname "$repository")"
work=$(mktemp -d "$repository.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
tar -xf - -C "$work/tree"
git init -q "$work/tree"
git -C "$work/tree" symbolic-ref HEAD refs/heads/main
git -C "$work/tree" add -A
git -C "$work/tree" {identity} commit -q -m "Add the sample application"
git clone -q --bare "$work/tree" "$work/bare"
git --git-dir="$work/bare" remote remove origin
mv "$work/bare" "$repository"
"""


def pack(folder: Path) -> bytes:
    """A tar of a folder's files, owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                member = tar.gettarinfo(path, str(path.relative_to(folder)))
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                with path.open("rb") as content:
                    tar.addfile(member, content)
    return buffer.getvalue()
