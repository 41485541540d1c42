"""`godploy stats`"""

from __future__ import annotations

import argparse
from contextlib import aclosing

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.server import Server
from godploy_server.contract import NotReady, ServerMetrics, Service, ServiceMetrics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service, or none for the server."""
    options.common(parser)
    parser.add_argument("service", nargs="?", metavar="PROJECT/SERVICE", help="which service (default: the server)")
    parser.add_argument("-f", "--follow", action="store_true", help="a line every 2 s, until Ctrl-C")
    parser.set_defaults(run=stats)


async def stats(context: Context) -> None:
    """Print the newest sample, or (with -f) every one from now on."""
    server = await context.server()
    if context.options.service is None:
        await _server_stats(context, server)
    else:
        await _service_stats(context, server, await context.service(server))


async def _server_stats(context: Context, server: Server) -> None:
    latest: ServerMetrics | None = None
    async with aclosing(server.agent.metrics(follow=False)) as remembered:
        async for sample in remembered:
            latest = sample
    if latest is not None:
        context.output.value(latest, _server_line(latest))
    if not context.options.follow:
        _require(latest, server.name)
        return
    async with aclosing(server.agent.metrics()) as samples:
        async for sample in samples:
            if latest is None or sample.at > latest.at:
                context.output.value(sample, _server_line(sample))


async def _service_stats(context: Context, server: Server, service: Service) -> None:
    latest: ServiceMetrics | None = None
    async with aclosing(server.agent.service_metrics(service.id, follow=False)) as remembered:
        async for sample in remembered:
            latest = sample
    if latest is not None:
        context.output.value(latest, _service_line(latest))
    if not context.options.follow:
        _require(latest, context.full_name(service))
        return
    async with aclosing(server.agent.service_metrics(service.id)) as samples:
        async for sample in samples:
            if latest is None or sample.at > latest.at:
                context.output.value(sample, _service_line(sample))


def _require(latest: object, name: str) -> None:
    if latest is None:
        raise NotReady(
            f"There is no sample of {name} yet",
            "nothing was measured within the last hour",
            "Try again in a few seconds; a service has to run",
        )


def _server_line(sample: ServerMetrics) -> str:
    return "  ".join(
        (
            f"{sample.at:%H:%M:%S}",
            f"cpu {sample.cpu_fraction:4.0%} of {sample.cores}",
            f"load {sample.load_1m:5.2f}",
            f"memory {_of(sample.memory_used_bytes, sample.memory_total_bytes)}",
            f"disk {_of(sample.disk_used_bytes, sample.disk_total_bytes)}",
            _network(sample.received_bytes_s, sample.sent_bytes_s),
        )
    )


def _service_line(sample: ServiceMetrics) -> str:
    return "  ".join(
        (
            f"{sample.at:%H:%M:%S}",
            f"cpu {sample.cpu_cores:5.2f} cores",
            f"memory {_of(sample.memory_bytes, sample.memory_limit_bytes)}",
            _network(sample.received_bytes_s, sample.sent_bytes_s),
        )
    )


def _of(used: int, total: int) -> str:
    return f"{rendering.bytes_text(used)} of {rendering.bytes_text(total)}"


def _network(received: float, sent: float) -> str:
    return f"in {rendering.bytes_text(received)}/s  out {rendering.bytes_text(sent)}/s"
