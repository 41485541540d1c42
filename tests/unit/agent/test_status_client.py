"""One request to a git host, and what its answer means: pure functions, then a real host on loopback."""

import base64
from datetime import UTC, datetime

import pytest

from godploy_server.agent import status_client
from godploy_server.agent.status_checks import check_status_writer
from godploy_server.agent.status_client import HostAnswer, headers_of, outcome_of, tell
from godploy_server.contract import (
    BadInput,
    CommitState,
    CommitStatus,
    HookHost,
    ServiceId,
    SetStatusWriter,
    StatusWriter,
)
from tests.unit.agent.fake_git_host import FakeGitHost, Said
from tests.unit.ports import free_port

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOKEN = "status-token-8f3a1c"
COMMIT = "c" * 40
FAILED = CommitStatus(CommitState.FAILURE, "The build failed")
WRITER = StatusWriter(ServiceId("s1"), HookHost.GITEA, "https://git.example.org/api/v1", "team/shop", "x", False)


@pytest.fixture
def host():
    made = FakeGitHost()
    yield made
    made.close()


def writer_at(host, kind=HookHost.GITEA):
    return StatusWriter(ServiceId("s1"), kind, host.address, "team/shop", "godploy/shop/web", False)


@pytest.mark.parametrize(
    ("kind", "token", "name", "value"),
    [
        (HookHost.GITHUB, TOKEN, "Authorization", f"Bearer {TOKEN}"),
        (HookHost.GITLAB, TOKEN, "PRIVATE-TOKEN", TOKEN),
        (HookHost.GITEA, TOKEN, "Authorization", f"token {TOKEN}"),
        (HookHost.BITBUCKET, TOKEN, "Authorization", f"Bearer {TOKEN}"),
        (HookHost.BITBUCKET, "a@b.c:t", "Authorization", f"Basic {base64.b64encode(b'a@b.c:t').decode()}"),
    ],
)
def test_each_host_is_given_the_token_as_it_takes_it(kind, token, name, value):
    assert headers_of(kind, token)[name] == value
    if kind is HookHost.GITHUB:
        assert headers_of(kind, token)["X-GitHub-Api-Version"] == "2022-11-28"


@pytest.mark.parametrize(
    ("answer", "code", "again_s"),
    [
        (HostAnswer(201, {}), None, None),
        (HostAnswer(200, {}), None, None),
        (HostAnswer(401, {}, "Bad credentials"), "not-allowed", None),
        (HostAnswer(403, {}, "Resource not accessible by personal access token"), "not-allowed", None),
        (HostAnswer(404, {}, "Not Found"), "not-found", None),
        (HostAnswer(422, {}, "No commit found for SHA"), "bad-input", None),
        (HostAnswer(400, {}), "bad-input", None),
        (HostAnswer(301, {"location": "https://elsewhere.example.org/"}), "bad-input", None),
        (HostAnswer(500, {}), "unreachable", 0.0),
        (HostAnswer(408, {}), "unreachable", 0.0),
        (HostAnswer(503, {"retry-after": "120"}), "not-ready", 120.0),
        (HostAnswer(429, {"retry-after": "30"}), "not-ready", 30.0),
        (HostAnswer(429, {}), "not-ready", 60.0),
        (HostAnswer(429, {"retry-after": "Fri, 02 Jan 2026 03:05:05 GMT"}), "not-ready", 60.0),
        (HostAnswer(429, {"retry-after": "soon"}), "not-ready", 60.0),
        (HostAnswer(429, {"retry-after": "9" * 40}), "not-ready", 60.0),
        (HostAnswer(403, {"retry-after": "5"}), "not-ready", 5.0),
        (HostAnswer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(AT.timestamp()) + 90)}),
         "not-ready", 90.0),
    ],
)  # fmt: skip
def test_an_answer_is_taken_refused_or_worth_another_try(answer, code, again_s):
    outcome = outcome_of(WRITER, answer, AT)
    assert (outcome.problem.code if outcome.problem else None, outcome.again_s) == (code, again_s)
    if outcome.problem:
        assert str(answer.status) in outcome.problem.why
        assert outcome.problem.next_step


