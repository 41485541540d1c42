"""Payloads in the shape of each host's published description; see relay/events.py for which."""

import json
from datetime import UTC, datetime

import pytest

from godploy_server.contract.hooks import HookEvent, HookHost, Notice
from godploy_server.contract.wire import from_json, to_json
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
    counted = {HookHost.GITLAB: "total_commits_count", HookHost.GITEA: "total_commits"}
    payload = push(**({counted[host]: 2} if host in counted else {}))
    if host is HookHost.GITLAB:
        del payload["head_commit"]
    (notice,) = told(host, name, payload)
    assert (notice.event, notice.ref, notice.commit) == (HookEvent.PUSH, "main", NEW)
    assert (notice.message, notice.author) == ("Say hello\n\nAt length", "A. Author")
    assert set(notice.paths) == {"a.txt", "src/b.py", "c"}
    assert notice.has_all_paths
    assert notice.before == OLD


@pytest.mark.parametrize(
    "changes",
    [{"forced": True}, {"before": "0" * 40}, {"commits": []}, {"total_commits_count": 40}],
    ids=["forced", "new branch", "no commits", "cut list"],
)
def test_files_that_may_be_incomplete_are_said_to_be(changes):
    (notice,) = told(HookHost.GITHUB, "push", push(**changes))
    assert notice.event is HookEvent.PUSH
    assert not notice.has_all_paths


def test_gitea_lists_five_commits_and_says_how_many_there_are():
    assert told(HookHost.GITEA, "push", push(total_commits=2))[0].has_all_paths
    assert not told(HookHost.GITEA, "push", push(total_commits=6))[0].has_all_paths
    assert not told(HookHost.GITEA, "push", push())[0].has_all_paths  # before 1.18 it did not say


def test_a_list_of_files_that_may_be_cut_off_is_not_taken_for_whole():
    files = [f"docs/{number}" for number in range(3000)]
    (notice,) = told(HookHost.GITHUB, "push", push(commits=[commit(NEW, modified=files)]))
    assert not notice.has_all_paths


TAG_OBJECT = "d" * 40


@pytest.mark.parametrize(
    ("host", "name", "more"),
    [
        (HookHost.GITHUB, "push", {"head_commit": commit(NEW), "commits": []}),
        (HookHost.GITEA, "push", {"head_commit": commit(NEW), "commits": [], "total_commits": 0}),
        (HookHost.GITLAB, "Tag Push Hook", {"head_commit": None, "checkout_sha": NEW, "total_commits_count": 0}),
    ],
)
def test_an_annotated_tag_tells_of_the_commit_that_it_marks(host, name, more):
    payload = push(ref="refs/tags/v1.0", before="0" * 40, after=TAG_OBJECT, **more)
    (notice,) = told(host, name, payload)
    assert (notice.event, notice.ref, notice.commit) == (HookEvent.TAG, "v1.0", NEW)
    (deleted,) = told(host, name, {**payload, "after": "0" * 40})
    assert (deleted.event, deleted.commit) == (HookEvent.TAG, "")


@pytest.mark.parametrize("hidden", ["main\u200b", "\u2060main", "ma\x00in", "main\ud800", "main\u202e"])
def test_a_branch_with_an_invisible_name_is_never_taken_for_another(hidden):
    for host, name, payload in (
        (HookHost.GITHUB, "push", push(ref=f"refs/heads/{hidden}")),
        (HookHost.BITBUCKET, "repo:push", {"push": {"changes": [change("branch", hidden)]}}),
    ):
        (notice,) = told(host, name, payload)
        assert notice.ref != "main"
        assert "\\" in notice.ref  # which git allows in no name
        assert notice.ref.isprintable()


def test_a_name_that_is_cut_is_never_taken_for_a_shorter_one():
    (notice,) = told(HookHost.GITHUB, "push", push(ref="refs/heads/" + "x" * 251))
    assert notice.ref == "x" * 250 + ".."  # which git allows in no name either


def test_the_whole_message_is_looked_through_for_words_that_skip():
    long = "Say hello\n" + "and say why.\n" * 60 + "[CI Skip]"
    (notice,) = told(HookHost.GITHUB, "push", push(head_commit=commit(NEW, message=long)))
    assert notice.skip_marker == "[CI Skip]"
    assert "[CI Skip]" not in notice.message
    (plain,) = told(HookHost.GITHUB, "push", push())
    assert plain.skip_marker == ""


@pytest.mark.parametrize("character", ["é", "\U0001f600", "\ud800", "\x01"])
def test_what_is_handed_over_stays_small_whatever_files_are_called(character):
    files = [character * 200 + str(number) for number in range(400)]
    (notice,) = told(HookHost.GITHUB, "push", push(commits=[commit(NEW, added=files)]))
    line = json.dumps(to_json(notice))
    assert len(line) < 64 * 1024
    assert not notice.has_all_paths
    assert from_json(Notice, json.loads(line)) == notice


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
    assert (first.before, second.before) == (OLD, "")
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
    assert len(notice.ref) <= 300
    assert "\x1b" not in notice.ref + notice.message
    assert len(notice.message) <= 1000
    assert delivery_id({"x-github-delivery": "72d3162e-cc78-11e3"}) == "72d3162e-cc78-11e3"


@pytest.mark.parametrize(
    ("host", "name", "payload"),
    [
        (HookHost.GITHUB, "push", {"repository": {"clone_url": "https://github.com/Team/Shop.git"}}),
        (HookHost.GITEA, "push", {"repository": {"clone_url": "https://github.com:8443/team/shop.git"}}),
        (HookHost.GITLAB, "Push Hook", {"project": {"git_http_url": "https://github.com/team/shop.git"}}),
        (
            HookHost.BITBUCKET,
            "repo:push",
            {"repository": {"links": {"html": {"href": "https://github.com/team/shop"}}}, "push": {"changes": []}},
        ),
    ],
)
def test_every_host_names_the_repository_in_its_own_place(host, name, payload):
    (notice,) = told(host, name, payload if host is HookHost.BITBUCKET else push(**payload))
    assert notice.repository == "github.com/team/shop"


@pytest.mark.parametrize("repository", [None, "team/shop", {}, {"clone_url": 1}, {"clone_url": "not an address"}])
def test_a_payload_without_a_repository_names_none(repository):
    (notice,) = told(HookHost.GITHUB, "push", push(repository=repository))
    assert notice.repository == ""
