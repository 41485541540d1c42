"""Options that many commands share, and arguments that several read the same way."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from godploy_desktop.commands.context import Run

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)


def common(parser: argparse.ArgumentParser, *, server: bool = True) -> argparse.ArgumentParser:
    """Add --json, and for what concerns a server --server and --accept-host-key."""
    parser.add_argument("--json", action="store_true", help="print JSON (one object a line for streams)")
    if server:
        parser.add_argument("--server", metavar="NAME", help="which server (default: GODPLOY_SERVER, or the only one)")
        reaching(parser)
    return parser


def reaching(parser: argparse.ArgumentParser) -> None:
    """Add the answers to what connecting may ask: --accept-host-key and --password-stdin."""
    parser.add_argument(
        "--accept-host-key",
        metavar="SHA256:...",
        default="",
        help="trust the server's host key if it has this fingerprint, without asking",
    )
    parser.add_argument(
        "--password-stdin", action="store_true", help="the first line of stdin is the password to log in with"
    )


def verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Run,
    summary: str,
    *,
    server: bool = True,
) -> argparse.ArgumentParser:
    """Add one verb of a noun."""
    parser = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    common(parser, server=server)
    parser.set_defaults(run=run)
    return parser


def verbs_of(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Say that a noun needs a verb."""
    return parser.add_subparsers(metavar="VERB", required=True)


def service(parser: argparse.ArgumentParser) -> None:
    """Add the positional SERVICE."""
    parser.add_argument("service", metavar="PROJECT/SERVICE", help="which service")


def confirmation(parser: argparse.ArgumentParser) -> None:
    """Add --yes, for what cannot be undone."""
    parser.add_argument("--yes", action="store_true", help="do not ask, just do it")


def size(text: str) -> int:
    """Read a size as people write it (512M, 1.5G, 0) into bytes; binary units."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"“{text}” is not a size such as 512M or 2G")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


def port(text: str) -> int | None:
    """Read a port, or “none” for a worker that serves nothing."""
    if text == "none":
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"“{text}” is not a port (1 to 65535) or none")
    return int(text)


def pair(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, found, value = text.partition("=")
    if not found or not name:
        raise argparse.ArgumentTypeError(f"“{text}” is not NAME=VALUE")
    return name, value
