"""Deploying on push, in words, and the patterns as they are typed. Pure functions."""

from __future__ import annotations

from typing import Final

from godploy_desktop.ui.models import words
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import BadInput, Delivery, GitSource, Hook, HookEvent, HookHost, Verdict

HOSTS: Final = {
    HookHost.GITHUB: "GitHub",
    HookHost.GITLAB: "GitLab",
    HookHost.BITBUCKET: "Bitbucket",
    HookHost.GITEA: "Gitea or Forgejo",
}
"""Each kind of host that signs deliveries in its own way."""

MASK: Final = "•" * 24
"""What stands for a secret that was not asked for."""

_VERDICTS: Final[dict[Verdict, tuple[str, State]]] = {
    Verdict.DEPLOYED: ("Deployed", "ok"),
    Verdict.IGNORED: ("Ignored", words.NEUTRAL),
    Verdict.ANSWERED: ("Answered", "info"),
    Verdict.REFUSED: ("Refused", "err"),
}
_MOST_PATTERNS: Final = 50
_LONGEST_PATTERN: Final = 200


def verdict_words(verdict: Verdict) -> tuple[str, State]:
    """Give back (word, tone) for what became of a delivery."""
    return _VERDICTS[verdict]


def event_words(delivery: Delivery) -> str:
    """Give back what a delivery told of: `Push to main`."""
    match delivery.event:
        case HookEvent.PUSH:
            said = f"Push to {delivery.ref}"
        case HookEvent.TAG:
            said = f"Tag {delivery.ref}"
        case HookEvent.PING:
            said = "Test"
        case HookEvent.OTHER:
            said = delivery.event_name or "Delivery"
    return f"{said}, again" if delivery.is_redelivery else said


def commit_words(delivery: Delivery) -> str:
    """Give back the commit with the first line of its message, "" where there is none."""
    first = delivery.message.strip().partition("\n")[0]
    return f"{words.short_commit(delivery.commit)} {first}".strip()


def reason_words(delivery: Delivery) -> str:
    """Give back the reason as a sentence."""
    reason = delivery.reason.strip()
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}." if reason else ""


def rule_words(hook: Hook | None, source: GitSource) -> str:
    """Give back what deploys by itself now."""
    if hook is None:
        return "Nothing deploys by itself yet"
    if not hook.is_on:
        return "Off: deliveries are listed and change nothing"
    if source.commit or source.tag:
        pinned = f"commit {words.short_commit(source.commit)}" if source.commit else f"tag {source.tag}"
        said = f"The service is pinned to {pinned}: pushes to branches change nothing"
    else:
        said = f"A push to {source.branch} deploys"
        if hook.watch_paths:
            said += f" where it changes {' or '.join(hook.watch_paths)}"
    if hook.tag_patterns:
        said += f"; so does a tag like {' or '.join(hook.tag_patterns)}"
    return f"{said}. A GitHub App tells of it" if hook.shared else said


def patterns_text(patterns: tuple[str, ...]) -> str:
    """Give back patterns as they are typed: one a line."""
    return "\n".join(patterns)


def parse_patterns(text: str) -> tuple[str, ...]:
    """Give back the patterns of a text, one a line; raises BadInput naming what cannot be one."""
    patterns = tuple(each.strip() for each in text.splitlines() if each.strip())
    wrong = [each for each in patterns if each.startswith("/") or len(each) > _LONGEST_PATTERN]
    if wrong or len(patterns) > _MOST_PATTERNS:
        why = f"“{wrong[0][:40]}” begins with / or is too long" if wrong else f"there are more than {_MOST_PATTERNS}"
        raise BadInput("These patterns cannot be used", why, "Write one pattern a line, such as web/**")
    return patterns
