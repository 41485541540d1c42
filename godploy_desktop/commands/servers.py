"""`godploy server ...`"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from godploy_desktop.commands import app_hooks, cleaning, options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.provision import bootstrap, uninstall
from godploy_desktop.core.secrets import GivenSecrets
from godploy_desktop.core.server import Server
from godploy_desktop.core.trial import Finding, look_around, try_server
from godploy_desktop.core.workspace import THIS_COMPUTER, NewServer
from godploy_desktop.local_store.values import AuthChoice, ServerProfile
from godploy_desktop.remote.ssh.addresses import parse_address
from godploy_server.contract import AgentInfo, BadInput, GodployError, Problem, ServerMetrics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of servers."""
    verbs = options.verbs_of(parser)
    _add_arguments_of_add(options.verb(verbs, "add", add, "try a server and put it into the list", server=False))
    options.verb(verbs, "list", list_servers, "list the servers", server=False)
    app_hooks.add_verbs(verbs)
    for name, run, summary in (
        ("bootstrap", bootstrap_server, "install or upgrade the server side; safe to repeat"),
        ("status", status, "show what a server is and whether all is well there"),
        ("remove", remove, "take a server off the list; what runs on it goes on"),
        ("cleanup", cleaning.clean_up, "remove what a server can do without, after showing it"),
        ("docker-host", docker_host, "open a local socket to a server's Docker, for the docker command"),
        ("uninstall", uninstall_server, "remove from a server what bootstrap installed"),
    ):
        each = options.verb(verbs, name, run, summary, server=False)
        each.add_argument("server", metavar="NAME", nargs="?", help="which server (default: the only one)")
        options.reaching(each)
        if name == "bootstrap":
            each.add_argument(
                "--allow-docker-restart", action="store_true", help="restart Docker if a setting needs it"
            )
        if name == "cleanup":
            cleaning.add_arguments(each)
        if name == "remove":
            each.add_argument(
                "--purge", action="store_true", help=f"of {THIS_COMPUTER}: delete its services and data too"
            )
        if name == "uninstall":
            each.add_argument(
                "--purge", action="store_true", help="delete the data too: services, history, certificates"
            )
            each.add_argument("--packages", action="store_true", help="remove the packages that bootstrap installed")
        if name in ("bootstrap", "uninstall"):
            each.add_argument("--dry-run", action="store_true", help="only say what would be done")
        if name in ("uninstall", "remove"):
            options.confirmation(each)
        if name == "docker-host":
            each.add_argument(
                "--socket", type=Path, metavar="PATH", help="where to listen (default: in the run folder)"
            )
            each.add_argument(
                "command",
                nargs=argparse.REMAINDER,
                metavar="-- COMMAND ...",
                help="run this with DOCKER_HOST set, then end",
            )


def _add_arguments_of_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="[USER@]HOST[:PORT]", help=f"or {THIS_COMPUTER}, which needs Docker only")
    parser.add_argument("--name", default="", help="what to call it (default: its host name)")
    parser.add_argument(
        "--identity-file", type=_key_file, default="", metavar="PATH", help="the private key to use, and no other"
    )
    parser.add_argument("--jump", default="", metavar="[USER@]HOST[:PORT]", help="reach it through this server")
    parser.add_argument("--no-test", action="store_true", help="do not connect now")
    options.reaching(parser)


def _key_file(path: str) -> str:
    if path and not Path(path).expanduser().is_file():
        raise argparse.ArgumentTypeError(f"there is no file {path}")
    return path


async def add(context: Context) -> None:
    """Try a server, then put it into the list."""
    given = context.options
    if given.address == THIS_COMPUTER:
        server = await context.workspace.embedded()
        context.output.value(_server_json(server, None), f"Added {server.name}.")
        return
    address = parse_address(given.address)
    new = NewServer(
        host=address.host,
        name=given.name,
        user=address.user or "",
        port=address.port,
        identity_file=given.identity_file,
        jump=given.jump,
        auth=_auth(given.identity_file, context.password),
        secrets=GivenSecrets(password=context.password),
    )
    finding = None
    if not given.no_test:
        finding = await context.run_task(
            f"Try {new.host}", lambda progress: try_server(context.workspace, new, progress)
        )
    server = await context.workspace.add_server(new)
    text = f"Added {server.name} ({server.profile.address})."
    if finding is not None and not finding.is_bootstrapped:
        text += f" Next: godploy server bootstrap {server.name}"
    context.output.value(_server_json(server, finding), text)


