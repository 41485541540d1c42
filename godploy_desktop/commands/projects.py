"""`godploy project ...`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context, losses_of
from godploy_server.contract import check_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of projects."""
    verbs = options.verbs_of(parser)
    create = options.verb(verbs, "create", create_project, "make a project with an isolated network of its own")
    options.verb(verbs, "list", list_projects, "list the projects of a server")
    delete = options.verb(verbs, "delete", delete_project, "delete a project with everything in it")
    for each in (create, delete):
        each.add_argument("name", metavar="PROJECT", help="the project's name")
    options.confirmation(delete)


async def create_project(context: Context) -> None:
    """Make a project."""
    name = check_name(context.options.name, "project")
    server = await context.server()
    project = await server.create_project(name)
    context.output.value(project, f"Created project {project.name} on {server.name} (network {project.subnet}).")


async def list_projects(context: Context) -> None:
    """List the projects."""
    server = await context.server()
    projects = await server.agent.projects()
    services = await server.agent.services()
    rows = [
        [
            each.name,
            str(sum(service.project_id == each.id for service in services)),
            each.subnet,
            rendering.ago(each.created_at),
        ]
        for each in projects
    ]
    context.output.rows(
        projects,
        ("NAME", "SERVICES", "NETWORK", "CREATED"),
        rows,
        f"{server.name} has no project yet. Create one: godploy project create NAME",
    )


async def delete_project(context: Context) -> None:
    """Delete a project, after saying what goes with it."""
    server = await context.server()
    project = await context.project(server, context.options.name)
    preview = await server.agent.preview_project_removal(project.id)
    context.confirm(f"Delete project {project.name} from {server.name} with:", losses_of(preview))
    gone = await server.delete_project(project.id)
    context.output.value({"deleted": project.name, "gone": gone}, f"Deleted project {project.name}.")
