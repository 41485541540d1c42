"""Every call to every host, against answers in the shape of its published description."""
# ruff: noqa: E501  tables of recorded answers are read line by line

import httpx
import pytest

from godploy_desktop.git_hosting.bitbucket import Bitbucket
from godploy_desktop.git_hosting.gitea import Gitea
from godploy_desktop.git_hosting.github import GitHub
from godploy_desktop.git_hosting.gitlab import GitLab
from godploy_desktop.git_hosting.host import RateLimited, SignInAgain
from godploy_server.contract import (
    BadInput,
    CommitState,
    CommitStatus,
    Conflict,
    NotAllowed,
    NotFound,
    Unreachable,
    status_request,
)
from tests.unit.git_hosting.hosts import (
    BITBUCKET_REPOSITORY,
    GITEA_REPOSITORY,
    GITHUB_REPOSITORY,
    GITLAB_REPOSITORY,
    HASH,
    KEY,
    TIME,
    InTurn,
    content,
    host_of,
    page_of,
    values,
)

pytestmark = pytest.mark.asyncio
REPOSITORY = {GitHub: "/repos/team/shop", Gitea: "/api/v1/repos/team/shop", Bitbucket: "/2.0/repositories/team/shop",
              GitLab: "/api/v4/projects/team%2Fsub%2Fshop"}  # fmt: skip
NAME = {GitHub: "team/shop", Gitea: "team/shop", Bitbucket: "team/shop", GitLab: "team/sub/shop"}
KINDS = [GitHub, GitLab, Bitbucket, Gitea]


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (GitHub, {"GET /user": {"login": "someone", "name": "Some One"}}),
        (GitLab, {"GET /api/v4/user": {"username": "someone", "name": "Some One"}}),
        (Bitbucket, {"GET /2.0/user": {"username": "someone", "display_name": "Some One"}}),
        (Gitea, {"GET /api/v1/user": {"login": "someone", "full_name": "Some One"}}),
    ],
)
async def test_who_am_i(kind, answers):
    host, recorded = host_of(kind, answers)
    assert await host.who_am_i() == ("someone", "Some One")
    assert recorded.authorization == ["Bearer a-token"]
    await host.close()


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (GitHub, {
            "GET /user/repos?sort=pushed&per_page=100": page_of([GITHUB_REPOSITORY], "https://api.github.com/user/repos?page=2"),
            "GET /user/repos?page=2": page_of([GITHUB_REPOSITORY]),
        }),
        (GitLab, {
            "GET /api/v4/projects?membership=true&order_by=last_activity_at&sort=desc&per_page=50":
                page_of([GITLAB_REPOSITORY], "https://gitlab.com/api/v4/projects?page=2"),
            "GET /api/v4/projects?page=2": page_of([GITLAB_REPOSITORY]),
        }),
        (Bitbucket, {
            "GET /2.0/user/workspaces": values([{"workspace": {"slug": "team"}}, {"workspace": {"slug": "other"}}]),
            "GET /2.0/repositories/team": values([BITBUCKET_REPOSITORY]),
            "GET /2.0/repositories/other": values([BITBUCKET_REPOSITORY]),
        }),
        (Gitea, {
            "GET /api/v1/user": {"id": 7, "login": "someone"},
            "GET /api/v1/repos/search?q=&uid=7&sort=updated&order=desc&page=1&limit=50": {"data": [GITEA_REPOSITORY] * 50},
            "GET /api/v1/repos/search?q=&uid=7&sort=updated&order=desc&page=2&limit=50": {"data": [GITEA_REPOSITORY]},
        }),
    ],
)  # fmt: skip
async def test_repositories_come_page_by_page(kind, answers):
    host, _ = host_of(kind, answers)
    first = await host.repositories()
    second = await host.repositories(page=first.next)
    assert first.next
    assert second.next == ""
    found = second.items[0]
    assert (found.full_name, found.default_branch, found.is_private) == (NAME[kind], "trunk", True)
    assert found.clone_ssh.startswith("git@")
    assert found.clone_https.startswith("https://")
    assert "somebody" not in found.clone_https
    assert found.updated_at.year == 2026
    assert found.can_administer


