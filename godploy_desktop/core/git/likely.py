"""Which kind of git host an address most likely leads to. Pure, and loads nothing that speaks with one."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import HookHost

_KNOWN: Final = {
    "github.com": HookHost.GITHUB,
    "gitlab.com": HookHost.GITLAB,
    "bitbucket.org": HookHost.BITBUCKET,
    "codeberg.org": HookHost.GITEA,
}


def likely_host(url: str) -> HookHost:
    """Give back the kind of host that an address most likely leads to: hosts of one's own are mostly Gitea."""
    lowered = url.lower()
    found = next((host for name, host in _KNOWN.items() if name in lowered), None)
    return found or next((host for host in HookHost if host.value in lowered), HookHost.GITEA)
