"""`godploy service push status ...`: a token with which the server itself tells the git host the states of commits."""

from __future__ import annotations

import argparse
import sys

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.git.statuses import account_for
from godploy_desktop.core.git.writer_place import WriterPlace, writer_place
from godploy_server.contract import (
    BadInput,
    GitSource,
    GodployError,
    HookHost,
    Service,
    ServiceId,
    SetStatusWriter,
    StatusWriter,
)
from godploy_server.contract.status_requests import TOKENS

_SCOPES = "; ".join(f"{host.value}: {words}" for host, words in TOKENS.items())


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `status` to the verbs of `service push`."""
    summary = "commit states at the git host, told by the server with a token of its own"
    inner = options.verbs_of(verbs.add_parser("status", help=summary, description="Commit states."))
    options.service(options.verb(inner, "show", show, "show who tells the host, and what came of it last"))
    setting = options.verb(inner, "set", store, "store a token, sealed on the server; it is never shown again")
    setting.epilog = f"The smallest token that does: {_SCOPES}."
    options.service(setting)
    setting.add_argument("--token-stdin", action="store_true", help="the first line of stdin is the token")
    setting.add_argument("--host", choices=[each.value for each in HookHost], help="which kind of host")
    setting.add_argument("--api", default="", metavar="URL", help="of its API (default: by the source)")
    setting.add_argument("--repository", default="", metavar="OWNER/NAME", help="there (default: by the source)")
    setting.add_argument("--name", default="", help="under which states are shown (default: godploy/PROJECT/SERVICE)")
    setting.add_argument(
        "--allow-http", action="store_true", help="send the token unencrypted, where the API has no https"
    )
    options.service(options.verb(inner, "remove", remove, "delete the stored token"))
    options.service(options.verb(inner, "test", test, "tell the newest state again, and say what the host answers"))


async def show(context: Context) -> None:
    """Show who tells."""
    server = await context.server()
    service = await context.service(server)
    try:
        writer = await server.agent.status_writer(service.id)
    except GodployError as error:
        if error.code != "not-found":
            raise
        found = account_for(service, context.workspace.git.accounts)
        who = "this computer, while the window is open" if found is not None else "nobody"
        told = {"told_by": "desktop" if found is not None else "nobody"}
        context.output.value(told, rendering.fields([("told by", who)], colour=context.output.colour))
        return
    _print(context, writer)


async def store(context: Context) -> None:
    """Store a token, or change where the stored one goes."""
    given = context.options
    token = sys.stdin.readline().strip() if given.token_stdin else ""
    if given.token_stdin and not token:
        raise BadInput("There is no token", "the first line of stdin is empty", "Give it as the first line of stdin")
    server = await context.server()
    service = await context.service(server)
    source = _source(service)
    host = HookHost(given.host) if given.host else None
    place = writer_place(source, context.workspace.git.accounts, host)
    known = await _known(context, service.id)
    if known is not None and host in (None, known.host):
        place = WriterPlace(known.host, known.api, known.repository)
    if known is None and not token:
        raise BadInput("There is no token", "none is stored yet", f"Give {TOKENS[place.host]} with --token-stdin")
    wanted = SetStatusWriter(
        host=place.host,
        api=given.api or place.api,
        repository=given.repository or place.repository,
        token=token,
        name=given.name or (known.name if known else ""),
        allows_http=given.allow_http or bool(known and known.allows_http),
    )
    if not wanted.api or not wanted.repository:
        raise BadInput(
            "It is not clear where to tell states", f"{source.url} does not say it", "Give --api and --repository"
        )
    _print(context, await server.agent.set_status_writer(service.id, wanted))


async def remove(context: Context) -> None:
    """Delete the token."""
    server = await context.server()
    service = await context.service(server)
    gone = await server.agent.delete_status_writer(service.id)
    text = f"{server.name} tells no states of {context.full_name(service)} any more; revoke the token at the host too."
    context.output.value(gone, text)


async def test(context: Context) -> None:
    """Tell once more."""
    server = await context.server()
    service = await context.service(server)
    _print(context, await server.agent.test_status_writer(service.id))


async def _known(context: Context, service_id: ServiceId) -> StatusWriter | None:
    server = await context.server()
    try:
        return await server.agent.status_writer(service_id)
    except GodployError as error:
        if error.code == "not-found":
            return None
        raise


def _source(service: Service) -> GitSource:
    source = service.settings.source
    if not isinstance(source, GitSource):
        raise BadInput("The service is not built from git", "its source is another one", "Give it a git source first")
    return source


def _print(context: Context, writer: StatusWriter) -> None:
    told = writer.told
    pairs = [
        ("told by", "the server, with a token of its own"),
        ("host", f"{writer.host.value} at {writer.api}"),
        ("repository", writer.repository),
        ("name", writer.name),
        ("token", "stored" + (", sent unencrypted" if writer.api.startswith("http://") else "")),
        ("last told", f"{told.state.value} of {told.commit[:12]}, {rendering.ago(told.at)}" if told else "nothing yet"),
    ]
    if writer.problem is not None:
        pairs.append(("problem", str(writer.problem)))
    if writer.waiting:
        pairs.append(("still tried", str(writer.waiting)))
    context.output.value(writer, rendering.fields(pairs, colour=context.output.colour))