async def test_github_searches_in_the_repositories_of_the_account_and_its_organizations():
    host, recorded = host_of(GitHub, {
        "GET /user": {"login": "someone"}, "GET /user/orgs": [{"login": "team"}],
        "GET /search/repositories": {"total_count": 1, "items": [GITHUB_REPOSITORY]},
    })  # fmt: skip
    found = await host.repositories("shop org:stranger")
    assert [each.full_name for each in found.items] == ["team/shop"]
    assert "q=shop%20in%3Aname%20fork%3Atrue%20user%3Asomeone%20user%3Ateam" in recorded.asked[-1].replace("+", "%20")
    await host.repositories("web")
    assert recorded.asked.count("GET /user") == 1


async def test_bitbucket_searches_with_its_query_language():
    host, recorded = host_of(Bitbucket, {
        "GET /2.0/user/workspaces": values([{"workspace": {"slug": "team"}}]),
        "GET /2.0/repositories/team": values([BITBUCKET_REPOSITORY]),
    })  # fmt: skip
    await host.repositories('sh"op')
    assert "q=name+~+%22sh%5C%22op%22" in recorded.asked[-1].replace("%20", "+")


@pytest.mark.parametrize(
    ("kind", "path", "ref"),
    [
        (GitHub, "/branches", {"name": "main", "commit": {"sha": HASH}}),
        (GitLab, "/repository/branches", {"name": "main", "commit": {"id": HASH}}),
        (Bitbucket, "/refs/branches", {"name": "main", "target": {"hash": HASH}}),
        (Gitea, "/branches", {"name": "main", "commit": {"id": HASH}}),
    ],
)
async def test_branches_and_tags(kind, path, ref):
    answer = values([ref]) if kind is Bitbucket else [ref]
    tag = {"name": "v1", "commit": {"sha": HASH, "id": HASH}, "target": {"hash": HASH}}
    tags = values([tag]) if kind is Bitbucket else [tag]
    base = REPOSITORY[kind]
    tag_path = path.replace("branches", "tags")
    host, _ = host_of(kind, {f"GET {base}{path}": answer, f"GET {base}{tag_path}": tags})
    assert [(each.name, each.commit) for each in (await host.branches(NAME[kind])).items] == [("main", HASH)]
    assert [(each.name, each.commit) for each in (await host.tags(NAME[kind])).items] == [("v1", HASH)]


@pytest.mark.parametrize("kind", [GitHub, GitLab, Gitea])
async def test_files_and_folders_are_read(kind):
    base = REPOSITORY[kind]
    if kind is GitLab:
        answers = {
            f"GET {base}/repository/tree": [{"path": "web", "type": "tree"}, {"path": "Dockerfile", "type": "blob"}],
            f"GET {base}/repository/files/web%2Fpackage.json": content(b"{}"),
        }
    else:
        listing = [{"path": "web", "type": "dir"}, {"path": "Dockerfile", "type": "file"}]
        answers = {f"GET {base}/contents/web/package.json": content(b"{}"), f"GET {base}/contents": listing}
        answers[f"GET {base}/contents/"] = listing
    host, _ = host_of(kind, answers)
    assert [(each.path, each.is_folder) for each in await host.tree(NAME[kind], "main")] == [
        ("web", True),
        ("Dockerfile", False),
    ]
    assert await host.file(NAME[kind], "main", "web/package.json") == b"{}"


async def test_bitbucket_reads_files_at_a_commit():
    base = REPOSITORY[Bitbucket]
    newest = {"hash": HASH, "message": "Say hello\n", "author": {"raw": "A. Author <a@example.org>"}, "date": TIME}
    host, _ = host_of(Bitbucket, {
        f"GET {base}/commits": values([newest]),
        f"GET {base}/src/{HASH}/": values([{"path": "web", "type": "commit_directory"}, {"path": "a", "type": "commit_file"}]),
        f"GET {base}/src/{HASH}/web/package.json": httpx.Response(200, content=b"{}"),
    })  # fmt: skip
    assert [(each.path, each.is_folder) for each in await host.tree("team/shop", "feature/x")] == [
        ("web", True),
        ("a", False),
    ]
    assert await host.file("team/shop", "feature/x", "web/package.json") == b"{}"
    assert (await host.latest_commit("team/shop", "main")).author == "A. Author"


