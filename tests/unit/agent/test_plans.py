"""Asking how a source would be built: a real agent, a real repository, and nothing built."""

import subprocess

from tests.unit.agent.rows import add_project


def a_repository(folder, files):
    folder.mkdir()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    identity = ["-c", "user.name=Robin", "-c", "user.email=robin@shop.test"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return f"file://{folder}"


def a_service(agent, source):
    body = {"project_id": add_project(agent.paths).id, "name": "web", "settings": {"source": {"kind": "git", **source}}}
    status, service = agent.post("/v1/services", body)
    assert status == 201, service
    return service["id"]


def test_a_plan_tells_the_builder_and_why_and_leaves_nothing(agent, tmp_path):
    url = a_repository(tmp_path / "shop", {"apps/web/Dockerfile": "FROM x\nARG A\n", "README.md": ""})
    service_id = a_service(agent, {"url": url, "root": "apps/web"})
    status, plan = agent.post(f"/v1/services/{service_id}/plan")
    assert status == 200, plan
    assert plan["builder"] == "dockerfile"
    assert "Dockerfile" in plan["reason"]
    assert list((agent.paths.state_dir / "builds").iterdir()) == []
    assert agent.get(f"/v1/services/{service_id}/deployments")[1] == []


def test_a_plan_that_cannot_be_made_says_why(agent, tmp_path):
    service_id = a_service(agent, {"url": a_repository(tmp_path / "shop", {"README.md": ""})})
    status, answer = agent.post(f"/v1/services/{service_id}/plan")
    assert status == 422
    assert "No builder fits" in answer["problem"]["what"]
    assert "package.json" in answer["problem"]["why"]
    status, answer = agent.post("/v1/services/none/plan")
    assert status == 404