def _auth(identity_file: str, password: str) -> AuthChoice:
    if password:
        return AuthChoice.PASSWORD
    return AuthChoice.KEY_FILE if identity_file else AuthChoice.AUTOMATIC


async def list_servers(context: Context) -> None:
    """List the servers as remembered; connects to none."""
    servers = context.workspace.servers
    rows = [
        [
            each.name,
            each.profile.address,
            each.profile.agent_version or "not bootstrapped",
            str(len(each.model.services)) if each.model.is_known else "",
            rendering.ago(each.profile.last_seen_at) or "never",
        ]
        for each in servers
    ]
    context.output.rows(
        [_server_json(each, None) for each in servers],
        ("NAME", "ADDRESS", "AGENT", "SERVICES", "SEEN"),
        rows,
        "There is no server yet. Add one: godploy server add USER@HOST",
    )


async def bootstrap_server(context: Context) -> None:
    """Install or upgrade the server side."""
    given = context.options
    server = context.server_named(given.server)
    info = await context.run_task(
        f"Bootstrap {server.name}",
        lambda progress: bootstrap(
            server, progress, allow_docker_restart=given.allow_docker_restart, dry_run=given.dry_run
        ),
    )
    if info is not None:
        await context.workspace.note_agent(server, info)
    if info is None:
        context.output.event({"event": "result", "info": None}, "A dry run: nothing was changed.")
    else:
        context.output.event({"event": "result", "info": info}, f"{server.name} is ready: agent {info.version}.")


async def status(context: Context) -> int:
    """Show what a server is. Exit code 10 when Docker or Traefik has a problem there."""
    server = context.server_named(context.options.server)
    await server.connect()
    finding = None if server.is_embedded else await look_around(server.connection)
    info: AgentInfo | None = None
    problem: Problem | None = None
    metrics: ServerMetrics | None = None
    if finding is None or finding.is_bootstrapped:
        try:
            info = await server.agent.info()
            await context.workspace.note_agent(server, info)
            async for metrics in server.agent.metrics(follow=False):  # noqa: B007  the last one is wanted
                pass
        except GodployError as error:
            problem = error.problem
    body = _server_json(server, finding) | {"info": info, "metrics": metrics, "problem": problem}
    problems = [problem, info.docker_problem, info.ingress_problem] if info else [problem]
    found = [each for each in problems if each is not None]
    context.output.value(body, _status_text(context, server, finding, info, metrics, found))
    return 10 if found or info is None else 0


def _status_text(
    context: Context,
    server: Server,
    finding: Finding | None,
    info: AgentInfo | None,
    metrics: ServerMetrics | None,
    problems: list[Problem],
) -> str:
    pairs = [("server", server.name), ("address", server.profile.address)]
    if finding is not None:
        pairs += [
            ("host", finding.hostname),
            ("system", " ".join((finding.os_name, finding.machine))),
            ("account", f"{finding.user}{'' if finding.can_administer else ' (may not become root)'}"),
        ]
        if not finding.is_bootstrapped:
            pairs.append(("agent", f"not installed; next: godploy server bootstrap {server.name}"))
    if info is not None:
        pairs += [
            ("agent", f"{info.version}, up since {info.started_at:%Y-%m-%d %H:%M} UTC"),
            ("docker", info.docker_version),
            ("traefik", info.traefik_version),
            ("ports", f"HTTP {info.http_port}, HTTPS {info.https_port}"),
        ]
    if metrics is not None:
        pairs += load_pairs(metrics)
    text = rendering.fields(pairs, colour=context.output.colour)
    for problem in problems:
        text += "\n" + rendering.paint(str(problem), rendering.RED, colour=context.output.colour)
    return text


