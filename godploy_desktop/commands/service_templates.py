"""`godploy service ...` for what was made from a template: creating, connecting, passwords, versions."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from godploy_desktop.commands import options, rendering, service_settings
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import follow
from godploy_desktop.commands.prompts import password_from_stdin
from godploy_desktop.core import templates
from godploy_desktop.core.server import Server
from godploy_desktop.core.templates import ParameterType, Template
from godploy_server.contract import (
    BadInput,
    CreateService,
    Deployment,
    DeploymentId,
    NotFound,
    Project,
    Rotated,
    RotatePassword,
    Service,
    Trigger,
    Variable,
)

_FOLLOWERS_WITHIN_S: Final = 15.0


def add_create_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a service from a template."""
    group = parser.add_argument_group("from a template (see: godploy template list)")
    group.add_argument("--template", metavar="NAME", help="instead of a source: postgres, redis, ...")
    group.add_argument("--template-version", metavar="VERSION", default="", help="default: the template's newest")
    group.add_argument(
        "--set",
        action="append",
        type=options.pair,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, may be repeated; NAME=@FILE takes it from a file, NAME=@- from stdin "
        "(passwords only so, because others can see the command line)",
    )
    group.add_argument(
        "--public",
        nargs="?",
        const=0,
        type=int,
        metavar="PORT",
        help="let everyone who reaches the server reach it, at this port (default: its usual one)",
    )


def add_verbs(verbs: Any) -> None:
    """Add the verbs of services that were made from a template."""
    connecting = options.verb(verbs, "connect", connect, "give an application the connection string of a database")
    options.service(connecting)
    connecting.add_argument("database", metavar="PROJECT/DATABASE", help="in the same project")
    connecting.add_argument(
        "--as", dest="variable", default="", metavar="NAME", help="variable (default: DATABASE_URL)"
    )
    connecting.add_argument("--output", default="", metavar="NAME", help="another connection than the usual one")
    listing = options.verb(verbs, "connections", connections, "list what a database offers to applications")
    options.service(listing)
    listing.add_argument("--reveal", action="store_true", help="with the passwords; the server remembers who asked")
    rotating = options.verb(verbs, "rotate-password", rotate, "change a database's password, and deploy what uses it")
    options.service(rotating)
    rotating.add_argument("--from-stdin", action="store_true", help="the new password is the first line of stdin")
    rotating.add_argument("--no-redeploy", action="store_true", help="leave what uses it for a later deployment")
    rotating.add_argument("--no-follow", action="store_true", help="do not wait for the deployments")
    changing = options.verb(verbs, "change-version", change_version, "go to another version of the template")
    options.service(changing)
    changing.add_argument("version", metavar="VERSION")
    options.confirmation(changing)


def request_from_template(context: Context, project: Project, name: str) -> tuple[CreateService, list[str]]:
    """Give the request that the command line describes, and what to tell the person about it."""
    given = context.options
    for option, value in (("--git", given.git), ("--folder", given.folder), ("--archive", given.archive)):
        if value:
            raise BadInput("A service has one source", f"both --template and {option} are given", f"Leave {option} out")
    template = templates.library(context.workspace.folders).get(given.template)
    public_port = given.public
    if public_port == 0 and template.public is not None:
        public_port = template.public.port
    values = {key: _value_of(template, key, value) for key, value in given.set}
    request = templates.render(template, project.id, name, given.template_version, values, public_port)
    variables = tuple(Variable(key, value) for key, value in given.variable)
    request = replace(
        request,
        settings=service_settings.changed_settings(request.settings, given),
        variables=(*request.variables, *variables),
    )
    notes = []
    if public_port is not None and template.public is not None:
        notes.append(f"Port {public_port} of the server will lead to it. {template.public.warning}")
    return request, notes


def refuse_without_template(given: argparse.Namespace) -> None:
    """Refuse options that only a template understands. Raises BadInput."""
    for option, value in (("--set", given.set), ("--template-version", given.template_version)):
        if value:
            raise BadInput(
                f"{option} means nothing here", "no template is given", f"Add --template, or leave {option} out"
            )
    if given.public is not None:
        raise BadInput("--public means nothing here", "no template is given", "Publish a port with --publish")


async def connect(context: Context) -> None:
    """Connect an application to a database of its project."""
    server = await context.server()
    application = await context.service(server)
    name = context.full_name(application)
    database = await context.service(server, context.options.database)
    change = templates.connect(application, database, context.options.output, context.options.variable)
    variables = await server.set_variables(application.id, change)
    put = change.put[0]
    text = f"{name} gets {put.name} from {put.reference}, and follows its password.\n"
    context.output.value(variables, f"{text}Takes effect with: godploy deploy {name}")


