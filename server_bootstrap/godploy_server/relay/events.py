"""What a delivery tells, for each git host: pure functions from header fields and payload to notices.

Sources: GitHub, “Webhook events and payloads” (push, create, ping); Gitea and Forgejo, “Webhooks”; GitLab, “Webhook
events” (push, tag push); Bitbucket Cloud, “Event payloads” (repo:push).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from godploy_server.contract.hooks import TEST_EVENT, HookEvent, HookHost, Notice
from godploy_server.contract.repositories import repository_of
from godploy_server.relay.scan import Text, read

MOST_CHANGES: Final = 20
"""So many branches and tags of one delivery are told; nobody pushes more that all are deployed."""

_SKIP: Final = re.compile(r"\[(skip ci|ci skip|no ci|skip deploy|deploy skip|skip godploy)\]", re.IGNORECASE)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HASH: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NOTHING: Final = re.compile(r"0+")
_MESSAGE_CHARACTERS: Final = 1000
_PATHS_BYTES: Final = 40_000  # as they are handed to the agent, in JSON
_REF_CHARACTERS: Final = 250
_MOST_FILES_TOLD: Final = 3_000
"""Of one commit and kind: a longer list may be cut off. GitHub does it at 5,000 without saying so."""
_FILES: Final = {"added": True, "modified": True, "removed": True}
_PUSHED: Final[Mapping[str, Any]] = {
    "ref": True,
    "before": True,
    "after": True,
    "forced": True,
    "checkout_sha": True,  # GitLab
    "total_commits_count": True,  # GitLab
    "total_commits": True,  # Gitea and Forgejo
    "head_commit": {"id": True, "message": True, "author": {"name": True}},
    "commits": {"id": True, "message": True, "author": {"name": True}, **_FILES},
    "repository": {"clone_url": True},  # GitHub, Gitea and Forgejo
    "project": {"git_http_url": True},  # GitLab
}
_BITBUCKET: Final[Mapping[str, Any]] = {
    "repository": {"links": {"html": {"href": True}}},
    "push": {
        "changes": {
            "new": {"type": True, "name": True, "target": {"hash": True, "message": True, "author": {"raw": True}}},
            "old": {"type": True, "name": True, "target": {"hash": True}},
        }
    },
}


def notices(host: HookHost, fields: Mapping[str, str], body: Text, base: Notice) -> tuple[Notice, ...]:
    """Give what a delivery tells, each as `base` with more in it. Raises NotJson."""
    name = event_name(host, fields)
    base = replace(base, event_name=name)
    if name in ("ping", "diagnostics:ping", TEST_EVENT):
        return (replace(base, event=HookEvent.PING),)
    if host is HookHost.BITBUCKET:
        return _of_bitbucket(body, base) if name == "repo:push" else (base,)
    if name not in ("push", "Push Hook", "Tag Push Hook"):
        return (base,)
    found, is_whole = read(body, _PUSHED)
    return (_pushed(host, found, is_whole, base),)


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


def _pushed(host: HookHost, found: Mapping[str, Any], is_whole: bool, base: Notice) -> Notice:
    event, ref = _branch_or_tag(_text(found, "ref"))
    before, after = _text(found, "before"), _text(found, "after")
    if event is HookEvent.PUSH and before and before == after:
        event = HookEvent.PING  # Gitea's and Forgejo's “Test delivery”: a push that changes nothing
    commits = [each for each in found.get("commits") or () if isinstance(each, Mapping)]
    head = found.get("head_commit")
    if not isinstance(head, Mapping):
        head = next((each for each in commits if each.get("id") == after), commits[-1] if commits else {})
    author = head.get("author")
    commit = _commit(after)
    if event is HookEvent.TAG and commit:
        # of an annotated tag `after` is the tag object; the commit that it marks is told beside it
        commit = _commit(_text(found, "checkout_sha")) or _commit(_text(head, "id")) or commit
    paths, are_all = _paths(commits)
    knows_all = (
        is_whole
        and are_all
        and bool(commits)
        and found.get("forced") is not True
        and not _NOTHING.fullmatch(before or "0")
        and _tells_all_commits(host, found, len(commits))
    )
    return replace(
        base,
        event=event,
        ref=ref,
        commit=commit,
        message=_message(_text(head, "message")),
        author=_printable(_text(author, "name") if isinstance(author, Mapping) else "", 100),
        paths=paths,
        has_all_paths=knows_all,
        before=_commit(before),
        skip_marker=_skip_marker(_text(head, "message")),
        repository=_repository(found, ("repository", "clone_url")) or _repository(found, ("project", "git_http_url")),
    )


def _tells_all_commits(host: HookHost, found: Mapping[str, Any], told: int) -> bool:
    """Whether every pushed commit is in the payload: GitLab tells 20 of them, Gitea and Forgejo 5, beside how many
    there are (Gitea since 1.18: without that number nobody knows)."""
    number = found.get("total_commits" if host is HookHost.GITEA else "total_commits_count")
    return number == told if number is not None else host is HookHost.GITHUB


def _commit(text: str) -> str:
    return text if _HASH.fullmatch(text) and not _NOTHING.fullmatch(text) else ""


def _hash_of(side: object) -> str:
    target = side.get("target") if isinstance(side, Mapping) else None
    return _commit(_text(target, "hash")) if isinstance(target, Mapping) else ""


def _skip_marker(message: str) -> str:
    found = _SKIP.search(message)
    return found[0] if found else ""


def _of_bitbucket(body: Text, base: Notice) -> tuple[Notice, ...]:
    found, _ = read(body, _BITBUCKET)
    base = replace(base, repository=_repository(found, ("repository", "links", "html", "href")))
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
        told.append(
            replace(
                base,
                event=kind,
                ref=_ref(_text(side, "name")),
                commit=_commit(_text(target, "hash")),
                message=_message(_text(target, "message")),
                author=_printable(_text(author, "raw").partition(" <")[0] if isinstance(author, Mapping) else "", 100),
                before=_hash_of(old),
                skip_marker=_skip_marker(_text(target, "message")),
            )
        )
    return tuple(told[:MOST_CHANGES]) or (base,)


def _branch_or_tag(ref: str) -> tuple[HookEvent, str]:
    for beginning, event in (("refs/heads/", HookEvent.PUSH), ("refs/tags/", HookEvent.TAG)):
        if ref.startswith(beginning):
            return event, _ref(ref[len(beginning) :])
    return HookEvent.OTHER, _ref(ref)


def _ref(name: str) -> str:
    """Give a name as it can be shown. What cannot is spelt out with a backslash, and a cut end is marked by two dots:
    git allows neither in a name, so that no other name than a branch's own is ever equal to it."""
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in name[:_REF_CHARACTERS]
    )
    return shown if len(name) <= _REF_CHARACTERS else f"{shown}.."


