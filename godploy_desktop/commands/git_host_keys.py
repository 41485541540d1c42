"""`godploy git host-keys ...`, and the question about a git host's key where a service is made or deployed."""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.prompts import ask, is_terminal
from godploy_desktop.core.git import host_keys
from godploy_desktop.core.server import Server
from godploy_server.contract import (
    Cancelled,
    Conflict,
    GitHostScan,
    GitSource,
    GodployError,
    HostKey,
    HostKeyOrigin,
    HostKeyUnknown,
    Source,
    TrustedHostKey,
    host_words,
)

_ADDRESS_HELP = "HOST, HOST:PORT, or the address of a repository there"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of host keys."""
    verbs = options.verbs_of(parser)
    options.verb(verbs, "list", list_keys, "list the git hosts' keys that the server accepts")
    scanning = options.verb(verbs, "scan", scan, "show the host keys that a git host shows to the server now")
    trusting = options.verb(verbs, "trust", trust, "accept a git host's key; asks, after showing its fingerprint")
    trusting.add_argument("--fingerprint", metavar="SHA256:...", default="", help="accept exactly this, without asking")
    forgetting = options.verb(verbs, "forget", forget, "accept what was confirmed of a git host no more")
    for each in (scanning, trusting, forgetting):
        each.add_argument("address", metavar="ADDRESS", help=_ADDRESS_HELP)


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add --trust-host-key to a verb that may meet a git host for the first time."""
    parser.add_argument(
        "--trust-host-key",
        metavar="SHA256:...",
        default="",
        help="accept the git host's key if it has this fingerprint, without asking",
    )


async def list_keys(context: Context) -> None:
    """List accepted keys."""
    server = await context.server()
    found = await server.agent.git_host_keys()
    rows = [[host_words(each.host), each.key_type, each.fingerprint, _origin(each)] for each in found]
    context.output.rows(found, ("HOST", "TYPE", "FINGERPRINT", "TRUSTED"), rows, f"{server.name} accepts none.")


async def scan(context: Context) -> None:
    """Show what a host shows."""
    server = await context.server()
    found = await server.agent.scan_git_host(context.options.address)
    known = "shows the trusted key" if found.is_known else "is not confirmed yet and shows"
    state = "shows another key than the trusted one" if found.is_changed else known
    lines = [f"{host_words(found.host)} {state}:", *_keys(found)]
    context.output.value(
        {"host": found.host, "state": _state(found), "offered": found.offered, "trusted": found.trusted},
        "\n".join(lines),
    )


async def trust(context: Context) -> None:
    """Accept a key."""
    server = await context.server()
    given = context.options.fingerprint
    found = await server.agent.scan_git_host(context.options.address)
    if found.is_known and not given:
        known = next(each for each in found.trusted if any(each.key == offered.key for offered in found.offered))
        context.output.value(known, f"{server.name} accepts {host_words(found.host)} already: {known.fingerprint}.")
        return
    if found.is_changed and any(each.origin is HostKeyOrigin.CONFIRMED for each in found.trusted):
        name = host_words(found.host)
        raise Conflict(
            f"Another host key of {name} is trusted",
            f"it shows {_fingerprints(found.offered)}; trusted is {_fingerprints(found.trusted)}",
            f"If the host changed its key, forget the old one first: godploy git host-keys forget {name}",
        )
    key = host_keys.with_fingerprint(found, given) if given else _asked(context, found)
    if key is None:
        raise Cancelled("Nothing was done", "the host key was not confirmed", "Run it again to do it")
    trusted = await host_keys.trust(server, found, key)
    context.output.value(trusted, f"{server.name} accepts {host_words(trusted.host)} with {trusted.fingerprint}.")


async def forget(context: Context) -> None:
    """Forget keys."""
    server = await context.server()
    gone = await host_keys.forget(server, context.options.address)
    context.output.value(list(gone), f"{server.name} does not accept {_fingerprints(gone)} any more.")


async def settle(context: Context, server: Server, source: Source) -> str:
    """Make sure that the server knows the host of a source, before it is used: by --trust-host-key, or by asking.

    Gives "" if it does, else what a person is to do about it. Raises Conflict for another key than the one given.
    """
    given = context.options.trust_host_key
    if not isinstance(source, GitSource) or (await host_keys.is_known(server, source) and not given):
        return ""
    if given:
        found = await server.agent.scan_git_host(source.url)
        key = host_keys.with_fingerprint(found, given)
        if not any((each.key_type, each.key) == (key.key_type, key.key) for each in found.trusted):
            await server.agent.trust_git_host(found.host, f"{key.key_type} {key.key}")
        return ""
    if _is_asked(context):

        async def decide(found: GitHostScan) -> HostKey | None:
            return _asked(context, found)

        try:
            if await host_keys.confirm(server, source, decide):
                return ""
        except GodployError as error:
            context.output.note(str(error.problem))
    return f"Its git host is not known to {server.name} yet: godploy git host-keys trust {source.url}"


async def settle_for_deployment(context: Context, server: Server, source: Source) -> None:
    """As `settle`, but where nobody is asked the deployment itself says what is missing. Raises HostKeyUnknown if the
    person does not confirm the key."""
    if context.options.trust_host_key or _is_asked(context):
        left = await settle(context, server, source)
        if left and isinstance(source, GitSource):
            raise HostKeyUnknown(
                "It was not deployed", "the host key of its git host was not confirmed", left, source.url
            )


def _is_asked(context: Context) -> bool:
    return is_terminal() and not context.output.as_json


def _asked(context: Context, found: GitHostScan) -> HostKey | None:
    """Ask about the best key that a host shows; a changed one is never taken by a plain yes."""
    context.output.note("\n".join([f"{host_words(found.host)} shows to the server:", *_keys(found)]))
    if not _is_asked(context):
        raise HostKeyUnknown(
            f"The host key of {host_words(found.host)} was not confirmed",
            f"it shows {_fingerprints(found.offered)}, and nobody can be asked here",
            "Compare, then give it with --fingerprint",
            found.host,
        )
    if found.is_changed:
        context.output.note("Other keys were trusted before. Either the host changed its key, or someone is between.")
        typed = ask("Type the new fingerprint to trust it all the same: ")
        return next((each for each in found.offered if each.fingerprint == typed), None)
    context.output.note("Compare with what the host publishes, or with `ssh-keygen -lf` of its key on the host itself.")
    best, *others = found.offered
    if others:
        context.output.note(f"To trust another than {best.key_type}: --fingerprint or --trust-host-key.")
    return best if ask(f"Trust {best.fingerprint} from now on? [y/N] ").lower() in ("y", "yes") else None


def _keys(found: GitHostScan) -> list[str]:
    offered = [f"  {each.fingerprint} ({each.key_type})" for each in found.offered]
    known = [f"  trusted: {each.fingerprint} ({each.key_type}, {_origin(each)})" for each in found.trusted]
    return [*offered, *known]


def _fingerprints(keys: tuple[HostKey, ...] | tuple[TrustedHostKey, ...]) -> str:
    return ", ".join(each.fingerprint for each in keys)


def _origin(key: TrustedHostKey) -> str:
    if key.origin is HostKeyOrigin.SHIPPED:
        return f"shipped, published at {key.published_at}"
    return f"by {rendering.plain(key.trusted_by)}, {rendering.ago(key.trusted_at)}"


def _state(found: GitHostScan) -> str:
    return "changed" if found.is_changed else "known" if found.is_known else "unknown"
