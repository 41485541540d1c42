"""`godploy service create --repo` and `--git`: from a repository to a service that serves."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

from godploy_desktop.commands import git_host_keys, service_settings
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import follow
from godploy_desktop.commands.git_look import look_through
from godploy_desktop.commands.service_variables import variables_of_file
from godploy_desktop.core.addresses import generated_host
from godploy_desktop.core.git.finding import find_repository, is_address
from godploy_desktop.core.git.from_repository import FromRepository, Wanted, clone_address
from godploy_desktop.core.git.looking import look_by_server
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_desktop.git_hosting.values import Account, Repository
from godploy_server.contract import (
    AddDomain,
    BadInput,
    CreateService,
    GitSource,
    GodployError,
    Project,
    Service,
    ServiceSettings,
    Variable,
    check_host,
    check_variable_name,
)

NO_DOMAIN = "none"


def add_create_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that make, link and deploy a service from a repository in one go."""
    group = parser.add_argument_group("from a repository, in one go")
    group.add_argument(
        "--repo",
        metavar="[ACCOUNT/]OWNER/NAME",
        help="a repository of an account (see: godploy git accounts), or any address as for --git; its key and webhook "
        "are added at the host",
    )
    group.add_argument(
        "--domain", metavar="HOST", help="serve it there (default with --repo: a generated name; none for none)"
    )
    group.add_argument("--domain-no-tls", action="store_true", help="that domain has plain HTTP, no certificate")
    group.add_argument(
        "--env-file", type=Path, metavar="PATH", help="its NAME=VALUE lines; names that look secret become secrets"
    )
    group.add_argument("--no-link", action="store_true", help="add neither key nor webhook at the host")
    group.add_argument("--deploy", action="store_true", help="deploy it at once, and follow that")
    group.add_argument("--no-follow", action="store_true", help="with --deploy: only ask for it")


def is_wanted(given: argparse.Namespace) -> bool:
    """Whether a service is to be made from a repository. Raises BadInput for options that need one."""
    if given.repo and given.git:
        raise BadInput("A service has one source", "both --repo and --git are given", "Leave one of them out")
    if given.repo or given.git:
        return True
    for option in ("domain", "env_file", "no_link", "deploy", "no_follow", "domain_no_tls"):
        if getattr(given, option):
            raise BadInput(
                f"--{option.replace('_', '-')} needs a repository",
                "neither --repo nor --git is given",
                "Add one of them, or do it with a command of its own afterwards",
            )
    return False


async def create(context: Context, project_name: str, name: str) -> None:
    """Make the service, link it where an account may, and deploy it where that is asked for."""
    given = context.options
    variables = _variables(given)
    git = context.workspace.git
    is_named = not given.git and not is_address(given.repo, git.accounts)
    found = await find_repository(git, given.repo) if is_named else None
    if found is None:
        given.git = given.git or given.repo
    else:
        gets_key = found[1].can_administer and not given.no_link
        given.git = clone_address(found[1], gets_key=gets_key)
        given.branch = given.branch or found[1].default_branch
    settings = service_settings.new_settings(given)
    server = await context.server()
    project = await context.project(server, project_name)
    unknown_host = await git_host_keys.settle(context, server, settings.source)
    if given.repo:
        settings = await _with_what_is_found(context, server, settings, found)
    wanted = Wanted(
        CreateService(project.id, name, settings, variables=variables),
        await _domain(server, given, name, project),
        _linked(found, given),
        deploys=given.deploy,
    )
    making = FromRepository(server, wanted, (lambda: context.workspace.git.host(found[0])) if found else None)
    full_name = f"{project.name}/{name}"
    context.project_names[str(project.id)] = project.name
    try:
        service = await _run(context, making, f"Make {full_name}")
    except (GodployError, asyncio.CancelledError):
        _say_what_is_left(context, making, full_name)
        raise
    _say(context, making, service, full_name)
    if unknown_host:
        context.output.note(unknown_host)
    if making.deployment is not None and not given.no_follow:
        await follow(context, server, service, making.deployment)