def load_pairs(metrics: ServerMetrics) -> list[tuple[str, str]]:
    """The load of a server, for a person."""
    return [
        ("cpu", f"{metrics.cpu_fraction:.0%} of {metrics.cores} cores, load {metrics.load_1m:.2f}"),
        ("memory", _of(metrics.memory_used_bytes, metrics.memory_total_bytes)),
        ("disk", _of(metrics.disk_used_bytes, metrics.disk_total_bytes)),
    ]


def _of(used: int, total: int) -> str:
    return f"{rendering.bytes_text(used)} of {rendering.bytes_text(total)}"


async def remove(context: Context) -> None:
    """Take a server off the list."""
    server, purge = context.server_named(context.options.server), context.options.purge
    if purge and not server.is_embedded:
        raise BadInput(
            f"The data on {server.name} is not removed with its place in the list",
            f"--purge is for {THIS_COMPUTER}, which has nothing to uninstall",
            f"First: godploy server uninstall {server.name} --purge",
        )
    losses = ["its remembered password and key passphrase are forgotten", "what runs on it goes on"]
    if server.is_embedded:
        losses = ["its agent ends", "services go on being served; with none left, its proxy is removed"]
    if purge:
        losses = ["its agent and its proxy end", "all its services are deleted, with images, history and variables"]
    context.confirm(f"Take {server.name} ({server.profile.address}) off the list?", losses)
    left = await context.workspace.remove_server(server, purge=purge)
    text = f"Removed {server.name} from the list."
    if left.containers or left.networks:
        text += f" Its services go on; still in Docker: {', '.join(left.containers + left.networks)}."
        text += f" To delete them: godploy server add {THIS_COMPUTER} && godploy server remove {THIS_COMPUTER} --purge"
    context.output.value({"removed": server.name, "left": left}, text)


async def uninstall_server(context: Context) -> None:
    """Remove what bootstrap installed."""
    given = context.options
    server = context.server_named(given.server)
    losses = ["agent, relay and Traefik are stopped and removed; every domain stops being served"]
    if given.purge:
        losses.append("all services with their containers, images and volumes; history, secrets and certificates")
    if given.packages:
        losses.append("the packages that bootstrap installed, Docker among them")
    if not given.dry_run:
        context.confirm(f"Uninstall from {server.name} ({server.profile.address})?", losses)
    await context.run_task(
        f"Uninstall from {server.name}",
        lambda progress: uninstall(server, progress, purge=given.purge, packages=given.packages, dry_run=given.dry_run),
    )
    done = "A dry run: nothing was changed." if given.dry_run else f"Uninstalled from {server.name}."
    context.output.event({"event": "result", "uninstalled": not given.dry_run}, done)


async def docker_host(context: Context) -> int:
    """Listen until Ctrl-C, or until the given command ends (whose exit code it is)."""
    given = context.options
    server = context.server_named(given.server)
    await server.connect()
    path = given.socket or context.workspace.folders.run / f"docker-{server.id}-{os.getpid()}.sock"
    listener = await server.connection.listen(path)
    try:
        address = f"unix://{listener.path}"
        command = given.command[1:] if given.command[:1] == ["--"] else given.command
        if command:
            process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"DOCKER_HOST": address})
            return await process.wait()
        context.output.value({"docker_host": address}, f"export DOCKER_HOST={address}")
        context.output.note(f"Leads to Docker on {server.name} until Ctrl-C.")
        await asyncio.Event().wait()
    finally:
        await listener.close()
    return 0


def _server_json(server: Server, finding: Finding | None) -> dict[str, object]:
    profile: ServerProfile = server.profile
    return {
        "name": server.name,
        "address": profile.address,
        "is_embedded": profile.is_embedded,
        "agent_version": profile.agent_version,
        "last_seen_at": profile.last_seen_at,
        "finding": finding,
    }
