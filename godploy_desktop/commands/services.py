"""`godploy service ...`"""

from __future__ import annotations

import argparse
from pathlib import Path

from godploy_desktop.commands import (
    builder_settings,
    git_host_keys,
    options,
    rendering,
    running_settings,
    service_domains,
    service_push,
    service_repository,
    service_settings,
    service_templates,
    service_variables,
    source_settings,
)
from godploy_desktop.commands.context import Context, losses_of
from godploy_desktop.commands.sending import send
from godploy_desktop.core.addresses import address_in_browser
from godploy_server.contract import (
    BadInput,
    ChangeService,
    CreateService,
    GitSource,
    ImageSource,
    Service,
    ServiceKind,
    Variable,
    check_name,
    check_variable_name,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of services."""
    verbs = options.verbs_of(parser)
    create = options.verb(verbs, "create", create_service, "make a service (it is not deployed yet)")
    options.service(create)
    service_settings.add_arguments(create)
    create.add_argument(
        "--variable", action="append", type=options.pair, default=[], metavar="NAME=VALUE", help="may be repeated"
    )
    service_repository.add_create_arguments(create)
    git_host_keys.add_trust_option(create)
    service_templates.add_create_arguments(create)
    listing = options.verb(verbs, "list", list_services, "list services")
    listing.add_argument("--project", metavar="PROJECT", help="of this project alone")
    change = options.verb(
        verbs, "change", change_service, "change what is given; takes effect with the next deployment"
    )
    options.service(change)
    service_settings.add_arguments(change)
    git_host_keys.add_trust_option(change)
    change.add_argument("--name", metavar="NAME", help="another name")
    for name, run, summary in (
        ("show", show, "show one service"),
        ("start", start, "start the containers of a stopped service"),
        ("stop", stop, "stop the containers; visitors see an error until it is started or deployed"),
        ("restart", restart, "restart the containers in place (a deployment has no gap, this has)"),
        ("plan", plan, "look at the newest source and say how it would be built; builds nothing"),
        ("check-source", check_source, "ask the git host for the source with the deploy key; fetches nothing"),
        ("deploy-key", deploy_key, "print the public key to give read access to at the git host"),
        ("delete", delete, "delete a service with its releases and history"),
    ):
        each = options.verb(verbs, name, run, summary)
        options.service(each)
        if name == "delete":
            options.confirmation(each)
    service_templates.add_verbs(verbs)
    service_variables.add_arguments(
        verbs.add_parser("variables", help="list, set and remove variables and secrets", description="Variables.")
    )
    service_push.add_verbs(verbs)
    service_domains.add_arguments(
        verbs.add_parser("domains", help="list, add, check and remove domains", description="Domains.")
    )


async def create_service(context: Context) -> None:
    """Make a service."""
    project_name, found, name = context.options.service.partition("/")
    if not found:
        raise BadInput(
            "It is not clear in which project the service belongs",
            f"“{context.options.service}” names none",
            "Name it as PROJECT/SERVICE",
        )
    check_name(name, "service")
    if context.options.template:
        await _create_from_template(context, project_name, name)
        return
    service_templates.refuse_without_template(context.options)
    if service_repository.is_wanted(context.options):
        await service_repository.create(context, project_name, name)
        return
    settings = service_settings.new_settings(context.options)
    variables = tuple(Variable(check_variable_name(key), value) for key, value in context.options.variable)
    server = await context.server()
    project = await context.project(server, project_name)
    kind = ServiceKind.IMAGE if isinstance(settings.source, ImageSource) else ServiceKind.APPLICATION
    service = await server.create_service(CreateService(project.id, name, settings, kind, variables))
    if context.options.archive:
        await send(context, server, service, Path(context.options.archive))
    full_name = f"{project.name}/{service.name}"
    context.output.value(service, f"Created {full_name}. Deploy it: godploy deploy {full_name}")


async def _create_from_template(context: Context, project_name: str, name: str) -> None:
    server = await context.server()
    project = await context.project(server, project_name)
    request, notes = service_templates.request_from_template(context, project, name)
    service = await server.create_service(request)
    for each in notes:
        context.output.note(each)
    title = f"{request.template.title} {request.template.version}" if request.template else "It"
    full_name = f"{project.name}/{service.name}"
    text = f"Created {full_name}: {title}. Deploy it: godploy deploy {full_name}"
    context.output.value(
        service, f"{text}\nConnect an application: godploy service connect {project.name}/APP {full_name}"
    )


async def list_services(context: Context) -> None:
    """List services."""
    server = await context.server()
    projects = {each.id: each.name for each in await server.agent.projects()}
    project = await context.project(server, context.options.project) if context.options.project else None
    services = await server.agent.services(project.id if project else None)
    colour = context.output.colour
    rows = [
        [
            f"{projects.get(each.project_id, '?')}/{each.name}",
            rendering.state(each.state, colour=colour),
            f"{each.containers_running}/{each.containers_wanted}",
            f"r{each.release}" if each.release else "",
            ", ".join(domain.host for domain in each.domains),
            "needs deployment" if each.needs_deployment else "",
        ]
        for each in services
    ]
    context.output.rows(
        services,
        ("NAME", "STATE", "CONTAINERS", "RELEASE", "DOMAINS", ""),
        rows,
        "There is no service yet. Create one: godploy service create PROJECT/NAME --repo OWNER/NAME (or --git URL)",
    )


async def change_service(context: Context) -> None:
    """Change settings or name."""
    server = await context.server()
    service = await context.service(server)
    settings = service_settings.changed_settings(service.settings, context.options)
    if context.options.name is not None:
        check_name(context.options.name, "service")
    change = ChangeService(settings if settings != service.settings else None, context.options.name)
    if change == ChangeService():
        raise BadInput("Nothing is to be changed", "no option says anything new", "See godploy service change --help")
    unknown_host = ""
    if settings.source != service.settings.source or context.options.trust_host_key:
        unknown_host = await git_host_keys.settle(context, server, settings.source)
    changed = await server.change_service(service.id, change)
    if context.options.archive:
        await send(context, server, changed, Path(context.options.archive))
    text = f"Changed {context.full_name(changed)}."
    if changed.needs_deployment:
        text += f" It takes effect with: godploy deploy {context.full_name(changed)}"
    context.output.value(changed, text)
    if unknown_host:
        context.output.note(unknown_host)


async def show(context: Context) -> None:
    """Show one service."""
    server = await context.server()
    service = await context.service(server)
    info = await server.agent.info()
    settings, colour = service.settings, context.output.colour
    source = settings.source
    described = source_settings.described(source)
    limits = settings.limits
    pairs = [
        ("service", context.full_name(service)),
        ("state", f"{rendering.state(service.state, colour=colour)}  {service.state_detail}".strip()),
        ("containers", f"{service.containers_running} of {service.containers_wanted} run"),
        ("release", f"r{service.release}" if service.release else ""),
        *service_templates.connection_pairs(service),
        ("source", described),
        ("root", "" if isinstance(source, ImageSource) else source.root),
        ("builder", "" if isinstance(source, ImageSource) else builder_settings.described(settings.builder)),
        ("port", str(settings.port) if settings.port else "" if service.template else "none (a worker)"),
        ("health", running_settings.described_health(settings)),
        *running_settings.described(settings),
        ("memory", rendering.bytes_text(limits.memory_bytes) if limits.memory_bytes else ""),
        ("cpus", f"{limits.cpus:g}" if limits.cpus else ""),
        *(("served at", address_in_browser(domain, info)) for domain in service.domains),
        ("deploy key", service.deploy_key if isinstance(source, GitSource) else ""),
        ("pending", "settings are newer than what serves: deploy to apply" if service.needs_deployment else ""),
    ]
    context.output.value(service, rendering.fields(pairs, colour=colour))


async def start(context: Context) -> None:
    """Start a stopped service."""
    server = await context.server()
    service = await context.service(server)
    _say_state(context, await server.start_service(service.id))


async def stop(context: Context) -> None:
    """Stop a service."""
    server = await context.server()
    service = await context.service(server)
    _say_state(context, await server.stop_service(service.id))


async def restart(context: Context) -> None:
    """Restart a service in place."""
    server = await context.server()
    service = await context.service(server)
    _say_state(context, await server.restart_service(service.id))


async def plan(context: Context) -> None:
    """Say how the newest source would be built."""
    server = await context.server()
    service = await context.service(server)
    found = await server.agent.plan(service.id)
    text = f"{found.builder}: {found.reason}"
    context.output.value(found, f"{text}\n\n{found.detail}" if found.detail else text)


async def check_source(context: Context) -> None:
    """Say whether the server can read the source."""
    server = await context.server()
    service = await context.service(server)
    found = await server.agent.check_source(service.id)
    context.output.value(found, f"{found.detail}.")


async def deploy_key(context: Context) -> None:
    """Print the public half of the deploy key."""
    server = await context.server()
    service = await context.service(server)
    context.output.value({"service": context.full_name(service), "deploy_key": service.deploy_key}, service.deploy_key)


async def delete(context: Context) -> None:
    """Delete a service, after saying what goes with it."""
    server = await context.server()
    service = await context.service(server)
    name = context.full_name(service)
    preview = await server.agent.preview_service_removal(service.id)
    context.confirm(f"Delete {name} from {server.name} with:", losses_of(preview))
    gone = await server.delete_service(service.id)
    context.output.value({"deleted": name, "gone": gone}, f"Deleted {name}.")


def _say_state(context: Context, service: Service) -> None:
    state = rendering.state(service.state, colour=context.output.colour)
    text = f"{context.full_name(service)} is {state}"
    context.output.value(service, f"{text}: {service.state_detail}" if service.state_detail else text)