async def _with_what_is_found(
    context: Context, server: Server, settings: ServiceSettings, found: tuple[Account, Repository] | None
) -> ServiceSettings:
    """Look into the repository, say what is there, and give the settings with what it tells where nothing was given.
    One that cannot be looked into yet is no error: its key is made with the service."""
    given, source = context.options, settings.source
    assert isinstance(source, GitSource)
    reference = source.commit or source.tag or (source.branch if given.branch else "")
    try:
        if found is None:
            look = await look_by_server(server, source.url, given.branch or "", source.root)
        else:
            look = await look_through(context, server, *found, reference, source.root)
    except GodployError as error:
        context.output.note(f"Its files are not known yet: {error.problem.what} ({error.problem.why}).")
        return settings
    detection = look.detection
    kind = detection.builder.kind if detection.builder else "no builder"
    port = f"; port {detection.port}" if detection.port else ""
    context.output.note(f"Found on {look.branch}: {kind}, because {detection.reason}{port}.")
    if not given.branch and not source.tag and not source.commit:
        settings = replace(settings, source=replace(source, branch=look.default_branch))
    if detection.port and not given.builder and not hasattr(given, "port"):
        settings = replace(settings, port=detection.port)
    return settings


async def _run(context: Context, making: FromRepository, title: str) -> Service:
    """One answer with --json, unless a deployment is followed: then its steps are a stream."""
    is_quiet = len(making.wanted.steps()) == 1 or (context.output.as_json and not making.wanted.deploys)
    return await (making.run(Progress(lambda: None)) if is_quiet else context.run_task(title, making.run))


def _variables(given: argparse.Namespace) -> tuple[Variable, ...]:
    found = {each.name: each for each in (variables_of_file(given.env_file) if given.env_file else ())}
    found |= {key: Variable(check_variable_name(key), value) for key, value in given.variable}
    return tuple(found.values())


def _linked(found: tuple[Account, Repository] | None, given: argparse.Namespace) -> Repository | None:
    return found[1] if found is not None and not given.no_link and found[1].can_administer else None


async def _domain(server: Server, given: argparse.Namespace, name: str, project: Project) -> AddDomain | None:
    if given.domain == NO_DOMAIN:
        return None
    if given.domain:
        return AddDomain(check_host(given.domain), tls=not given.domain_no_tls)
    if not given.repo:
        return None
    host = generated_host(await server.agent.info(), name, project.name)
    return AddDomain(host, tls=False) if host else None


def _say_what_is_left(context: Context, making: FromRepository, full_name: str) -> None:
    if making.service is None:
        return
    note = context.output.note
    left = {"event": "left", "service": making.service, "done": making.done, "undone": making.undone}
    context.output.event(left, None)
    note(f"Done: {', '.join(making.done)}.")
    note(f"Not done: {', '.join(making.undone)}. {full_name} is there: go on with")
    key_or_hook = making.wanted.repository is not None and not making.is_linked
    if making.wanted.domain is not None and making.stopped_at == "domain":
        note(f"  godploy service domains add {full_name} {making.wanted.domain.host}")
    if key_or_hook:
        note(f"  godploy service link {full_name}")
    if making.wanted.deploys:
        note(f"  godploy deploy {full_name}")


def _say(context: Context, making: FromRepository, service: Service, full_name: str) -> None:
    wanted = making.wanted
    lines = [f"Created {full_name}."]
    if wanted.domain is not None:
        lines.append(f"It is served at {wanted.domain.host}.")
    if wanted.repository is not None:
        lines.append(f"Every push to {wanted.repository.full_name} deploys it.")
    source = service.settings.source
    if wanted.repository is None and isinstance(source, GitSource) and not source.url.startswith("http"):
        lines.append(f"A private repository needs this deploy key (read access is enough):\n{service.deploy_key}")
    if not wanted.deploys:
        lines[0] = f"Created {full_name}. Deploy it: godploy deploy {full_name}"
    if context.output.as_json and wanted.deploys and not context.options.no_follow:
        context.output.event({"event": "service", "service": service}, None)
    else:
        context.output.value(service, "\n".join(lines))
