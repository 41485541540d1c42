"""Following a deployment on the terminal: its log as it grows, its steps, and how it ended."""

from __future__ import annotations

import asyncio
import codecs
from contextlib import aclosing

from godploy_desktop.commands import rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.output import Output
from godploy_desktop.core.deploying import outcome_of, show_deployment, steps_of
from godploy_desktop.core.server import Server
from godploy_desktop.remote.states import ConnectionState
from godploy_server.contract import Deployment, Service


class LogPrinter:
    """Prints the bytes of a log: as they are for a person, one {"event": "log"} a line with --json."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, piece: bytes) -> None:
        """Print a piece; a character or a line cut in half waits for its other half."""
        text = self._rest + self._decoder.decode(piece)
        *lines, self._rest = text.split("\n")
        for line in lines:
            self._print(line)

    def close(self) -> None:
        """Print a last line without line end."""
        last = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if last:
            self._print(last)

    def _print(self, line: str) -> None:
        self._output.event({"event": "log", "text": line}, line.rstrip("\r"))


async def follow(
    context: Context, server: Server, service: Service, deployment: Deployment, told_bytes: int = 0
) -> None:
    """Follow to the end; `told_bytes` of the log's beginning are printed already. Raises DeploymentFailed or Cancelled
    as it ended. Ctrl-C ends the following alone."""
    name = context.full_name(service)
    output = context.output
    output.event({"event": "deployment", "deployment": deployment}, None)
    if deployment.queue_position:
        output.note(f"Deployment {deployment.number} of {name} waits; {deployment.queue_position} before it.")
    printer = LogPrinter(output)
    stop_telling = server.connection.on_state(lambda state: _tell_of_cut(output, server, state))
    try:
        ended = await context.run_task(
            f"Deploy {name}", lambda progress: show_deployment(server, deployment, progress, printer.feed, told_bytes)
        )
    except asyncio.CancelledError:
        output.note(
            f"\nDeployment {deployment.number} goes on at {server.name}. "
            f"See it again: godploy deployments {name} --log {deployment.number} -f; "
            f"stop it: godploy cancel {name} {deployment.number}"
        )
        raise
    finally:
        stop_telling()
        printer.close()
    output.event({"event": "result", "deployment": ended}, None)
    outcome_of(ended, name)
    release = f"release r{ended.release}" if ended.release else "it"
    output.note(f"Deployment {ended.number} of {name} succeeded: {release} serves.")


def _tell_of_cut(output: Output, server: Server, state: ConnectionState) -> None:
    if state is ConnectionState.LOST:
        output.note(f"The connection to {server.name} is lost. The deployment goes on there; trying to reach it again.")
    elif state is ConnectionState.CONNECTED:
        output.note(f"Connected to {server.name} again.")


async def print_log(context: Context, server: Server, deployment: Deployment, *, is_followed: bool) -> None:
    """Print a deployment's log from its beginning, to its present end or (followed) to its last line."""
    printer = LogPrinter(context.output)
    pieces = (
        server.follow_deployment(deployment.id)
        if is_followed
        else server.agent.deployment_log(deployment.id, offset=0, follow=False)
    )
    async with aclosing(pieces):
        async for piece in pieces:
            printer.feed(piece)
    printer.close()


def row_of(deployment: Deployment, *, colour: bool) -> list[str]:
    """A deployment as a table row."""
    step = next((each.name for each in reversed(steps_of(deployment)) if each.state.value == "running"), "")
    what = deployment.commit_message or (f"release r{deployment.release}" if deployment.release else "")
    if deployment.superseded_by is not None:
        what = f"replaced by {deployment.superseded_by}"
    return [
        str(deployment.number),
        rendering.state(deployment.state, colour=colour),
        f"r{deployment.release}" if deployment.release else "",
        deployment.commit[:10],
        rendering.plain(what)[:50],
        deployment.trigger.value,
        rendering.plain(deployment.asked_by),
        rendering.took(deployment.started_at, deployment.ended_at) or step,
        rendering.ago(deployment.created_at),
    ]


HEADERS = ("NUMBER", "STATE", "RELEASE", "COMMIT", "WHAT", "WHY", "WHO", "TOOK", "WHEN")