@pytest.mark.parametrize(
    ("kind", "path", "answer"),
    [
        (GitHub, "/commits/main", {"sha": HASH, "commit": {"message": "Say hello", "author": {"name": "A", "date": TIME}}}),
        (GitLab, "/repository/commits/main", {"id": HASH, "message": "Say hello", "author_name": "A", "authored_date": TIME}),
        (Gitea, "/commits", [{"sha": HASH, "commit": {"message": "Say hello", "author": {"name": "A", "date": TIME}}}]),
    ],
)  # fmt: skip
async def test_the_latest_commit(kind, path, answer):
    host, _ = host_of(kind, {f"GET {REPOSITORY[kind]}{path}": answer})
    found = await host.latest_commit(NAME[kind], "main")
    assert (found.id, found.message, found.author, found.at.year) == (HASH, "Say hello", "A", 2026)


DEPLOY_KEYS = {GitHub: "/keys", GitLab: "/deploy_keys", Bitbucket: "/deploy-keys", Gitea: "/keys"}


def key_answer(kind, key=KEY):
    return {"id": 5, "title": "Godploy", "label": "Godploy", "key": key, "read_only": True, "can_push": False}


@pytest.mark.parametrize("kind", KINDS)
async def test_deploy_keys_are_added_once_and_removed(kind):
    path = f"{REPOSITORY[kind]}{DEPLOY_KEYS[kind]}"
    wrap = values if kind is Bitbucket else page_of
    host, recorded = host_of(kind, {
        f"GET {path}": InTurn([wrap([]), wrap([key_answer(kind)])]),
        f"POST {path}": key_answer(kind),
        f"DELETE {path}/5": None,
    })  # fmt: skip
    made = await host.add_deploy_key(NAME[kind], "Godploy", KEY + " comment")
    assert (made.id, made.key, made.is_read_only) == ("5", KEY, True)
    assert recorded.bodies[-1]["key"] == KEY
    assert recorded.bodies[-1].get("read_only", True) is True
    assert recorded.bodies[-1].get("can_push", False) is False
    assert (await host.add_deploy_key(NAME[kind], "Godploy", KEY)).id == "5"
    assert sum(each.startswith("POST") for each in recorded.asked) == 1
    await host.remove_deploy_key(NAME[kind], "5")
    await host.remove_deploy_key(NAME[kind], "6")  # gone already


