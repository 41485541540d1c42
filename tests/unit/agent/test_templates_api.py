"""Services made from templates, as the agent takes and tells them. Nothing here needs Docker."""

import pytest

from godploy_server.access import audit
from tests.unit.agent.rows import add_project, add_service, database

URL = {"name": "url", "text": "stash://${USER}:${PASSWORD|url}@${host}:${port}", "port": 4000, "variable": "STASH_URL"}
PUBLIC = {"name": "public", "text": "stash://${public_host}:${public_port}", "port": 4000, "is_public": True}
TEMPLATE = {"name": "stash", "title": "Stash", "version": "1", "icon": "database", "outputs": [URL, PUBLIC]}
VARIABLES = [{"name": "USER", "value": "ada"}, {"name": "PASSWORD", "value": "p@ss word", "is_secret": True}]
SETTINGS = {"source": {"kind": "image", "image": "stash:1"}, "port": None}


def body(project, **changes):
    made = {"project_id": project.id, "name": "db", "kind": "database", "settings": SETTINGS}
    return {**made, "template": TEMPLATE, "variables": VARIABLES, **changes}


@pytest.fixture
def project(agent):
    return add_project(agent.paths)


@pytest.fixture
def stash(agent, project):
    status, made = agent.post("/v1/services", body(project))
    assert status == 201, made
    return made


def test_a_service_keeps_what_it_was_made_from(agent, stash):
    found = agent.get(f"/v1/services/{stash['id']}")[1]
    assert found["kind"] == "database"
    assert found["template"]["version"] == "1"
    assert found["template"]["outputs"][0]["variable"] == "STASH_URL"
    newer = {**TEMPLATE, "version": "2"}
    changed = agent.request("PATCH", f"/v1/services/{stash['id']}", {"template": newer})[1]
    assert changed["template"]["version"] == "2"
    assert changed["settings"] == found["settings"]


def test_connections_hide_their_passwords_until_someone_asks_which_is_remembered(agent, stash):
    path = f"/v1/services/{stash['id']}/connections"
    hidden = agent.get(path)[1]
    assert hidden[0] == {"name": "url", "value": "stash://ada:••••••••@db:4000", "is_public": False, "problem": None}
    assert hidden[1]["value"] == ""
    assert hidden[1]["problem"]["what"] == "db cannot be reached from elsewhere"
    assert agent.get(f"{path}?reveal=1")[1][0]["value"] == "stash://ada:p%40ss%20word@db:4000"
    with database(agent.paths) as connection:
        entries = [(each.verb, each.target, each.actor) for each in audit.newest(connection)]
    assert [each[:2] for each in entries if "connections" in each[1]] == [("GET", f"{path}?reveal=1")]
    assert entries[0][2].startswith("ada")


def test_a_service_without_a_template_offers_nothing(agent, project):
    plain = add_service(agent.paths, project.id)
    assert agent.get(f"/v1/services/{plain.id}/connections") == (200, [])
    status, answer = agent.post(f"/v1/services/{plain.id}/rotate")
    assert (status, answer["problem"]["why"]) == (409, "it was not made from a template that says how")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"settings": {"source": {"kind": "git", "url": "https://git.example.com/x"}}}, "settings/source/kind: "),
        ({"template": {**TEMPLATE, "name": "No Name"}}, "template/name: should be"),
        ({"template": {**TEMPLATE, "outputs": [URL, URL]}}, "template/outputs/0/name: should be a name"),
        ({"template": {**TEMPLATE, "outputs": [{**URL, "name": "a.b"}]}}, "template/outputs/0/name: should be letters"),
        ({"template": {**TEMPLATE, "outputs": [{**URL, "port": 70000}]}}, "template/outputs/0/port: should"),
        ({"template": {**TEMPLATE, "outputs": [{**URL, "text": "${X|html}"}]}}, "template/outputs/0/text: should"),
        ({"template": {**TEMPLATE, "rotation": {"variable": "9"}}}, "a name has letters, digits and underscores"),
        ({"template": {**TEMPLATE, "rotation": {"variable": "A", "command": ["\0"]}}}, "template/rotation/command"),
    ],
)  # fmt: skip
def test_a_template_that_could_not_work_is_refused_by_its_path(agent, project, changes, why):
    status, answer = agent.post("/v1/services", body(project, **changes))
    assert status == 400
    assert answer["problem"]["why"].startswith(why)


def test_a_password_of_a_service_that_never_ran_is_only_kept(agent, project):
    rotation = {"variable": "PASSWORD", "command": ["true"], "input": "${new}"}
    made = agent.post("/v1/services", body(project, template={**TEMPLATE, "rotation": rotation}))[1]
    path = f"/v1/services/{made['id']}"
    assert agent.post(f"{path}/rotate", {"value": "another-password"}) == (200, {"dependents": [], "deployments": []})
    assert "another-password" in agent.get(f"{path}/connections?reveal=1")[1][0]["value"]


def test_what_refers_to_a_service_is_named_before_it_goes_and_told_when_it_changes(agent, project, stash):
    web = add_service(agent.paths, project.id)
    put = {"put": [{"name": "STASH_URL", "value": None, "reference": "db.url"}]}
    status, read = agent.request("PATCH", f"/v1/services/{web.id}/variables", put)
    assert (status, read[0]["reference"], read[0]["is_secret"]) == (200, "db.url", True)
    assert agent.get(f"/v1/services/{stash['id']}/removal")[1]["dependents"] == ["web"]
    put = {"put": [{"name": "OTHER", "value": None, "reference": "db.nothing"}]}
    status, answer = agent.request("PATCH", f"/v1/services/{web.id}/variables", put)
    assert (status, answer["problem"]["what"]) == (409, "The variable OTHER has no value")
    assert agent.request("PATCH", f"/v1/services/{stash['id']}", {"name": "store"})[0] == 200
    assert agent.get(f"/v1/services/{web.id}/variables")[1][0]["reference"] == "store.url"
