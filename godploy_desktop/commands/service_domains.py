"""`godploy service domains ...`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_server.contract import AddDomain, Domain, NotFound, Service, check_host


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of domains."""
    verbs = options.verbs_of(parser)
    options.service(options.verb(verbs, "list", list_domains, "list the domains and their certificates"))
    adding = options.verb(verbs, "add", add_domain, "route a host name to the service; takes effect at once")
    options.service(adding)
    adding.add_argument("host", metavar="HOST", help="full host name, as shop.example.com")
    adding.add_argument("--path", default="/", help="only this path and what is below it")
    adding.add_argument("--no-tls", action="store_true", help="plain HTTP, no certificate")
    for name, run, summary in (
        ("check", check_domain, "look at DNS and certificate again"),
        ("remove", remove_domain, "stop routing a domain"),
    ):
        each = options.verb(verbs, name, run, summary)
        options.service(each)
        each.add_argument("host", metavar="HOST")
        each.add_argument("--path", default=None, help="which, if the host has several paths")


async def list_domains(context: Context) -> None:
    """List the domains."""
    server = await context.server()
    service = await context.service(server)
    rows = [_row(each, colour=context.output.colour) for each in service.domains]
    context.output.rows(service.domains, _HEADERS, rows, f"{context.full_name(service)} has no domain.")


async def add_domain(context: Context) -> None:
    """Route a host name to the service."""
    given = context.options
    host = check_host(given.host)
    server = await context.server()
    service = await context.service(server)
    _say(context, await server.add_domain(service.id, AddDomain(host, given.path, not given.no_tls)))


async def check_domain(context: Context) -> None:
    """Look at a domain again."""
    server = await context.server()
    domain = find_domain(await context.service(server), context.options.host, context.options.path)
    _say(context, await server.check_domain(domain.id))


async def remove_domain(context: Context) -> None:
    """Stop routing a domain."""
    server = await context.server()
    service = await context.service(server)
    domain = find_domain(service, context.options.host, context.options.path)
    gone = await server.delete_domain(domain.id)
    text = f"{gone.host}{gone.path} does not lead to {context.full_name(service)} any more."
    context.output.value(gone, text)


def find_domain(service: Service, host: str, path: str | None) -> Domain:
    """The service's domain of that host (and path, if given); raises NotFound."""
    for domain in service.domains:
        if domain.host == host.strip().lower() and path in (None, domain.path):
            return domain
    names = ", ".join(f"{each.host}{each.path}" for each in service.domains) or "none"
    raise NotFound(f"{service.name} has no domain {host}{path or ''}", f"its domains are: {names}", "Check the name")


_HEADERS = ("HOST", "PATH", "CERTIFICATE", "")


def _row(domain: Domain, *, colour: bool) -> list[str]:
    certificate = rendering.state(domain.certificate, colour=colour)
    return [domain.host, domain.path, certificate, rendering.plain(domain.certificate_detail)]


def _say(context: Context, domain: Domain) -> None:
    text = rendering.table(_HEADERS, [_row(domain, colour=context.output.colour)], colour=context.output.colour)
    context.output.value(domain, text)
