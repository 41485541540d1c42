"""What a delivery tells, for each git host: pure functions from header fields and payload to notices.

Sources: GitHub, “Webhook events and payloads” (push, create, ping); Gitea and Forgejo, “Webhooks”; GitLab, “Webhook
events” (push, tag push); Bitbucket Cloud, “Event payloads” (repo:push).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from godploy_server.contract.hooks import HookEvent, HookHost, Notice
from godploy_server.relay.scan import Text, read

MOST_CHANGES: Final = 20
"""So many branches and tags of one delivery are told; nobody pushes more that all are deployed."""

_HASH: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NOTHING: Final = re.compile(r"0+")
_MESSAGE_CHARACTERS: Final = 1000
_PATHS_CHARACTERS: Final = 40_000
_FILES: Final = {"added": True, "modified": True, "removed": True}
_PUSHED: Final[Mapping[str, Any]] = {
    "ref": True,
    "before": True,
    "after": True,
    "forced": True,
    "total_commits_count": True,
    "head_commit": {"message": True, "author": {"name": True}},
    "commits": {"id": True, "message": True, "author": {"name": True}, **_FILES},
}
_BITBUCKET: Final[Mapping[str, Any]] = {
    "push": {
        "changes": {
            "new": {"type": True, "name": True, "target": {"hash": True, "message": True, "author": {"raw": True}}},
            "old": {"type": True, "name": True},
        }
    }
}


def notices(host: HookHost, fields: Mapping[str, str], body: Text, base: Notice) -> tuple[Notice, ...]:
    """Give what a delivery tells, each as `base` with more in it. Raises NotJson."""
    name = event_name(host, fields)
    base = replace(base, event_name=name)
    if name in ("ping", "diagnostics:ping"):
        return (replace(base, event=HookEvent.PING),)
    if host is HookHost.BITBUCKET:
        return _of_bitbucket(body, base) if name == "repo:push" else (base,)
    if name not in ("push", "Push Hook", "Tag Push Hook"):
        return (base,)
    found, is_whole = read(body, _PUSHED)
    return (_pushed(found, is_whole, base),)


def event_name(host: HookHost, fields: Mapping[str, str]) -> str:
    """Give the host's name of the event, printable and short."""
    header = {
        HookHost.GITHUB: "x-github-event",
        HookHost.GITEA: "x-gitea-event",
        HookHost.GITLAB: "x-gitlab-event",
        HookHost.BITBUCKET: "x-event-key",
    }[host]
    name = fields.get(header) or (fields.get("x-forgejo-event", "") if host is HookHost.GITEA else "")
    return _printable(name, 60)


def delivery_id(fields: Mapping[str, str]) -> str:
    """Give the host's own id of a delivery; "" where it sends none."""
    for name in (
        "x-github-delivery", "x-forgejo-delivery", "x-gitea-delivery", "webhook-id", "idempotency-key",
        "x-gitlab-event-uuid", "x-request-uuid",
    ):  # fmt: skip
        if fields.get(name):
            return _printable(fields[name], 100)
    return ""


def _pushed(found: Mapping[str, Any], is_whole: bool, base: Notice) -> Notice:
    event, ref = _branch_or_tag(_text(found, "ref"))
    before, after = _text(found, "before"), _text(found, "after")
    if event is HookEvent.PUSH and before and before == after:
        event = HookEvent.PING  # Gitea's and Forgejo's “Test delivery”: a push that changes nothing
    commits = [each for each in found.get("commits") or () if isinstance(each, Mapping)]
    head = found.get("head_commit")
    if not isinstance(head, Mapping):
        head = next((each for each in commits if each.get("id") == after), commits[-1] if commits else {})
    author = head.get("author")
    told = found.get("total_commits_count")
    paths, are_all = _paths(commits)
    knows_all = (
        is_whole
        and are_all
        and bool(commits)
        and found.get("forced") is not True
        and not _NOTHING.fullmatch(before or "0")
        and (told is None or told == len(commits))
    )
    return replace(
        base,
        event=event,
        ref=ref,
        commit=after if _HASH.fullmatch(after) and not _NOTHING.fullmatch(after) else "",
        message=_message(_text(head, "message")),
        author=_printable(_text(author, "name") if isinstance(author, Mapping) else "", 100),
        paths=paths,
        has_all_paths=knows_all,
    )


def _of_bitbucket(body: Text, base: Notice) -> tuple[Notice, ...]:
    found, _ = read(body, _BITBUCKET)
    push = found.get("push")
    changes = push.get("changes") if isinstance(push, Mapping) else None
    told = []
    for change in changes if isinstance(changes, list) else ():
        if not isinstance(change, Mapping):
            continue
        new, old = change.get("new"), change.get("old")
        side = new if isinstance(new, Mapping) and new else old if isinstance(old, Mapping) else {}
        kind = {"branch": HookEvent.PUSH, "tag": HookEvent.TAG}.get(_text(side, "type"), HookEvent.OTHER)
        target = side.get("target") if side is new else None
        target = target if isinstance(target, Mapping) else {}
        author = target.get("author")
        commit = _text(target, "hash")
        told.append(
            replace(
                base,
                event=kind,
                ref=_printable(_text(side, "name"), 250),
                commit=commit if _HASH.fullmatch(commit) else "",
                message=_message(_text(target, "message")),
                author=_printable(_text(author, "raw").partition(" <")[0] if isinstance(author, Mapping) else "", 100),
            )
        )
    return tuple(told[:MOST_CHANGES]) or (base,)


def _branch_or_tag(ref: str) -> tuple[HookEvent, str]:
    for beginning, event in (("refs/heads/", HookEvent.PUSH), ("refs/tags/", HookEvent.TAG)):
        if ref.startswith(beginning):
            return event, _printable(ref[len(beginning) :], 250)
    return HookEvent.OTHER, _printable(ref, 250)


def _paths(commits: list[Mapping[str, Any]]) -> tuple[tuple[str, ...], bool]:
    """Give the changed files, and whether all fit into a small message."""
    names: dict[str, None] = {}
    for commit in commits:
        for kind in _FILES:
            for path in commit.get(kind) or ():
                if isinstance(path, str):
                    names[path] = None
    kept: list[str] = []
    length = 0
    for name in names:
        length += len(name) + 3
        if length > _PATHS_CHARACTERS:
            return tuple(kept), False
        kept.append(name)
    return tuple(kept), True


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _message(text: str) -> str:
    return "\n".join(_printable(line, 200) for line in text.strip().splitlines()[:20])[:_MESSAGE_CHARACTERS]


def _printable(text: str, most: int) -> str:
    return "".join(character for character in text[:most] if character.isprintable())
