"""Payloads in the shape of each host's published description; see relay/events.py for which."""

import json
from datetime import UTC, datetime

import pytest

from godploy_server.contract.hooks import HookEvent, HookHost, Notice
from godploy_server.relay.events import MOST_CHANGES, delivery_id, notices

BASE = Notice("h", "d", "x", datetime(2026, 1, 1, tzinfo=UTC))
OLD, NEW = "a" * 40, "b" * 40


def told(host, name, payload, **fields):
    header = {
        "github": "x-github-event",
        "gitea": "x-gitea-event",
        "gitlab": "x-gitlab-event",
        "bitbucket": "x-event-key",
    }
    return notices(host, {header[host.value]: name, **fields}, json.dumps(payload).encode(), BASE)


def commit(commit_id, message="Say hello\n\nAt length", **files):
    author = {"name": "A. Author", "email": "author@example.org"}
    return {"id": commit_id, "message": message, "author": author, "added": [], "modified": [], "removed": [], **files}


def push(**changes):
    commits = [commit(OLD, added=["a.txt"]), commit(NEW, modified=["src/b.py"], removed=["c"])]
    return {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "head_commit": commits[-1],
        "commits": commits,
        **changes,
    }


@pytest.mark.parametrize(
    ("host", "name"), [(HookHost.GITHUB, "push"), (HookHost.GITEA, "push"), (HookHost.GITLAB, "Push Hook")]
)
def test_a_push_names_branch_commit_author_and_files(host, name):
    payload = push(total_commits_count=2) if host is HookHost.GITLAB else push()
    if host is HookHost.GITLAB:
        del payload["head_commit"]
    (notice,) = told(host, name, payload)
    assert (notice.event, notice.ref, notice.commit) == (HookEvent.PUSH, "main", NEW)
    assert (notice.message, notice.author) == ("Say hello\n\nAt length", "A. Author")
    assert set(notice.paths) == {"a.txt", "src/b.py", "c"}
    assert notice.has_all_paths


@pytest.mark.parametrize(
    "changes",
    [{"forced": True}, {"before": "0" * 40}, {"commits": []}, {"total_commits_count": 40}],
    ids=["forced", "new branch", "no commits", "cut list"],
)
def test_files_that_may_be_incomplete_are_said_to_be(changes):
    (notice,) = told(HookHost.GITHUB, "push", push(**changes))
    assert notice.event is HookEvent.PUSH
    assert not notice.has_all_paths


def test_tags_and_deleted_branches():
    (tag,) = told(HookHost.GITHUB, "push", push(ref="refs/tags/v1.0", before="0" * 40))
    assert (tag.event, tag.ref, tag.commit) == (HookEvent.TAG, "v1.0", NEW)
    (gone,) = told(HookHost.GITHUB, "push", push(after="0" * 40, deleted=True, head_commit=None, commits=[]))
    assert (gone.event, gone.commit, gone.message) == (HookEvent.PUSH, "", "")
    (of_gitlab,) = told(HookHost.GITLAB, "Tag Push Hook", push(ref="refs/tags/v2", total_commits_count=2))
    assert (of_gitlab.event, of_gitlab.ref) == (HookEvent.TAG, "v2")


def test_pings_and_what_nobody_waits_for():
    assert told(HookHost.GITHUB, "ping", {"zen": "x", "hook_id": 1})[0].event is HookEvent.PING
    assert told(HookHost.GITEA, "push", push(before=NEW))[0].event is HookEvent.PING  # its test delivery
    (other,) = told(HookHost.GITHUB, "workflow_run", {"action": "done"})
    assert (other.event, other.event_name) == (HookEvent.OTHER, "workflow_run")
    assert told(HookHost.BITBUCKET, "repo:fork", {})[0].event is HookEvent.OTHER


def change(kind, name, new=NEW, old=OLD):
    target = {"type": "commit", "message": "Say hello\n", "author": {"raw": "A. Author <author@example.org>"}}
    return {
        "new": {"type": kind, "name": name, "target": {**target, "hash": new}} if new else None,
        "old": {"type": kind, "name": name, "target": {**target, "hash": old}} if old else None,
    }


def test_bitbucket_tells_of_several_branches_in_one_delivery():
    payload = {
        "push": {
            "changes": [change("branch", "main"), change("tag", "v1", old=None), change("branch", "old", new=None)]
        }
    }
    first, second, third = told(HookHost.BITBUCKET, "repo:push", payload)
    assert (first.event, first.ref, first.commit, first.author) == (HookEvent.PUSH, "main", NEW, "A. Author")
    assert not first.has_all_paths
    assert (second.event, second.ref) == (HookEvent.TAG, "v1")
    assert (third.ref, third.commit) == ("old", "")
    many = {"push": {"changes": [change("branch", f"b{each}") for each in range(50)]}}
    assert len(told(HookHost.BITBUCKET, "repo:push", many)) == MOST_CHANGES


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"ref": 5, "after": [], "commits": {}, "head_commit": "x"},
        {"push": {"changes": "x"}},
        {"commits": [1, None]},
    ],
)
@pytest.mark.parametrize("host", list(HookHost))
def test_odd_payloads_break_nothing(host, payload):
    name = {"github": "push", "gitea": "push", "gitlab": "Push Hook", "bitbucket": "repo:push"}[host.value]
    for notice in told(host, name, payload):
        assert notice.commit == ""


def test_what_is_shown_is_printable_and_short():
    loud = push(ref="refs/heads/\x1b[31m" + "x" * 900, head_commit=commit(NEW, message="\x07 ring\n" * 300))
    (notice,) = told(HookHost.GITHUB, "push", loud, **{"x-github-delivery": "\x1b"})
    assert len(notice.ref) <= 250
    assert "\x1b" not in notice.ref + notice.message
    assert len(notice.message) <= 1000
    assert delivery_id({"x-github-delivery": "72d3162e-cc78-11e3"}) == "72d3162e-cc78-11e3"
