import os
import signal
import time

from godploy_server.contract import DeploymentState, Trigger
from godploy_server.state import deployments
from godploy_server.state.processes import start_of
from tests.unit.agent.conftest import wait_for
from tests.unit.agent.rows import add_deployment, add_project, add_service, database, settings_json


def job_of(agent, deployment_id):
    with database(agent.paths) as connection:
        return deployments.job_of(connection, deployment_id)


def deploy(agent, service_id):
    status, deployment = agent.post(f"/v1/services/{service_id}/deployments")
    assert status == 201
    return deployment["id"]


def test_a_source_that_does_not_exist_fails_with_its_reason_and_its_log(agent):
    service = add_service(agent.paths, add_project(agent.paths).id)
    events = agent.events()
    events.next()
    deployment_id = deploy(agent, service.id)
    ended = agent.until_final(deployment_id)
    assert ended["state"] == "failed"
    assert ended["asked_by"] == "ada"
    assert [step["step"] for step in ended["steps"]] == ["fetch"]
    assert "nowhere" in ended["problem"]["why"] + ended["problem"]["what"]
    log = agent.get(f"/v1/deployments/{deployment_id}/log?follow=1")[1]
    assert log
    assert agent.get(f"/v1/deployments/{deployment_id}/log?follow=0&offset=5")[1] == log[5:]
    states = []
    while "failed" not in states:
        states.append(events.next("deployment")["deployment"]["state"])
    assert states[0] == "queued"
    events.close()


