"""Logins at registries: sealed in the database, in the environment of builds, and nowhere on a disk."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from godploy_server.contract import BadInput, NotAllowed, SetRegistry, Unreachable
from godploy_server.deploy.registry_logins import LOGINS_VARIABLE, build_environment, pull_login, set_registry
from godploy_server.runtime.docker_client import DockerClient
from godploy_server.runtime.engine import Engine
from godploy_server.state import registries
from tests.unit.deploy.conftest import has_images, run

PASSWORD = "correct-horse-battery"


@pytest.fixture
def logins(engine: Engine) -> Engine:
    registries.put(engine.connection, engine.secrets, "registry.test:5000", "ada", PASSWORD)
    registries.put(engine.connection, engine.secrets, "docker.io", "bob", "hub-token")
    return engine


def ask_helper(environment: dict[str, str], verb: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker-credential-godploy", verb],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_helper_gives_the_login_of_the_registry_that_is_asked_for(logins: Engine) -> None:
    environment = build_environment(logins)
    told = json.loads(ask_helper(environment, "get", "registry.test:5000\n").stdout)
    assert told == {"ServerURL": "registry.test:5000", "Username": "ada", "Secret": PASSWORD}
    hub = json.loads(ask_helper(environment, "get", "https://index.docker.io/v1/").stdout)
    assert (hub["Username"], hub["Secret"]) == ("bob", "hub-token")
    assert json.loads(ask_helper(environment, "list", "").stdout)["registry.test:5000"] == "ada"


def test_the_helper_knows_no_other_registry_and_keeps_nothing(logins: Engine) -> None:
    environment = build_environment(logins)
    other = ask_helper(environment, "get", "evil.test")
    assert other.returncode == 1
    assert "credentials not found" in other.stdout
    assert ask_helper(environment, "store", "{}").returncode == 1
    without = ask_helper({**environment, LOGINS_VARIABLE: ""}, "get", "registry.test:5000")
    assert without.returncode == 1


def test_no_password_is_in_any_file(logins: Engine) -> None:
    environment = build_environment(logins)
    configuration = json.loads((Path(environment["DOCKER_CONFIG"]) / "config.json").read_text())
    assert set(configuration["credHelpers"]) == {"registry.test:5000", "https://index.docker.io/v1/"}
    for file in logins.paths.state_dir.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file
    assert PASSWORD not in repr(pull_login(logins, "registry.test:5000/a"))


@pytest.mark.lab
def test_the_real_docker_command_asks_the_helper(logins: Engine) -> None:
    if not has_images("python:3.12-slim"):
        pytest.skip("needs a Docker (python -m tests.lab up --local-images)")
    environment = {**os.environ, **build_environment(logins)}
    asked = logins.paths.state_dir / "asked"
    helper = Path(environment["DOCKER_CONFIG"]) / "docker-credential-godploy"
    ours = helper.read_text()
    helper.write_text(ours.replace("import json", f"open({str(asked)!r}, 'a').write('asked')\nimport json", 1))
    pull = ["docker", "pull", "registry.test:5000/shop"]
    assert subprocess.run(pull, env=environment, capture_output=True, check=False).returncode != 0
    assert asked.exists()
    build_environment(logins)
    assert helper.read_text() == ours, "a helper that was changed is put right"


def test_without_logins_builds_keep_their_own_configuration(engine: Engine) -> None:
    assert build_environment(engine) == {}
    assert pull_login(engine, "registry.test/a") is None


def test_a_pull_gets_the_login_of_its_own_registry_alone(logins: Engine) -> None:
    assert pull_login(logins, "registry.test/a") is None
    login = pull_login(logins, "registry.test:5000/a:1")
    assert login is not None
    assert login.user == "ada"
    hub = pull_login(logins, "nginx")
    assert hub is not None
    assert hub.user == "bob"


def test_a_login_takes_the_place_of_the_one_before(logins: Engine) -> None:
    before = registries.every(logins.connection)
    changed = registries.put(logins.connection, logins.secrets, "docker.io", "eve", "other")
    after = registries.every(logins.connection)
    assert [each.id for each in after] == [each.id for each in before]
    assert registries.password(logins.connection, logins.secrets, changed) == "other"


@pytest.mark.parametrize(
    ("host", "user", "password"), [("a b", "ada", "x"), ("ghcr.io", "", "x"), ("ghcr.io", "ada", "")]
)
def test_a_login_that_is_none_is_refused(engine: Engine, host: str, user: str, password: str) -> None:
    with pytest.raises(BadInput):
        run(set_registry(engine, SetRegistry(host, user, password)))


class Answering(DockerClient):
    """A Docker that passes on what a registry said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__()
        self.answer = (status, said)

    async def request(self, *arguments: object, **options: object) -> object:
        from godploy_server.runtime.docker_client import DockerRefused

        status, said = self.answer
        raise DockerRefused("Docker refused POST /auth", said, "", status)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "unauthorized: incorrect username or password", NotAllowed),
        (500, "Get https://registry.test/v2/: unauthorized: authentication required", NotAllowed),
        (500, "Get https://registry.test/v2/: dial tcp: connect: connection refused", Unreachable),
        (500, "x509: certificate signed by unknown authority", Unreachable),
    ],
)
def test_a_refused_login_is_not_kept_and_says_why(tmp_path: Path, status: int, said: str, kind: type) -> None:
    from godploy_server.state.paths import Paths

    paths = Paths(tmp_path / "s", tmp_path / "r")
    paths.prepare()
    engine = Engine.open(paths, Answering(status, said))
    try:
        with pytest.raises(kind) as raised:
            run(set_registry(engine, SetRegistry("registry.test", "ada", PASSWORD)))
        assert said in raised.value.problem.why
        assert PASSWORD not in str(raised.value)
        assert registries.every(engine.connection) == []
    finally:
        engine.close()
