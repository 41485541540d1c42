import contextlib
import json
import os
import signal
import socket
import stat

import pytest

from godploy_server.access import audit
from godploy_server.agent.server import ROUTER
from godploy_server.contract import CONTRACT_VERSION, AgentInfo, DeploymentState, Snapshot, Trigger, Variable, from_json
from godploy_server.state import deployments, releases
from godploy_server.state.releases import ReleaseSnapshot
from godploy_server.state.secrets import Secrets
from tests.unit.agent.rows import add_project, add_service, database, settings_json


def test_every_row_of_the_contract_has_a_handler():
    from godploy_server.contract import api

    rows = [
        line.split("|")[1].strip()
        for line in api.__doc__.splitlines()
        if line.startswith(("| GET", "| POST", "| DELETE"))
    ]
    served = {(route.method, route.pattern) for route in ROUTER.routes}
    methods = {"GET", "POST", "PATCH", "DELETE"}
    wanted = set()
    for row in rows:
        words = row.replace(",", " ").split()
        path = next(word for word in words if word.startswith("/")).split("[")[0].split("?")[0]
        verbs = [word for word in words if word in methods]
        extra = [word for word in words if word not in methods and not word.startswith("/") and word.isalpha()]
        for verb in verbs:
            wanted.add((verb, path))
        for word in extra:
            wanted.add((verbs[0], f"{path.rsplit('/', 1)[0]}/{word}"))
    assert len(wanted) > 25
    assert wanted <= served


def test_info_tells_what_is_true_without_docker(new_agent):
    agent = new_agent(has_docker=False).start()
    status, body = agent.get("/v1/info")
    info = from_json(AgentInfo, body)
    assert status == 200
    assert info.is_embedded
    assert info.docker_version == ""


def test_another_contract_is_refused_on_everything_but_info(agent):
    for headers in ({"Godploy-Contract": "999"}, {"Godploy-Contract": ""}):
        assert agent.request("GET", "/v1/info", headers=headers)[0] == 200
        status, body = agent.request("GET", "/v1/projects", headers=headers)
        assert (status, body["problem"]["code"]) == (426, "version-mismatch")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("GET", "/v1/projects/../../etc", None, 404),
        ("GET", "/v1/projects?color=red", None, 400),
        ("PATCH", "/v1/settings", {"builds_at_once": 0}, 400),
        ("PATCH", "/v1/settings", {"color": "red"}, 400),
        ("PATCH", "/v1/settings", {"network_pool": "8.8.0.0/16"}, 400),
        ("POST", "/v1/projects", {"name": "Shop!"}, 400),
        ("POST", "/v1/projects", {}, 400),
        ("GET", "/v1/services/unknown", None, 404),
        ("GET", "/v1/deployments/unknown/log", None, 404),
        ("POST", "/v1/services/unknown/start", None, 404),
        ("DELETE", "/v1/domains/unknown", None, 404),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_problem(agent, method, path, body, status):
    found, answer = agent.request(method, path, body)
    assert found == status
    assert set(answer["problem"]) == {"code", "what", "why", "next_step", "subject"}


def test_bytes_that_are_no_http_and_bodies_too_large_are_refused(agent):
    for sent, expected in (
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /v1/info HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 40_000, b"431"),
        (b"POST /v1/projects HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n" + b"y" * 4_300_000, b"413"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(20)
            connection.connect(str(agent.paths.agent_socket))
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(sent)
            assert expected in connection.recv(4096).split(b"\r\n")[0], sent[:60]
    assert agent.answers()


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"name": "a", "name": "b"}', b"\xff", b'{"name": NaN}'])
def test_bodies_that_are_no_plain_json_are_refused(agent, body):
    import http.client

    from tests.unit.agent.conftest import UnixConnection

    connection: http.client.HTTPConnection = UnixConnection(agent.paths.agent_socket)
    connection.request("POST", "/v1/projects", body, {"Godploy-Contract": str(CONTRACT_VERSION)})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["problem"]["code"]) == (400, "bad-input")
    connection.close()


def test_one_connection_carries_many_requests(agent):
    from tests.unit.agent.conftest import UnixConnection

    connection = UnixConnection(agent.paths.agent_socket)
    sockets = set()
    for _ in range(5):
        connection.request("GET", "/v1/projects", headers={"Godploy-Contract": str(CONTRACT_VERSION)})
        assert json.loads(connection.getresponse().read()) == []
        sockets.add(connection.sock.fileno())
    assert len(sockets) == 1
    connection.close()


def test_settings_change_and_are_told(agent):
    events = agent.events()
    snapshot = from_json(Snapshot, events.next())
    assert snapshot.settings.builds_at_once == 1
    assert agent.request("PATCH", "/v1/settings", {"builds_at_once": 3})[1]["builds_at_once"] == 3
    assert events.next("settings")["settings"]["builds_at_once"] == 3
    events.close()