def test_a_waiting_deployment_is_replaced_by_a_newer_one_and_both_are_history(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    first = deploy(agent, service.id)
    wait_for(lambda: agent.get(f"/v1/deployments/{first}")[1]["state"] == "running")
    second, third = deploy(agent, service.id), deploy(agent, service.id)
    states = [each["state"] for each in agent.get(f"/v1/services/{service.id}/deployments")[1]]
    assert states == ["queued", "superseded", "running"]
    replaced = agent.get(f"/v1/deployments/{second}")[1]
    assert (replaced["branch"], replaced["superseded_by"]) == ("main", 3)
    assert "deployment 3 of the same branch (main)" in replaced["problem"]["why"]
    assert agent.post(f"/v1/deployments/{second}/cancel")[0] == 409
    assert agent.post(f"/v1/deployments/{third}/cancel")[1]["state"] == "cancelled"
    agent.post(f"/v1/deployments/{first}/cancel")
    assert agent.until_final(first)["state"] == "cancelled"


def set_branch(agent, service_id, branch):
    source = {"kind": "git", "url": "file:///nowhere/at/all.git", "branch": branch}
    assert agent.request("PATCH", f"/v1/services/{service_id}", {"settings": settings_json(source=source)})[0] == 200


def test_another_branch_and_a_rollback_wait_beside_and_run_in_the_order_they_were_asked_for(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    first = deploy(agent, service.id)
    wait_for(lambda: agent.get(f"/v1/deployments/{first}")[1]["state"] == "running")
    main = deploy(agent, service.id)
    rollback = add_deployment(agent.paths, service.id, Trigger.ROLLBACK).id
    set_branch(agent, service.id, "next")
    other = deploy(agent, service.id)
    newer = deploy(agent, service.id)
    found = {each["id"]: each for each in agent.get(f"/v1/services/{service.id}/deployments")[1]}
    waiting = [main, rollback, newer]
    assert [found[each]["queue_position"] for each in waiting] == [0, 1, 2]
    assert [found[each]["branch"] for each in waiting] == ["main", "", "next"]
    assert found[other]["superseded_by"] == found[newer]["number"]
    agent.request("PATCH", "/v1/settings", {"builds_at_once": 5})
    assert agent.get(f"/v1/deployments/{main}")[1]["state"] == "queued", "one at a time for each service"
    agent.post(f"/v1/deployments/{first}/cancel")
    wait_for(lambda: agent.get(f"/v1/deployments/{main}")[1]["state"] == "running")
    assert agent.get(f"/v1/deployments/{rollback}")[1]["state"] == "queued"
    assert "next instead of main" in agent.get(f"/v1/deployments/{main}/log?follow=0")[1].decode()
    assert agent.get(f"/v1/deployments/{main}")[1]["branch"] == "next"
    for each in (newer, rollback, main):
        agent.post(f"/v1/deployments/{each}/cancel")
    assert {agent.until_final(each)["state"] for each in (main, newer)} == {"cancelled"}


def test_waiting_deployments_wait_for_docker_instead_of_failing(new_agent):
    agent = new_agent(has_docker=False).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    deployment_id = deploy(agent, service.id)
    for _ in range(2):
        time.sleep(1)
        assert agent.get(f"/v1/deployments/{deployment_id}")[1]["state"] == "queued"
        agent.stop(signal.SIGKILL)
        agent.start()
    agent.docker.start()
    assert agent.until_final(deployment_id)["state"] == "failed"  # there is no such repository
    agent.docker.stop()
    wait_for(lambda: agent.get("/v1/info")[1]["docker_problem"])
    again = deploy(agent, service.id)
    time.sleep(1)
    assert agent.get(f"/v1/deployments/{again}")[1]["queue_position"] == 0
    agent.docker.start()
    assert agent.until_final(again)["state"] == "failed"


def test_what_the_desktop_built_is_handed_over_with_its_log(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    path = f"/v1/services/{service.id}/deployments"
    image_id = f"sha256:{'a' * 64}"
    for wrong in ({"image_id": "shop:latest"}, {"upload": "../x"}, {"image_id": image_id, "upload": "ab12"}):
        status, answer = agent.post(path, wrong)
        assert (status, answer["problem"]["code"]) == (400, "bad-input")
    status, made = agent.post(path, {"image_id": image_id, "build_log": "#1 transferring\r\n#2 done\n"})
    assert status == 201
    wait_for(lambda: agent.get(f"/v1/deployments/{made['id']}")[1]["state"] == "running")
    log = wait_for(lambda: b"fetch" in (said := agent.get(f"/v1/deployments/{made['id']}/log?follow=0")[1]) and said)
    assert log.startswith(b"#1 transferring\r\n#2 done\n== fetch ==\n")
    with database(agent.paths) as connection:
        assert deployments.image_id_of(connection, made["id"]) == image_id
    agent.post(f"/v1/deployments/{made['id']}/cancel")


def test_builds_wait_for_a_free_place_and_for_nothing_else(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    project = add_project(agent.paths)
    ids = [deploy(agent, add_service(agent.paths, project.id, f"s{number}").id) for number in range(3)]
    wait_for(lambda: agent.get(f"/v1/deployments/{ids[0]}")[1]["state"] == "running")
    assert [agent.get(f"/v1/deployments/{each}")[1]["queue_position"] for each in ids] == [None, 0, 1]
    agent.request("PATCH", "/v1/settings", {"builds_at_once": 2})
    wait_for(lambda: agent.get(f"/v1/deployments/{ids[1]}")[1]["state"] == "running")
    assert agent.get(f"/v1/deployments/{ids[2]}")[1]["state"] == "queued"
    for each in reversed(ids):
        agent.post(f"/v1/deployments/{each}/cancel")
    assert [agent.until_final(each)["state"] for each in ids] == ["cancelled"] * 3


def test_a_job_outlives_its_agent_and_is_adopted_by_the_next(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    deployment_id = deploy(agent, service.id)
    job = wait_for(lambda: job_of(agent, deployment_id))
    assert os.getsid(job.pid) == job.pid
    for number in (signal.SIGKILL, signal.SIGTERM):
        agent.stop(number)
        assert start_of(job.pid) == job.started
        agent.start()
        assert agent.get(f"/v1/deployments/{deployment_id}")[1]["state"] == "running"
        assert job_of(agent, deployment_id) == job
    agent.post(f"/v1/deployments/{deployment_id}/cancel")
    assert agent.until_final(deployment_id)["state"] == "cancelled"
    wait_for(lambda: start_of(job.pid) is None)


def test_a_job_that_ignores_its_cancellation_is_ended_all_the_same(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    deployment_id = deploy(agent, service.id)
    job = wait_for(lambda: job_of(agent, deployment_id))
    log = agent.paths.log(deployment_id)
    wait_for(lambda: log.exists() and "== fetch ==" in log.read_text())  # it stands still, and holds no lock
    os.kill(job.pid, signal.SIGSTOP)  # it cannot even hear SIGTERM
    assert agent.post(f"/v1/deployments/{deployment_id}/cancel")[1]["is_cancelling"]
    wait_for(lambda: start_of(job.pid) is None)


def test_a_job_killed_while_no_agent_looked_is_settled_by_the_next(new_agent):
    agent = new_agent({"GODPLOY_PAUSE_AT": "fetch"}).start()
    service = add_service(agent.paths, add_project(agent.paths).id)
    deployment_id = deploy(agent, service.id)
    job = wait_for(lambda: job_of(agent, deployment_id))
    agent.stop(signal.SIGKILL)
    os.killpg(job.pid, signal.SIGKILL)
    wait_for(lambda: start_of(job.pid) is None)
    agent.environment.pop("GODPLOY_PAUSE_AT")
    agent.start()
    row = agent.get(f"/v1/deployments/{deployment_id}")[1]
    assert row["state"] in ("running", "interrupted")  # what needs Docker waits for it; it is never shown as done
    assert deploy(agent, service.id) != deployment_id


def test_deployments_asked_for_while_no_agent_ran_begin_with_the_next(new_agent):
    agent = new_agent()
    deployment = add_deployment(agent.paths, add_service(agent.paths, add_project(agent.paths).id).id)
    agent.start()
    assert agent.until_final(deployment.id)["state"] == "failed"


def test_five_hundred_waiting_deployments_are_listed_and_kept_in_order(tmp_path):
    from godploy_server.state.paths import Paths

    paths = Paths(tmp_path / "s", tmp_path / "r")
    project = add_project(paths)
    ids = []
    with database(paths) as connection:
        from godploy_server.state import services
        from tests.unit.agent.rows import NOWHERE

        for number in range(500):
            from godploy_server.contract import ServiceKind

            row = services.create(connection, project.id, f"s{number}", ServiceKind.APPLICATION, NOWHERE, "")
            ids.append(deployments.enqueue(connection, row.id, Trigger.PUSH, "ada").deployment.id)
        started = time.monotonic()
        waiting = deployments.queued(connection)
        listing = time.monotonic() - started
        assert [each.id for each in waiting] == ids
        assert [each.queue_position for each in waiting] == list(range(500))
        started = time.monotonic()
        deployments.in_state(connection, DeploymentState.RUNNING)
        assert [each.id for each in deployments.runnable(connection, 2)] == ids[:2]
        choosing = time.monotonic() - started
        assert choosing < 20 * listing + 1
