"""Looking at what no service has yet: folders by their names, repositories by their address. A real agent and git."""

import json
import socket
import subprocess

import pytest

from godploy_server.contract import CONTRACT_VERSION
from tests.unit.agent.conftest import UnixConnection, wait_for
from tests.unit.agent.test_plans import a_repository


def git(folder, *words):
    identity = ["-c", "user.name=Robin", "-c", "user.email=robin@shop.test"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def detected(agent, *names, **more):
    status, answer = agent.post("/v1/builder/detect", {"names": names, **more})
    assert status == 200, answer
    return answer


def looked(agent, url, **more):
    return agent.post("/v1/repositories/look", {"url": url, **more})


def test_a_builder_is_detected_from_names_alone(agent):
    found = detected(agent, "package.json", "src/", "README.md")
    assert (found["builder"]["kind"], found["wants"]) == ("nixpacks", [])
    assert "package.json" in found["reason"]


def test_the_content_of_a_dockerfile_tells_the_port(agent):
    found = detected(agent, "Dockerfile", "package.json")
    assert (found["builder"]["kind"], found["port"], found["wants"]) == ("dockerfile", None, ["Dockerfile"])
    content = "FROM a AS build\nEXPOSE 1\nFROM b\nARG PORT=3000\nEXPOSE 5353/udp $PORT/tcp\n"
    told = detected(agent, "Dockerfile", contents={"Dockerfile": content})
    assert (told["port"], told["wants"]) == (3000, [])


def test_a_folder_of_a_site_is_asked_for_where_nothing_else_fits(agent):
    found = detected(agent, "README.md", "dist/", "docs/")
    assert (found["builder"], found["wants"]) == (None, ["dist/", "docs/"])
    assert "package.json" in found["reason"]
    found = detected(agent, "README.md", "dist/", "docs/", "dist/index.html", "docs/a.md")
    assert (found["builder"]["kind"], found["builder"]["output"]) == ("static", "dist")
    assert detected(agent, "README.md", "dist/", "dist/a.js")["wants"] == []


def test_a_repository_tells_its_branches_tags_files_and_how_it_would_be_built(agent, tmp_path):
    files = {"Dockerfile": "FROM x\nEXPOSE 3000\n", ".env.example": "LOG=info\n", "apps/web/package.json": "{}"}
    url = a_repository(tmp_path / "shop", files)
    for tag in ("v1.9", "v1.10"):
        git(tmp_path / "shop", "tag", "-a", "-m", tag, tag)
    git(tmp_path / "shop", "branch", "develop")
    status, look = looked(agent, url)
    assert status == 200, look
    assert look["default_branch"] == look["branch"] == "main"
    assert look["branches"] == ["main", "develop"]
    assert look["tags"] == ["v1.10", "v1.9"]
    assert sorted(look["names"]) == [".env.example", "Dockerfile", "apps/"]
    assert look["detection"]["builder"]["kind"] == "dockerfile"
    assert (look["detection"]["port"], look["example"]) == (3000, "LOG=info\n")
    assert len(look["commit"]) == 40
    inner = looked(agent, url, branch="develop", root="/apps/web/")[1]
    assert (inner["branch"], inner["names"]) == ("develop", ["package.json"])
    assert inner["detection"]["builder"]["kind"] == "nixpacks"
    assert list((agent.paths.state_dir / "builds").iterdir()) == []


def test_a_site_in_a_folder_is_found_in_a_repository(agent, tmp_path):
    url = a_repository(tmp_path / "docs", {"README.md": "", "site/index.html": "x"})
    assert looked(agent, url)[1]["detection"]["builder"]["output"] == "site"


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"branch": "gone"}, 422, "no branch “gone”"),
        ({"root": "web"}, 404, "no folder “web”"),
        ({"branch": "-x"}, 400, "not a branch"),
    ],
)
def test_what_a_repository_has_not_is_said(agent, tmp_path, more, status, words):
    url = a_repository(tmp_path / "shop", {"README.md": ""})
    got, answer = looked(agent, url, **more)
    assert (got, words in answer["problem"]["what"]) == (status, True), answer


def test_an_empty_repository_says_that_it_is(agent, tmp_path):
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "new.git")], check=True)
    status, answer = looked(agent, f"file://{tmp_path / 'new.git'}")
    assert (status, answer["problem"]["what"]) == (503, "The repository is empty")


def test_one_that_may_not_be_read_says_so_and_leaves_nothing(agent, tmp_path):
    status, answer = looked(agent, f"file://{tmp_path / 'none.git'}")
    assert (status, answer["problem"]["code"]) == (403, "not-allowed"), answer
    assert "may not read" in answer["problem"]["what"]
    assert list((agent.paths.state_dir / "builds").iterdir()) == []


def test_an_address_that_git_must_not_take_is_refused(agent):
    assert looked(agent, "ext::sh -c id")[0] == 400


def test_a_password_in_an_address_is_in_no_answer_and_no_command_line(agent):
    with socket.create_server(("127.0.0.1", 0)) as refusing:
        port = refusing.getsockname()[1]
    status, answer = looked(agent, f"http://robin:hunter2@127.0.0.1:{port}/shop.git")
    assert status >= 400
    assert "hunter2" not in str(answer)


def test_looking_ends_when_nobody_waits_for_it_any_more(agent):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and says nothing
        asking = UnixConnection(agent.paths.agent_socket)
        body = json.dumps({"url": f"http://127.0.0.1:{silent.getsockname()[1]}/shop.git"})
        asking.request("POST", "/v1/repositories/look", body, {"Godploy-Contract": str(CONTRACT_VERSION)})
        silent.settimeout(20)
        connection, _ = silent.accept()
        assert len(list((agent.paths.state_dir / "builds").iterdir())) == 1
        asking.close()
        with connection:
            connection.settimeout(20)
            while connection.recv(4096):  # ends when git is gone
                pass
    wait_for(lambda: not list((agent.paths.state_dir / "builds").iterdir()))