def test_a_service_is_made_changed_and_told(agent):
    project = add_project(agent.paths)
    events = agent.events()
    assert [each["name"] for each in events.next()["projects"]] == ["shop"]
    status, service = agent.post(
        "/v1/services",
        {
            "project_id": project.id,
            "name": "web",
            "settings": settings_json(),
            "variables": [{"name": "TOKEN", "value": "s3cret", "is_secret": True}, {"name": "MODE", "value": "fast"}],
        },
    )
    assert status == 201
    assert service["deploy_key"].startswith("ssh-ed25519 ")
    assert events.next("service")["service"]["name"] == "web"
    key = agent.paths.deploy_key(service["id"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    read = agent.get(f"/v1/services/{service['id']}/variables")[1]
    assert [from_json(Variable, each) for each in read] == [
        Variable("MODE", "fast"),
        Variable("TOKEN", None, is_secret=True),
    ]
    changed = agent.request("PATCH", f"/v1/services/{service['id']}", {"settings": settings_json(replicas=3)})[1]
    assert changed["settings"]["replicas"] == 3
    while events.next("service")["service"]["settings"]["replicas"] != 3:
        pass  # its state may have been told again before the change
    assert agent.post("/v1/services", {"project_id": project.id, "name": "web", "settings": settings_json()})[0] == 409
    assert len(list((agent.paths.state_dir / "keys").iterdir())) == 1
    events.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"source": {"kind": "git", "url": "--upload-pack=touch /tmp/x"}},
        {"source": {"kind": "git", "url": "ext::sh -c id"}},
        {"source": {"kind": "git", "url": "ssh://-oProxyCommand=id/x", "branch": "--evil"}},
        {"source": {"kind": "git", "url": "https://a/b.git", "root": "../.."}},
        {"source": {"kind": "git", "url": "https://ada:hunter2@a/b.git"}},
        {"source": {"kind": "git", "url": "https://hunter2@a/b.git"}},
        {"source": {"kind": "git", "url": "ssh://git:hunter2@a/b.git"}},
        {"source": {"kind": "git", "url": "-x@a:b"}},
        {"source": {"kind": "git", "url": "https://a/\x1b[2J"}},
        {"source": {"kind": "git", "url": "https://a/b.git", "root": "a\nb"}},
        {"source": {"kind": "git", "url": "ssh://git@a/\ud800"}},
        {"source": {"kind": "image", "image": "nginx; id"}},
        {"builder": {"kind": "dockerfile", "arguments": {"LD_PRELOAD": "evil.so"}}},
        {"builder": {"kind": "dockerfile", "arguments": {"PATH": "/tmp"}}},
        {"builder": {"kind": "dockerfile", "arguments": {"MIRROR": "a\0b"}}},
        {"builder": {"kind": "dockerfile", "target": "--push"}},
        {"builder": {"kind": "dockerfile", "path": "../Dockerfile"}},
        {"command": ["a\0b"]},
        {"builder": {"kind": "dockerfile", "path": "/etc/passwd"}},
        {"port": 70000},
        {"replicas": 0},
        {"health": {"path": "health"}},
        {"limits": {"memory_bytes": 5}},
        {"rollout": {"drain_s": -1}},
    ],
)
def test_settings_that_could_harm_or_cannot_work_are_refused(agent, changes):
    project = add_project(agent.paths)
    body = {"project_id": project.id, "name": "web", "settings": settings_json(**changes)}
    status, answer = agent.post("/v1/services", body)
    assert (status, answer["problem"]["code"]) == (400, "bad-input")
    assert "hunter2" not in json.dumps(answer)
    assert agent.get("/v1/services")[1] == []


def test_an_actor_may_have_any_name_and_every_change_is_audited(agent):
    name = "Åda\x1b Lovelace".replace("\x1b", "")
    agent.request("PATCH", "/v1/settings", {"builds_at_once": 2}, {"Godploy-Actor": name.encode()})
    agent.get("/v1/settings")
    with database(agent.paths) as connection:
        entries = audit.newest(connection)
    assert [(each.verb, each.target) for each in entries] == [("PATCH", "/v1/settings")]
    assert entries[0].actor == f"{name} (uid {os.getuid()})"


def test_the_socket_is_closed_to_others_and_a_second_agent_is_refused(agent, new_agent):
    assert stat.S_IMODE(agent.paths.agent_socket.stat().st_mode) == 0o600
    second = new_agent()
    with pytest.raises(AssertionError, match="another one works"):
        second.start_beside()
    assert agent.answers()


def test_sigterm_ends_streams_and_removes_the_socket(agent):
    events = agent.events()
    events.next()
    process = agent.process
    agent.process.send_signal(signal.SIGTERM)
    assert events.is_over()
    assert process.wait(20) == 0
    assert not agent.paths.agent_socket.exists()
    events.close()