def test_only_gitlab_refuses_what_it_shows_already():
    answer = HostAnswer(400, {}, "Cannot transition status via :enqueue from :pending (Reason(s): ...)")
    gitlab = StatusWriter(ServiceId("s1"), HookHost.GITLAB, "https://gitlab.com/api/v4", "team/shop", "x", False)
    assert outcome_of(gitlab, answer, AT).problem is None
    assert outcome_of(WRITER, answer, AT).problem is not None


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", HookHost)
async def test_a_state_is_told_in_one_request_of_the_hosts_own_kind(host, kind):
    outcome = await tell(writer_at(host, kind), TOKEN, COMMIT, FAILED)
    assert outcome.problem is None
    ((path, fields, body),) = host.asked
    assert COMMIT in path
    assert path.startswith("/api/v1/")
    assert TOKEN in fields.get("Authorization", "") + fields.get("PRIVATE-TOKEN", "")
    assert fields["Host"] == host.address.partition("://")[2].partition("/")[0]
    assert "The build failed" in body.values()
    assert TOKEN not in path + str(body)


@pytest.mark.asyncio
async def test_a_host_that_repeats_the_token_does_not_make_it_known(host):
    host.usual = Said(403, body={"message": f"token {TOKEN}\nmay not write"})
    outcome = await tell(writer_at(host), TOKEN, COMMIT, FAILED)
    assert outcome.problem.why == "it answered 403: token [REDACTED] may not write"


@pytest.mark.asyncio
async def test_a_redirect_is_not_followed(host):
    other = FakeGitHost()
    try:
        host.usual = Said(307, {"location": f"{other.address}/repos/team/shop/statuses/{COMMIT}"})
        outcome = await tell(writer_at(host), TOKEN, COMMIT, FAILED)
        assert (outcome.problem.code, outcome.again_s, other.asked) == ("bad-input", None, [])
    finally:
        other.close()


@pytest.mark.asyncio
async def test_silence_a_closed_port_and_nonsense_are_worth_another_try(host, monkeypatch):
    monkeypatch.setattr(status_client, "TIMEOUT_S", 0.3)
    host.usual = Said(hangs_s=5)
    silent = await tell(writer_at(host), TOKEN, COMMIT, FAILED)
    assert "0.3 s" in silent.problem.why
    closed = StatusWriter(ServiceId("s1"), HookHost.GITEA, f"http://127.0.0.1:{free_port()}", "a/b", "x", False)
    gone = await tell(closed, TOKEN, COMMIT, FAILED)
    plain = StatusWriter(ServiceId("s1"), HookHost.GITEA, host.address.replace("http", "https"), "a/b", "x", False)
    no_tls = await tell(plain, TOKEN, COMMIT, FAILED)
    for outcome in (silent, gone, no_tls):
        assert (outcome.problem.code, outcome.again_s) == ("unreachable", 0.0)
        assert TOKEN not in str(outcome.problem)


@pytest.mark.asyncio
async def test_an_answer_that_is_no_json_or_never_ends_does_no_harm(host):
    host.usual = Said(500, body="x" * 200_000)
    assert (await tell(writer_at(host), TOKEN, COMMIT, FAILED)).problem.why == "it answered 500"


def wanted(**changes):
    values = {"host": HookHost.GITEA, "api": "https://git.example.org/api/v1", "repository": "team/shop", **changes}
    return SetStatusWriter(**{"token": TOKEN, **values})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"api": "git.example.org"}, "api"),
        ({"api": "ftp://git.example.org"}, "api"),
        ({"api": "https://"}, "api"),
        ({"api": "https://user:word@git.example.org"}, "api"),
        ({"api": "https://git.example.org/?a=1"}, "api"),
        ({"api": "https://git.example.org/#x"}, "api"),
        ({"api": "https://git.example.org/../x"}, "api"),
        ({"api": "https://git.example.org:99999"}, "api"),
        ({"api": "https://git.example.org/a b"}, "api"),
        ({"api": "https://git.example.org\r\nX: y"}, "api"),
        ({"api": "http://git.example.org/api/v1"}, "api"),
        ({"api": "http://127.0.0.1.example.org/api/v1"}, "api"),
        ({"repository": "shop"}, "repository"),
        ({"repository": "team/../../user"}, "repository"),
        ({"repository": "team/shop?x"}, "repository"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"token": "two words"}, "token"),
        ({"token": "a\r\nX-Other: b"}, "token"),
        ({"token": "ä"}, "token"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(changes, path):
    with pytest.raises(BadInput) as raised:
        check_status_writer(wanted(**changes))
    assert raised.value.problem.why.startswith(f"{path}: should be")
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "api", ["https://api.github.com", "http://127.0.0.1:3000/api/v1/", "http://[::1]:3000/api", "http://localhost/api"]
)
def test_https_or_the_loopback_is_fine_and_http_elsewhere_where_it_is_said(api):
    assert check_status_writer(wanted(api=api)).api == api.rstrip("/")
    lab = "http://git.example.org/api/v1"
    assert check_status_writer(wanted(api=lab, allows_http=True)).api == lab
