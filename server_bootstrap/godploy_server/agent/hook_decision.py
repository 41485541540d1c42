"""What becomes of a delivery: a pure function of the hook, the source and what was told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from godploy_server.contract.building import GitSource, Source
from godploy_server.contract.hooks import Delivery, Hook, HookEvent, Notice, Verdict
from godploy_server.contract.repositories import repository_of


@dataclass(frozen=True)
class Decision:
    """`commit` is what is to be deployed where the verdict is DEPLOYED."""

    verdict: Verdict
    reason: str
    commit: str = ""


def decide(hook: Hook, source: Source, notice: Notice, *, is_replay: bool, newer: str = "") -> Decision:
    """Give the verdict, with one sentence that says why. `newer` is the commit of a later push to the same branch that
    came earlier and was deployed, "" for none: hosts send again what failed, and promise no order."""
    if notice.refused:
        return Decision(Verdict.REFUSED, notice.refused)
    if notice.event is HookEvent.PING:
        return Decision(Verdict.ANSWERED, "the hook works")
    if is_replay:
        return Decision(Verdict.REFUSED, "it was received before")
    if notice.event is HookEvent.OTHER:
        return _ignored(f"nothing is done on “{notice.event_name or 'an event without a name'}”")
    if not hook.is_on:
        return _ignored("deploying on push is off")
    if not isinstance(source, GitSource):
        return _ignored("the service is not built from a git repository")
    if not notice.commit:
        return _ignored(f"“{notice.ref}” was deleted")
    if (reason := _unwanted_ref(hook, source, notice)) or (reason := _skipped(hook, notice)):
        return _ignored(reason)
    if newer:
        return _ignored(f"the branch had {newer[:12]} after it, which was deployed already")
    what = "tag" if notice.event is HookEvent.TAG else "branch"
    return Decision(Verdict.DEPLOYED, f"{what} “{notice.ref}” has commit {notice.commit[:12]}", notice.commit)


def concerns_services(notice: Notice) -> bool:
    """Whether a delivery by a shared hook is one for the services of a repository: not refused, not a ping."""
    return not notice.refused and notice.event is not HookEvent.PING and bool(notice.repository)


def is_of(notice: Notice, source: Source) -> bool:
    """Whether a delivery tells of the repository that a source names."""
    return isinstance(source, GitSource) and repository_of(source.url) == notice.repository


def shared_outcome(notice: Notice, deliveries: Sequence[Delivery]) -> str:
    """Give one sentence for the list of shared hooks: what became of their newest delivery."""
    if notice.refused:
        return f"refused: {notice.refused}"
    if notice.event is HookEvent.PING:
        return "the hook works"
    what = f"{notice.event_name or 'a delivery'}{f' of {notice.repository}' if notice.repository else ''}"
    if not deliveries:
        return f"{what}: no service here deploys from it through this hook"
    deployed = sum(each.verdict is Verdict.DEPLOYED for each in deliveries)
    return f"{what}: {deployed} of {len(deliveries)} services deployed"


def _ignored(reason: str) -> Decision:
    return Decision(Verdict.IGNORED, reason)


def _unwanted_ref(hook: Hook, source: GitSource, notice: Notice) -> str:
    if notice.event is HookEvent.TAG:
        if any(matches(pattern, notice.ref) for pattern in hook.tag_patterns):
            return ""
        return f"tag “{notice.ref}” fits no pattern of the service" if hook.tag_patterns else "tags are not deployed"
    if source.commit or source.tag:
        return "the service is pinned to " + (
            f"commit {source.commit[:12]}" if source.commit else f"tag “{source.tag}”"
        )
    if notice.ref != source.branch:
        return f"branch “{notice.ref}” is not the one that is deployed, “{source.branch}” is"
    return ""


def _skipped(hook: Hook, notice: Notice) -> str:
    if notice.skip_marker:
        return f"its message says {notice.skip_marker}"
    is_watched = notice.event is HookEvent.TAG or not hook.watch_paths or not notice.has_all_paths
    if is_watched or any(matches(pattern, path) for pattern in hook.watch_paths for path in notice.paths):
        return ""
    return "none of the changed files fits the watched paths"


def matches(pattern: str, text: str) -> bool:
    """Whether a glob fits the whole text: `*` and `?` stay within a folder, `**` crosses them; a pattern that names
    a folder (`web/`, or `web` above the file) fits all below it."""
    expression = ""
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            expression, at = expression + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            expression, at = expression + ".*", at + 2
        else:
            expression += {"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at]))
            at += 1
    if expression.endswith("/"):
        expression += ".*"
    return re.fullmatch(f"{expression}(?:/.*)?", text) is not None