def _paths(commits: list[Mapping[str, Any]]) -> tuple[tuple[str, ...], bool]:
    """Give the changed files, and whether all fit into a small message."""
    names: dict[str, None] = {}
    are_all = True
    for commit in commits:
        for kind in _FILES:
            listed = commit.get(kind)
            listed = listed if isinstance(listed, list) else []
            are_all = are_all and len(listed) < _MOST_FILES_TOLD
            for path in listed:
                if isinstance(path, str):
                    names[_LONE_SURROGATE.sub("\ufffd", path)] = None
    kept: list[str] = []
    length = 0
    for name in names:
        length += len(json.dumps(name)) + 1
        if length > _PATHS_BYTES:
            return tuple(kept), False
        kept.append(name)
    return tuple(kept), are_all


def _repository(found: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Give `host/path` of the repository whose address is at a path of keys, "" where there is none."""
    value: Any = found
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    name = repository_of(value) if isinstance(value, str) else ""
    return name if name.isprintable() and len(name) <= 300 else ""  # none rather than another one


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _message(text: str) -> str:
    return "\n".join(_printable(line, 200) for line in text.strip().splitlines()[:20])[:_MESSAGE_CHARACTERS]


def _printable(text: str, most: int) -> str:
    return "".join(character for character in text[:most] if character.isprintable())
