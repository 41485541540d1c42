"""What the window says of git hosts' keys. Pure functions."""

from __future__ import annotations

from datetime import datetime

from godploy_desktop.ui.models import words
from godploy_server.contract import (
    GitHostScan,
    HostKeyChanged,
    HostKeyOrigin,
    HostKeyUnknown,
    Problem,
    TrustedHostKey,
    host_words,
)

COMPARE = (
    "Compare the fingerprint with the one that the host publishes, or ask its administrator: on the host, "
    "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints it."
)


def host_to_confirm(problem: Problem) -> str:
    """Give the git host whose key a person can look at because of a problem, "" for another problem."""
    return problem.subject if problem.code in (HostKeyUnknown.code, HostKeyChanged.code) else ""


def title_of(host: str, scan: GitHostScan | None = None) -> str:
    """Give the question about a host."""
    if scan is not None and scan.is_changed:
        return f"The host key of {host_words(host)} has changed"
    return f"Is this {host_words(host)}?"


def question_words(scan: GitHostScan, server: str) -> str:
    """Say what is asked, and where the answer is found."""
    if scan.is_changed:
        pages = sorted({each.published_at for each in scan.trusted if each.published_at})
        where = f"Compare it with {', '.join(pages)}." if pages else COMPARE
        return (
            "Either the host changed its key, or somebody answers in its place. Nothing was sent there. Go on only "
            f"if you know why. {where}"
        )
    if scan.is_known:
        return f"{server} trusts this key already."
    return f"{server} never spoke to this git host, and sends nothing there until you trust its key. {COMPARE}"


def origin_words(key: TrustedHostKey, now: datetime) -> str:
    """Say who is behind a trusted key."""
    if key.origin is HostKeyOrigin.SHIPPED:
        return f"shipped, compared with what the host publishes on {key.trusted_at:%Y-%m-%d}"
    return f"confirmed by {key.trusted_by}, {words.ago(key.trusted_at, now).replace('now', 'a moment ago')}"
