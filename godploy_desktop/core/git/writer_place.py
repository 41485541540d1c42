"""Where a server would tell the states of a service's commits: what is filled in before a person says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from godploy_desktop.core.git.accounts import api_address
from godploy_desktop.core.git.likely import likely_host
from godploy_desktop.core.git.linking import fitting, full_name_of
from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_server.contract import BadInput, GitSource, HookHost
from godploy_server.contract.repositories import repository_of


@dataclass(frozen=True)
class WriterPlace:
    """A kind of host, the address of its API, and the repository's name there; "" for what cannot be told."""

    host: HookHost
    api: str
    repository: str


def writer_place(source: GitSource, accounts: Iterable[Account] = (), host: HookHost | None = None) -> WriterPlace:
    """Give where the states of a source's commits are told: by the account that fits it, else by its address. `host`
    is what a person said of its kind."""
    if host is None and (found := fitting(source, accounts)):
        account, repository = found[0]
        return WriterPlace(HookHost(account.kind.value), api_address(account.kind, account.address), repository)
    host = host or likely_host(source.url)
    name = repository_of(source.url).partition("/")[0]
    kind = HostKind(host.value)
    address = f"https://{name}" if name else ""
    try:
        repository = full_name_of(source, Account("", kind, address, "", "", SignIn.TOKEN))
    except BadInput:
        repository = ""
    return WriterPlace(host, api_address(kind, address) if name else "", repository)
