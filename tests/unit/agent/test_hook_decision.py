from datetime import UTC, datetime

import pytest

from godploy_server.agent.hook_decision import decide, matches
from godploy_server.contract import GitSource, Hook, HookEvent, HookHost, ImageSource, Notice, ServiceId, Verdict

COMMIT = "c" * 40
SOURCE = GitSource("git@git.example.org:shop/web.git")


def hook(**changes):
    settings = {"is_on": True, "tag_patterns": (), "watch_paths": ()} | changes
    return Hook(ServiceId("s"), "/_godploy/hooks/x", HookHost.GITHUB, **settings)


def notice(**changes):
    told = {"event": HookEvent.PUSH, "ref": "main", "commit": COMMIT, "paths": ("web/a.js",), "has_all_paths": True}
    return Notice("h", "d", "x", datetime(2026, 1, 1, tzinfo=UTC), **(told | changes))


def verdict(settings=None, source=SOURCE, is_replay=False, newer="", **told):
    decision = decide(hook(**(settings or {})), source, notice(**told), is_replay=is_replay, newer=newer)
    assert decision.reason
    return decision.verdict, decision.commit


def test_a_push_to_the_branch_deploys_exactly_its_commit():
    assert verdict() == (Verdict.DEPLOYED, COMMIT)


@pytest.mark.parametrize(
    ("settings", "source", "told"),
    [
        ({"is_on": False}, SOURCE, {}),
        ({}, ImageSource("nginx"), {}),
        ({}, SOURCE, {"ref": "develop"}),
        ({}, SOURCE, {"commit": ""}),
        ({}, GitSource("git@a:b", tag="v1"), {}),
        ({}, GitSource("git@a:b", commit=COMMIT), {}),
        ({}, SOURCE, {"event": HookEvent.TAG, "ref": "v1"}),
        ({"tag_patterns": ("v2*",)}, SOURCE, {"event": HookEvent.TAG, "ref": "v1"}),
        ({}, SOURCE, {"event": HookEvent.OTHER, "event_name": "fork"}),
        ({}, SOURCE, {"skip_marker": "[skip ci]"}),
        ({"watch_paths": ("api/**",)}, SOURCE, {}),
    ],
)
def test_what_is_not_meant_is_ignored(settings, source, told):
    assert verdict(settings, source, **told) == (Verdict.IGNORED, "")


def test_a_late_push_does_not_take_a_newer_one_back():
    assert verdict(newer="d" * 40) == (Verdict.IGNORED, "")


def test_tags_deploy_where_a_pattern_fits():
    told = {"event": HookEvent.TAG, "ref": "v1.2"}
    assert verdict({"tag_patterns": ("v*",)}, **told) == (Verdict.DEPLOYED, COMMIT)
    assert verdict({"tag_patterns": ("v*",), "watch_paths": ("api/**",)}, **told)[0] is Verdict.DEPLOYED


def test_watched_paths_decide_only_when_all_files_are_known():
    assert verdict({"watch_paths": ("api/**", "web")})[0] is Verdict.DEPLOYED
    assert verdict({"watch_paths": ("api/**",)}, has_all_paths=False)[0] is Verdict.DEPLOYED


def test_pings_are_answered_and_what_is_not_believed_is_refused():
    assert verdict(event=HookEvent.PING)[0] is Verdict.ANSWERED
    assert verdict(is_replay=True)[0] is Verdict.REFUSED
    assert verdict(refused="its signature does not fit")[0] is Verdict.REFUSED


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web/**", "web/src/a.js", True), ("web/*", "web/a.js", True), ("web", "web/a/b", True),
        ("web/", "web/a", True),
        ("web", "website/a", False), ("*.md", "README.md", True), ("*.md", "docs/README.md", False),
        ("**/*.md", "docs/a/README.md", True), ("**/*.md", "README.md", True), ("v1.?", "v1.2", True),
        ("v1.?", "v1x2", False), ("a[b]", "a[b]", True), ("a[b]", "ab", False),
    ],
)  # fmt: skip
def test_globs(pattern, text, fits):
    assert matches(pattern, text) is fits
