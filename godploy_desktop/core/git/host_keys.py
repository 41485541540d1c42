"""Host keys of git hosts, which the server accepts because they are shipped or because a person confirmed them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from godploy_desktop.core.server import Server
from godploy_server.contract import (
    Conflict,
    GitHostScan,
    GitSource,
    HostKey,
    HostKeyOrigin,
    NotFound,
    Source,
    TrustedHostKey,
    git_host,
    host_words,
    ssh_host,
)

DecideGitHost = Callable[[GitHostScan], Awaitable[HostKey | None]]
"""Which of the keys that a host shows a person confirms; None: none of them."""


async def is_known(server: Server, source: Source) -> bool:
    """Whether the server can tell the host of a source from others: its key is accepted, or it is not reached by SSH.

    Raises BadInput for an address that has no host.
    """
    host = ssh_host(source.url) if isinstance(source, GitSource) else ""
    return not host or bool(await trusted_of(server, host))


async def trusted_of(server: Server, address: str) -> tuple[TrustedHostKey, ...]:
    """Give the accepted keys of the host of an address (HOST, HOST:PORT, or that of a repository)."""
    host = git_host(address)
    return tuple(each for each in await server.agent.git_host_keys() if each.host == host)


async def confirm(server: Server, source: Source, decide: DecideGitHost) -> bool:
    """Ask about the host of a source if its key is not accepted yet; whether the server knows the host then.

    Raises Unreachable if the host shows no key. A host that is known already is not asked for its key.
    """
    if await is_known(server, source):
        return True
    assert isinstance(source, GitSource)
    return await confirm_host(server, source.url, decide) is not None


async def confirm_host(server: Server, address: str, decide: DecideGitHost) -> TrustedHostKey | None:
    """Look at what a host shows now and accept what a person confirms of it; None where nothing is.

    Raises Unreachable if it shows no key, Conflict where another one was confirmed.
    """
    scan = await server.agent.scan_git_host(address)
    key = await decide(scan)
    return None if key is None else await trust(server, scan, key)


async def trust(server: Server, scan: GitHostScan, key: HostKey, *, replaces: bool = False) -> TrustedHostKey:
    """Accept a key that a host showed. Raises Conflict where another one was confirmed, unless it `replaces` that."""
    for each in scan.trusted if replaces else ():
        if each.origin is HostKeyOrigin.CONFIRMED and each.key != key.key:
            await server.agent.forget_git_host(each.id)
    return await server.agent.trust_git_host(scan.host, f"{key.key_type} {key.key}")


async def forget(server: Server, address: str) -> tuple[TrustedHostKey, ...]:
    """Accept no confirmed key of a host any more; gives what went. Raises NotFound where none was confirmed."""
    confirmed = [each for each in await trusted_of(server, address) if each.origin is HostKeyOrigin.CONFIRMED]
    if not confirmed:
        raise NotFound(
            f"No host key of {host_words(git_host(address))} was confirmed",
            "only what a person confirmed can be forgotten",
            "Look at the list: godploy git host-keys list",
        )
    return tuple([await server.agent.forget_git_host(each.id) for each in confirmed])


def with_fingerprint(scan: GitHostScan, fingerprint: str) -> HostKey:
    """Give the key of that fingerprint among those that a host shows. Raises Conflict if it shows others."""
    for each in scan.offered:
        if each.fingerprint == fingerprint:
            return each
    shown = ", ".join(f"{each.fingerprint} ({each.key_type})" for each in scan.offered)
    raise Conflict(
        f"{host_words(scan.host)} shows another host key than the one that was named",
        f"it shows {shown}; named was {fingerprint}",
        "Compare with what the host's administrator says, and find out who is in between",
    )