async def connections(context: Context) -> None:
    """List the connections of a service, with dots or (on request) the passwords."""
    server = await context.server()
    service = await context.service(server)
    found = await server.agent.connections(service.id, reveal=context.options.reveal)
    rows = [
        [
            each.name,
            each.value if each.problem is None else f"({each.problem.why})",
            "from elsewhere" if each.is_public else "",
        ]
        for each in found
    ]
    context.output.rows(found, ("NAME", "VALUE", ""), rows, "It was not made from a template: it offers nothing.")


async def rotate(context: Context) -> None:
    """Change a password and follow the deployments that it takes."""
    given = context.options
    server = await context.server()
    service = await context.service(server)
    name = context.full_name(service)
    value = None
    if given.from_stdin:
        template = templates.library(context.workspace.folders).find(service.template.name if service.template else "")
        value = templates.check_new_password(template, password_from_stdin())
    rotated = await server.rotate(service.id, RotatePassword(value, redeploys=not given.no_redeploy))
    said = _said(name, service, rotated)
    if given.no_follow:
        context.output.value(rotated, said)
        return
    context.output.event({"event": "rotated", "rotated": rotated}, said)
    services = {each.name: each for each in await server.agent.services(service.project_id)}
    by_id = {each.id: each for each in services.values()}
    own: Deployment | None = None
    for deployment_id in rotated.deployments:
        deployment = await server.agent.deployment(DeploymentId(deployment_id))
        await follow(context, server, by_id[deployment.service_id], deployment)
        own = deployment if deployment.service_id == service.id else own
    if own is not None and not given.no_redeploy:
        # the database itself was deployed: the server deploys what uses it only now that the new password counts
        for each in (services[other] for other in rotated.dependents if services[other].release):
            if (after := await _deployed_after(server, each, own)) is not None:
                await follow(context, server, each, after)


async def change_version(context: Context) -> None:
    """Go to another version; a step that the data may not survive needs a confirmation."""
    server = await context.server()
    service = await context.service(server)
    name = context.full_name(service)
    if service.template is None:
        raise BadInput(
            f"{name} was not made from a template",
            "only then are there versions",
            "Use: godploy service change --image",
        )
    template = templates.library(context.workspace.folders).get(service.template.name)
    step = templates.version_change(template, service, context.options.version)
    if step.is_risky:
        head = f"Change {name} from {template.title} {service.template.version} to {context.options.version}:"
        context.confirm(head, [step.warning])
    changed = await server.change_service(service.id, step.change)
    text = f"{name} will be {template.title} {context.options.version}."
    context.output.value(changed, f"{text} It takes effect with: godploy deploy {name}")


def _said(name: str, service: Service, rotated: Rotated) -> str:
    rotation = service.template.rotation if service.template else None
    is_done = (rotation and rotation.command) or not rotated.deployments
    users = f" What uses it: {', '.join(rotated.dependents)}." if rotated.dependents else ""
    return f"The password of {name} is changed{'' if is_done else ' by a deployment of it'}.{users}"


async def _deployed_after(server: Server, service: Service, database: Deployment) -> Deployment | None:
    """Give the deployment of a service that the server began after that of its database, once it is there."""
    waited = 0.0
    while waited < _FOLLOWERS_WITHIN_S:
        found = await server.agent.deployments(service.id)
        if found and found[0].trigger is Trigger.SETTINGS and found[0].created_at > database.created_at:
            return found[0]
        await asyncio.sleep(0.5)
        waited += 0.5
    return None


def _value_of(template: Template, name: str, given: str) -> str:
    parameter = next((each for each in template.parameters if each.name == name), None)
    if given.startswith("@"):
        return _read(given[1:])
    if parameter is not None and parameter.type is ParameterType.PASSWORD:
        raise BadInput(
            f"“{parameter.title}” must not stand on the command line",
            f"--set {name}: should be {name}=@FILE, or {name}=@- for stdin, because others can see the command line",
            "Put it into a file, or leave it out for a generated one",
        )
    return given


def _read(path: str) -> str:
    try:
        text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "The file cannot be read", f"{path}: {type(error).__name__}", "Check its name and mode"
        ) from error
    return text.removesuffix("\n").removesuffix("\r")


def connection_pairs(service: Service) -> list[tuple[str, str]]:
    """What `service show` says of a template."""
    if service.template is None:
        return []
    names = ", ".join(each.name for each in service.template.outputs)
    return [
        ("template", f"{service.template.title} {service.template.version}"),
        ("connections", rendering.plain(names)),
    ]