def test_an_embedded_agent_ends_when_it_is_told_to(agent):
    assert agent.post("/v1/shutdown") == (200, {"containers": [], "networks": []})
    assert agent.process.wait(20) == 0


def test_a_killed_agent_leaves_a_socket_that_the_next_one_replaces(agent):
    service = add_service(agent.paths, add_project(agent.paths).id)
    agent.stop(signal.SIGKILL)
    assert agent.paths.agent_socket.exists()
    agent.start()
    assert [each["id"] for each in agent.get("/v1/services")[1]] == [service.id]
    assert agent.get("/v1/services")[1][0]["state"] in ("unknown", "never-deployed")


def test_a_service_without_docker_is_unknown(new_agent):
    agent = new_agent(has_docker=False).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    assert agent.get(f"/v1/services/{service.id}")[1]["state"] == "unknown"
    status, answer = agent.get(f"/v1/services/{service.id}/logs")
    assert (status, answer["problem"]["code"]) == (503, "not-ready")


def test_load_is_followed(agent):
    connection, answer = agent.stream("/v1/metrics?follow=1")
    samples = [json.loads(answer.readline()) for _ in range(2)]
    assert samples[0]["at"] < samples[1]["at"]
    assert samples[0]["memory_total_bytes"] > samples[0]["memory_used_bytes"] > 0
    connection.close()


def test_dial_carries_requests_where_sockets_cannot_be_forwarded(agent):
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "godploy_server", "dial", str(agent.paths.agent_socket)],
        input=b"GET /v1/info HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(b"HTTP/1.1 200")
    assert b'"is_embedded":true' in done.stdout


def test_a_rollback_says_in_the_history_what_it_goes_back_to(agent):
    service = add_service(agent.paths, add_project(agent.paths).id)
    secrets = Secrets(agent.paths.secrets_key)
    with database(agent.paths) as connection:
        for number in (1, 2):
            made = deployments.enqueue(connection, service.id, Trigger.PUSH, "ada").deployment
            deployments.set_commit(connection, made.id, "c" * 40, f"Change {number}", "Ada")
            deployments.finish(connection, made.id, DeploymentState.SUCCEEDED)
            snapshot = ReleaseSnapshot(service.settings, {}, 1)
            releases.create(
                connection, secrets, service.id, made.id, "i", "sha256:1", "c" * 40, f"Change {number}", snapshot
            )
            releases.set_serving(connection, service.id, number)
    assert agent.post(f"/v1/services/{service.id}/rollback", {"release": 2})[0] == 409
    assert agent.post(f"/v1/services/{service.id}/rollback", {"release": 9})[0] == 404
    status, deployment = agent.post(f"/v1/services/{service.id}/rollback", {"release": 1})
    assert status == 201
    assert (deployment["trigger"], deployment["release"], deployment["asked_by"]) == ("rollback", 1, "ada")
    assert (deployment["commit_message"], deployment["commit_author"]) == ("Change 1", "Ada")


def test_an_address_with_a_user_alone_is_no_secret(agent):
    project = add_project(agent.paths)
    for name, url in (
        ("a", "ssh://git@hub.test/a.git"),
        ("b", "git@hub.test:a.git"),
        ("c", "https://hub.test/a@b.git"),
    ):
        settings = settings_json(source={"kind": "git", "url": url})
        assert agent.post("/v1/services", {"project_id": project.id, "name": name, "settings": settings})[0] == 201


def test_who_asked_is_kept_without_what_a_terminal_would_obey(agent):
    service = add_service(agent.paths, add_project(agent.paths).id)
    asked = agent.post(f"/v1/services/{service.id}/deployments", {"asked_by": "\x1b[2Jada\n" + "x" * 200})[1]
    assert asked["asked_by"] == "[2Jada" + "x" * 94
    assert agent.until_final(asked["id"])["state"] == "failed"


def test_numbers_that_no_row_can_hold_are_refused(agent):
    service = add_service(agent.paths, add_project(agent.paths).id)
    assert agent.post(f"/v1/services/{service.id}/rollback", {"release": 2**63})[0] == 400


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("a.test`) || Host(`b.test", "/"),
        ("a.test", "/`) || PathPrefix(`/"),
        ("a.test\n", "/\n"),
        ("a.test", "/a b"),
        ("*.test", "/"),
    ],
)
def test_a_domain_cannot_carry_a_rule_of_its_own(agent, host, path):
    service = add_service(agent.paths, add_project(agent.paths).id)
    status, answer = agent.post(f"/v1/services/{service.id}/domains", {"host": host, "path": path})
    assert (status, answer["problem"]["code"]) == (400, "bad-input")


def test_a_log_is_read_by_the_id_of_a_deployment_only(agent):
    agent.paths.log("x").with_suffix(".txt").write_text("private")
    for bad in ("..%2f..%2fsecrets.key", "..%2fgodploy.db", "x", "%2e%2e"):
        assert agent.get(f"/v1/deployments/{bad}/log?follow=0")[0] == 404