def hook_answer(kind):
    url = "https://shop.example.org/_godploy/hooks/x"
    return {
        GitHub: {"id": 9, "active": True, "events": ["push"], "config": {"url": url}},
        Gitea: {"id": 9, "active": True, "events": ["push", "create"], "config": {"url": url}},
        GitLab: {"id": 9, "url": url, "push_events": True, "tag_push_events": True, "alert_status": "executable"},
        Bitbucket: {"uuid": "9", "url": url, "active": True, "events": ["repo:push"]},
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
async def test_webhooks_are_made_changed_pinged_and_removed(kind):
    path = f"{REPOSITORY[kind]}/hooks"
    change = "PATCH" if kind in (GitHub, Gitea) else "PUT"
    ping = {GitHub: "/9/pings", Gitea: "/9/tests", GitLab: "/9/test/push_events"}.get(kind)
    host, recorded = host_of(kind, {
        f"GET {path}": values([hook_answer(kind)]) if kind is Bitbucket else page_of([hook_answer(kind)]),
        f"POST {path}": hook_answer(kind), f"{change} {path}/9": hook_answer(kind), f"DELETE {path}/9": None,
        **({f"POST {path}{ping}": None} if ping else {}),
    })  # fmt: skip
    url = "https://shop.example.org/_godploy/hooks/x"
    made = await host.put_webhook(NAME[kind], url, "a-secret")
    assert (made.id, made.url, made.is_active) == ("9", url, True)
    sent = recorded.bodies[-1]
    assert "a-secret" in (sent.get("secret"), sent.get("token"), (sent.get("config") or {}).get("secret"))
    await host.put_webhook(NAME[kind], url, "ab" * 32, "9")
    assert (recorded.bodies[-1].get("signing_token", "")[:6] == "whsec_") is (kind is GitLab)
    assert recorded.asked[-1].startswith(change)
    assert [each.id for each in await host.webhooks(NAME[kind])] == ["9"]
    if ping:
        await host.ping_webhook(NAME[kind], "9")
    else:
        with pytest.raises(BadInput, match="no test deliveries"):
            await host.ping_webhook(NAME[kind], "9")
    await host.remove_webhook(NAME[kind], "9")
    await host.remove_webhook(NAME[kind], "10")
    assert not any("a-secret" in each for each in recorded.asked)


TOLD_AT = {
    GitHub: f"/statuses/{HASH}",
    GitLab: f"/statuses/{HASH}",
    Bitbucket: f"/commit/{HASH}/statuses/build",
    Gitea: f"/statuses/{HASH}",
}
FAILED = CommitStatus(CommitState.FAILURE, "The build failed")


@pytest.mark.parametrize("kind", KINDS)
async def test_the_state_of_a_commit_is_shown(kind):
    host, recorded = host_of(kind, {f"POST {REPOSITORY[kind]}{TOLD_AT[kind]}": {"id": 1}})
    await host.set_commit_status(NAME[kind], HASH, "godploy/shop/web", FAILED)
    assert recorded.bodies == [status_request(kind.hook_host, NAME[kind], HASH, "godploy/shop/web", FAILED).body]


async def test_gitlab_is_not_contradicted_where_it_shows_the_state_already():
    said = 'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")'
    refusal = httpx.Response(400, json={"message": said})
    host, _ = host_of(GitLab, {f"POST {REPOSITORY[GitLab]}{TOLD_AT[GitLab]}": refusal})
    await host.set_commit_status(NAME[GitLab], HASH, "x", FAILED)
    refusal = httpx.Response(400, json={"message": "state does not have a valid value"})
    host, _ = host_of(GitLab, {f"POST {REPOSITORY[GitLab]}{TOLD_AT[GitLab]}": refusal})
    with pytest.raises(BadInput, match="valid value"):
        await host.set_commit_status(NAME[GitLab], HASH, "x", FAILED)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(403, json={"message": "Resource not accessible"}), NotAllowed),
        (httpx.Response(404, json={"message": "Not Found"}), NotFound),
        (httpx.Response(422, json={"message": "Validation Failed", "errors": [{"message": "key is already in use"}]}), Conflict),
        (httpx.Response(500, text="<html>"), Unreachable),
        (httpx.Response(200, text="<html>"), Unreachable),
        (httpx.Response(429, headers={"Retry-After": "3600"}), RateLimited),
        (httpx.Response(403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}), RateLimited),
    ],
)  # fmt: skip
async def test_what_a_host_refuses_is_said_in_words(answer, error):
    host, _ = host_of(GitHub, {"GET /user": answer})
    with pytest.raises(error) as raised:
        await host.who_am_i()
    assert raised.value.problem.next_step
    assert "GitHub" in raised.value.problem.what


async def test_a_refused_token_is_renewed_once_and_then_asks_to_sign_in_again():
    refused = httpx.Response(401, json={"message": "Bad credentials"})
    host, recorded = host_of(GitHub, {"GET /user": InTurn([refused, {"login": "someone"}])})
    assert (await host.who_am_i())[0] == "someone"
    assert recorded.authorization == ["Bearer a-token", "Bearer renewed"]
    host, _ = host_of(GitHub, {"GET /user": refused})
    with pytest.raises(SignInAgain):
        await host.who_am_i()


async def test_a_short_limit_is_waited_for_and_the_limit_is_known():
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1790000000"}
    host, _ = host_of(GitHub, {
        "GET /user": InTurn([httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(200, json={"login": "x"}, headers=headers)]),
    })  # fmt: skip
    await host.who_am_i()
    assert (host.rate_limit.remaining, host.rate_limit.limit) == (4999, 5000)


async def test_the_token_goes_to_no_other_host():
    first = page_of([GITHUB_REPOSITORY], "https://elsewhere.example.org/user/repos?page=2")
    host, recorded = host_of(GitHub, {"GET /user/repos": first})
    page = await host.repositories()
    with pytest.raises(NotAllowed, match="another host"):
        await host.repositories(page=page.next)
    assert len(recorded.asked) == 1
