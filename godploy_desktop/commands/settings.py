"""`godploy settings`"""

from __future__ import annotations

import argparse
from pathlib import Path

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_server.contract import AgentSettings, BadInput, ChangeSettings, ToolSource


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to change; nothing to show them."""
    options.common(parser)
    parser.add_argument("--acme-email", metavar="ADDRESS", help="whom the certificate authority writes to")
    parser.add_argument("--acme-ca-url", metavar="URL", help="the ACME directory (default: Let's Encrypt)")
    parser.add_argument(
        "--acme-ca-certificate", metavar="PATH", help="PEM file, for a private ACME server; “” removes it"
    )
    parser.add_argument("--builds-at-once", type=int, metavar="N")
    parser.add_argument(
        "--build-memory", type=options.size, metavar="SIZE", help="of all builds together, as 4G; 0: 3/4"
    )
    parser.add_argument("--build-cpus", type=float, metavar="N", help="cores of all builds together; 0: all but a half")
    parser.add_argument("--kept-build-days", type=int, metavar="N", help="unused build files and caches go after")
    parser.add_argument("--static-image", metavar="IMAGE", help="web server of static sites (nginx)")
    parser.add_argument(
        "--tool",
        action="append",
        nargs="*",
        metavar="NAME URL SHA256",
        help="where nixpacks or pack is fetched from (an archive of yours), may be repeated; alone: the official ones",
    )
    parser.add_argument("--kept-releases", type=int, metavar="N", help="per service, for rollbacks")
    parser.add_argument("--network-pool", metavar="CIDR", help="where projects get their networks from")
    parser.set_defaults(run=settings)


async def settings(context: Context) -> None:
    """Show the settings of a server, changed if any option was given."""
    change = change_of(context.options)
    server = await context.server()
    if change == ChangeSettings():
        current = await server.agent.settings()
    else:
        current = await server.change_settings(change)
    context.output.value(current, rendering.fields(_pairs(current), colour=context.output.colour))


def change_of(given: argparse.Namespace) -> ChangeSettings:
    """What the options ask for; reads the certificate's file. Raises BadInput."""
    certificate = given.acme_ca_certificate
    if certificate:
        try:
            certificate = Path(certificate).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                "The CA certificate cannot be read",
                f"{given.acme_ca_certificate}: {type(error).__name__}",
                "Give the name of a PEM file",
            ) from error
    return ChangeSettings(
        builds_at_once=given.builds_at_once,
        kept_releases=given.kept_releases,
        acme_email=given.acme_email,
        acme_ca_url=given.acme_ca_url,
        acme_ca_certificate=certificate,
        network_pool=given.network_pool,
        build_memory_bytes=given.build_memory,
        build_cpus=given.build_cpus,
        kept_build_days=given.kept_build_days,
        static_image=given.static_image,
        tools=None if given.tool is None else tuple(_tool(words) for words in given.tool if words),
    )


def _tool(words: list[str]) -> ToolSource:
    if len(words) != 3:
        raise BadInput(
            "The source of a tool is not clear",
            f"--tool wants three words, and got {len(words)}",
            "Give its name, the address of an archive and its SHA-256: --tool nixpacks URL SHA256",
        )
    return ToolSource(*words)


def _pairs(current: AgentSettings) -> list[tuple[str, str]]:
    return [
        ("ACME e-mail", current.acme_email or "none"),
        ("ACME CA", current.acme_ca_url),
        ("ACME CA certificate", "private" if current.acme_ca_certificate else "the system's own authorities"),
        ("builds at once", str(current.builds_at_once)),
        (
            "build memory",
            rendering.bytes_text(current.build_memory_bytes) if current.build_memory_bytes else "three quarters",
        ),
        ("build cores", f"{current.build_cpus:g}" if current.build_cpus else "all but half of one"),
        ("kept build days", str(current.kept_build_days)),
        ("static image", current.static_image),
        *((f"tool {each.name}", each.url) for each in current.tools),
        ("kept releases", str(current.kept_releases)),
        ("network pool", current.network_pool),
    ]
