"""Hooks of the server itself: one delivery, several services."""

import json
import stat

import pytest

from tests.unit.agent.conftest import wait_for
from tests.unit.agent.rows import add_project, add_service
from tests.unit.agent.test_hooks import COMMIT, hand_over, make_hook

ID, OTHER_ID = "ab" * 20, "cd" * 20
SECRET = "what GitHub made for this app"
PAGE = "https://github.com/apps/godploy-web"
REPOSITORY = "github.com/team/shop"


@pytest.fixture
def shop(new_agent):
    """Two services of one repository, by two ways of writing its address, and one of another."""
    agent = new_agent()
    project = add_project(agent.paths)
    urls = {
        "web": "git@github.com:team/shop.git",
        "worker": "https://github.com/Team/Shop",
        "docs": "git@github.com:team/docs.git",
    }
    services = {name: add_service(agent.paths, project.id, name, url).id for name, url in urls.items()}
    agent.start()
    return agent, services


def put_shared(agent, hook_id=ID, **changes):
    wanted = {"id": hook_id, "host": "github", "name": "godploy-web", "page": PAGE, "secret": SECRET, **changes}
    return agent.post("/v1/hooks", wanted)


def share(agent, services, *names):
    for name in names or services:
        make_hook(agent, services[name], shared=ID)


def commits(agent, service_id):
    return [each["commit"] for each in agent.get(f"/v1/services/{service_id}/deployments")[1]]


def newest(agent, service_id):
    return agent.get(f"/v1/services/{service_id}/deliveries")[1][0]


def test_one_push_deploys_every_service_of_its_repository_and_no_other(shop):
    agent, services = shop
    assert put_shared(agent)[0] == 201
    share(agent, services)
    assert hand_over(agent, hook=ID, repository=REPOSITORY) == b"+\n"
    assert [commits(agent, services[name]) for name in ("web", "worker", "docs")] == [[COMMIT], [COMMIT], []]
    assert agent.get(f"/v1/services/{services['docs']}/deliveries")[1] == []
    (shared,) = agent.get("/v1/hooks")[1]
    assert shared["services"] == sorted(services.values())
    assert shared["received"] == "push of github.com/team/shop: 2 of 2 services deployed"

    assert hand_over(agent, hook=ID, repository=REPOSITORY, delivery="d-2") == b"+\n"  # a replay
    assert {newest(agent, services[name])["verdict"] for name in ("web", "worker")} == {"refused"}
    assert len(commits(agent, services["web"])) == 1

    deployed = agent.get(f"/v1/services/{services['web']}/deliveries")[1][1]["id"]
    status, again = agent.post(f"/v1/deliveries/{deployed}/redeliver")
    assert (status, again["verdict"]) == (201, "deployed")
    assert (len(commits(agent, services["web"])), len(commits(agent, services["worker"]))) == (2, 1)


def test_each_service_decides_by_its_own_rules(shop):
    agent, services = shop
    put_shared(agent)
    make_hook(agent, services["web"], shared=ID, watch_paths=["web/**"])
    make_hook(agent, services["worker"], shared=ID, is_on=False)
    told = {"paths": ["docs/a.md"], "has_all_paths": True}
    assert hand_over(agent, hook=ID, repository=REPOSITORY, **told) == b"+\n"
    assert "watched paths" in newest(agent, services["web"])["reason"]
    assert newest(agent, services["worker"])["reason"] == "deploying on push is off"
    assert commits(agent, services["web"]) == []


def test_a_refused_delivery_is_seen_at_the_hook_and_touches_no_service(shop):
    agent, services = shop
    put_shared(agent)
    share(agent, services)
    told = {"digest": "", "refused": "its signature does not fit", "event": "other"}
    assert hand_over(agent, hook=ID, **told) == b"+\n"
    assert agent.get("/v1/hooks")[1][0]["received"] == "refused: its signature does not fit"
    assert agent.get(f"/v1/services/{services['web']}/deliveries")[1] == []
    assert hand_over(agent, hook=ID, event="ping", event_name="ping", digest="2" * 64) == b"+\n"
    assert agent.get("/v1/hooks")[1][0]["received"] == "the hook works"
    assert hand_over(agent, hook=ID, repository="github.com/team/unknown", digest="3" * 64) == b"+\n"
    assert "no service here" in agent.get("/v1/hooks")[1][0]["received"]


def test_a_service_has_one_way_to_be_told_of_a_push(shop):
    agent, services = shop
    own, own_id = make_hook(agent, services["web"], host="gitea")
    own_file = agent.paths.hooks / f"{own_id}.json"
    assert own_file.exists()
    put_shared(agent)
    shared, _ = make_hook(agent, services["web"], shared=ID)
    assert (shared["shared"], shared["host"], shared["path"]) == (ID, "github", f"/_godploy/hooks/{ID}")
    assert not own_file.exists()
    assert hand_over(agent, hook=own_id, repository=REPOSITORY) == b"+\n"  # the relay may still have had it in hand
    assert commits(agent, services["web"]) == []
    status, answer = agent.post(f"/v1/services/{services['web']}/hook/secret")
    assert (status, answer["problem"]["code"]) == (409, "conflict")
    assert agent.post(f"/v1/services/{services['web']}/hook", {"shared": "e" * 40})[0] == 404

    back, back_id = make_hook(agent, services["web"], shared="")
    assert (back["path"], back["shared"], back_id) == (own["path"], "", own_id)
    assert own_file.exists()


def test_the_secret_goes_to_the_relay_alone_and_comes_back_after_a_reboot(shop):
    agent, services = shop
    _, made = put_shared(agent)
    share(agent, services, "web")
    file = agent.paths.hooks / f"{ID}.json"
    assert json.loads(file.read_text()) == {"host": "github", "secret": SECRET, "is_shared": True}
    assert stat.S_IMODE(file.stat().st_mode) & 0o007 == 0
    assert SECRET not in json.dumps([made, agent.get("/v1/hooks")[1]])
    assert SECRET.encode() not in agent.paths.database.read_bytes()
    agent.stop()
    file.unlink()
    agent.start()
    wait_for(file.exists)
    assert json.loads(file.read_text())["secret"] == SECRET


def test_the_hook_of_an_app_can_be_renewed_and_removed(shop):
    agent, services = shop
    put_shared(agent)
    share(agent, services, "web", "worker")
    status, renewed = put_shared(agent, OTHER_ID, secret="another secret of the app")
    assert (status, renewed["services"]) == (201, sorted([services["web"], services["worker"]]))
    assert not (agent.paths.hooks / f"{ID}.json").exists()
    assert agent.get(f"/v1/services/{services['web']}/hook")[1]["path"].endswith(OTHER_ID)

    status, gone = agent.request("DELETE", f"/v1/hooks/{OTHER_ID}")
    assert (status, len(gone["services"])) == (200, 2)
    assert not (agent.paths.hooks / f"{OTHER_ID}.json").exists()
    assert agent.get(f"/v1/services/{services['web']}/hook")[0] == 404
    assert agent.get("/v1/hooks")[1] == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": "../etc"}, "id"),
        ({"secret": "short"}, "secret"),
        ({"page": "javascript:x"}, "page"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_hook_is_refused(shop, changes, named):
    agent, _ = shop
    status, answer = put_shared(agent, **changes)
    assert status == 400
    assert answer["problem"]["why"].startswith(named)


def test_an_id_in_use_is_not_taken_over(shop):
    agent, services = shop
    _, own_id = make_hook(agent, services["web"])
    assert put_shared(agent, own_id)[0] == 400
    put_shared(agent)
    assert put_shared(agent, ID, page="https://github.com/apps/another")[0] == 400
