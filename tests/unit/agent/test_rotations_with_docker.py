"""Passwords of a small database on a real Docker: changed, refused, cut off by kills at the worst moments (lab).

The database keeps its password in a file of its volume; changing it wants the one that counts now, as a real one does.
"""

import contextlib
import http.client
import signal
import threading

import pytest

from godploy_server.state import rotations
from godploy_server.state.secrets import Secrets
from tests.unit.agent import test_with_docker
from tests.unit.agent.conftest import wait_for
from tests.unit.agent.rows import database
from tests.unit.agent.test_with_docker import IMAGE, docker

agent = test_with_docker.agent  # the fixture

KEEPS = (
    "trap 'exit 0' TERM; [ -e /data/pw ] || printf %s \"$STASH_PASSWORD\" > /data/pw; while true; do sleep 0.2; done"
)
READS_AT_START = "trap 'exit 0' TERM; printf %s \"$STASH_PASSWORD\" > /data/pw; while true; do sleep 0.2; done"
CHANGE = (
    'read -r old; read -r new; [ "$old" = "$(cat /data/pw)" ] || { echo refused: $old; exit 1; };'
    " [ ! -e /data/slow ] || sleep 3; [ ! -e /data/broken ] || { echo it is read-only; exit 4; };"
    ' printf %s "$new" > /data/pw'
)
IS_HEALTHY = ["sh", "-c", '[ -s /data/pw ] && [ "$STASH_PASSWORD" != makes-it-ill ]']
QUICK = {"drain_s": 0, "settle_s": 1}


class Place:
    """A database `db` and a program `web` that refers to its password, both running."""

    def __init__(self, agent, program, rotation):
        self.agent = agent
        self.project = agent.post("/v1/projects", {"name": "night"})[1]
        outputs = [{"name": "url", "text": "stash://:${STASH_PASSWORD}@${host}"}]
        rotation = {"variable": "STASH_PASSWORD", **rotation}
        self.db = self.create(
            "db",
            {
                "command": ["sh", "-c", program],
                "mounts": [{"source": "data", "target": "/data"}],
                "health": {"command": IS_HEALTHY, "timeout_s": 20, "successes": 1},
                "rollout": {**QUICK, "strategy": "recreate", "stop_grace_s": 5},
            },
            kind="database",
            variables=[{"name": "STASH_PASSWORD", "value": "first-password", "is_secret": True}],
            template={"name": "stash", "title": "Stash", "version": "1", "outputs": outputs, "rotation": rotation},
        )
        web = {"command": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.2; done"], "rollout": QUICK}
        reference = {"name": "URL", "value": None, "is_secret": True, "reference": "db.url"}
        self.web = self.create("web", web, kind="image", variables=[reference])

    def create(self, name, settings, **more):
        whole = {"source": {"kind": "image", "image": IMAGE}, "port": None, **settings}
        body = {"project_id": self.project["id"], "name": name, "settings": whole, **more}
        status, made = self.agent.post("/v1/services", body)
        assert status == 201, made
        ended = self.agent.until_final(self.agent.post(f"/v1/services/{made['id']}/deployments")[1]["id"])
        assert ended["state"] == "succeeded", ended
        return made["id"]

    def rotate(self, **body):
        return self.agent.post(f"/v1/services/{self.db}/rotate", body)

    def inside(self, service, *command):
        label = f"label=godploy.service={service}"
        running = docker("ps", "-q", "--filter", label, "--filter", "status=running").split()
        return docker("exec", running[-1], *command) if running else None

    @property
    def told(self):
        """The password as the agent tells it to who asks to see it."""
        found = self.agent.get(f"/v1/services/{self.db}/connections?reveal=1")[1]
        return found[0]["value"].removeprefix("stash://:").removesuffix("@db")

    @property
    def counts(self):
        """The password that the database takes."""
        return self.inside(self.db, "cat", "/data/pw")

    def is_settled(self, password):
        """Whether the database takes the password, the agent tells it, and the program has it."""
        has = self.inside(self.web, "sh", "-c", 'echo "$URL"')
        return self.counts == password and self.told == password and has == f"stash://:{password}@db"

    def wait_until_quiet(self):
        """Let every deployment end: a job goes on after its agent, and would make containers after the test."""

        def is_quiet():
            found = [self.agent.get(f"/v1/services/{each}/deployments")[1] for each in (self.db, self.web)]
            return {each["state"] for of_one in found for each in of_one} <= {"succeeded", "failed"}

        wait_for(is_quiet, 60)

    def service(self, service):
        return self.agent.get(f"/v1/services/{service}")[1]


BY_COMMAND = {"command": ["sh", "-c", CHANGE], "input": "${STASH_PASSWORD}\n${new}\n"}


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_password_changes_in_the_database_and_in_what_uses_it(agent):
    place = Place(agent, KEEPS, BY_COMMAND)
    assert place.is_settled("first-password")
    hidden = agent.get(f"/v1/services/{place.db}/connections")[1]
    assert hidden[0]["value"] == "stash://:••••••••@db"

    status, rotated = place.rotate()
    assert status == 200, rotated
    assert rotated["dependents"] == ["web"]
    assert place.counts == place.told != "first-password"
    assert len(place.told) == 32
    ended = agent.until_final(rotated["deployments"][0])
    assert (ended["service_id"], ended["state"], ended["trigger"]) == (place.web, "succeeded", "settings")
    assert place.is_settled(place.told)
    assert not place.service(place.db)["needs_deployment"]
    assert not place.service(place.web)["needs_deployment"]

    before = place.told
    place.inside(place.db, "touch", "/data/broken")
    status, answer = place.rotate(value="another-password")
    assert (status, answer["problem"]["code"]) == (422, "rotation-failed")
    assert answer["problem"]["why"] == "it is read-only"
    place.inside(place.db, "rm", "/data/broken")
    assert place.is_settled(before)

    status, rotated = place.rotate(value="without-followers", redeploys=False)
    assert (rotated["dependents"], rotated["deployments"]) == (["web"], [])
    assert place.counts == place.told == "without-followers"
    assert place.service(place.web)["needs_deployment"]

    assert place.rotate(value="short")[0] == 400
    assert agent.post(f"/v1/services/{place.web}/rotate")[0] == 409
    agent.post(f"/v1/services/{place.db}/stop")
    status, answer = place.rotate()
    assert (status, answer["problem"]["why"]) == (409, "it is stopped")
    removal = agent.get(f"/v1/services/{place.db}/removal")[1]
    assert removal["dependents"] == ["web"]


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_kill_loses_no_password_whenever_it_comes(agent):
    place = Place(agent, KEEPS, BY_COMMAND)
    # while the command is under way
    place.inside(place.db, "touch", "/data/slow")
    asking = threading.Thread(target=ask_in_vain, args=(place, "killed-under-way"))
    asking.start()
    wait_for(
        lambda: (
            "read -r old" in (docker("top", docker("ps", "-q", "--filter", f"label=godploy.service={place.db}")) or "")
        )
    )
    agent.stop(signal.SIGKILL)
    asking.join(20)
    agent.start()
    wait_for(lambda: place.is_settled("killed-under-way"), 60)
    place.inside(place.db, "rm", "/data/slow")

    # before the command did anything
    agent.stop(signal.SIGKILL)
    pending(agent, place, old="killed-under-way", new="killed-before-it")
    agent.start()
    wait_for(lambda: place.is_settled("killed-before-it"), 60)

    # after the command, before that was written down
    agent.stop(signal.SIGKILL)
    place.inside(place.db, "sh", "-c", "printf killed-after-it > /data/pw")
    pending(agent, place, old="killed-before-it", new="killed-after-it")
    agent.start()
    wait_for(lambda: place.is_settled("killed-after-it"), 60)

    # while the database does not run, and a person says in the end what counts
    agent.stop(signal.SIGKILL)
    pending(agent, place, old="nobody-knows", new="nobody-knows-it-either")
    agent.start()
    status, answer = place.rotate()
    assert (status, answer["problem"]["what"]) == (409, "An earlier change of this password is not settled yet")
    put = {"put": [{"name": "STASH_PASSWORD", "value": "killed-after-it", "is_secret": True}]}
    assert agent.request("PATCH", f"/v1/services/{place.db}/variables", put)[0] == 200
    assert place.rotate(value="settled-by-a-person")[0] == 200
    wait_for(lambda: place.is_settled("settled-by-a-person"), 60)
    place.wait_until_quiet()


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_password_that_is_read_at_the_start_comes_with_a_deployment(agent):
    place = Place(agent, READS_AT_START, {})
    status, rotated = place.rotate(value="second-password")
    assert status == 200, rotated
    assert rotated["dependents"] == ["web"]
    own = agent.until_final(rotated["deployments"][0])
    assert (own["service_id"], own["state"]) == (place.db, "succeeded")
    wait_for(lambda: place.is_settled("second-password"))
    of_web = agent.get(f"/v1/services/{place.web}/deployments")[1][0]
    assert of_web["trigger"] == "settings"
    assert of_web["created_at"] > own["ended_at"], "what uses the database follows only when it serves"

    # a kill in between: the next agent goes on with what uses it
    rotated = place.rotate(value="third-password")[1]
    agent.stop(signal.SIGKILL)
    agent.start()
    wait_for(lambda: place.is_settled("third-password"), 60)

    # a release that does not become healthy with the new password: the old one serves, and the old one counts
    ended = agent.until_final(place.rotate(value="makes-it-ill")[1]["deployments"][0])
    assert ended["state"] == "failed"
    wait_for(lambda: place.is_settled("third-password"), 60)
    assert place.rotate(value="fourth-password")[0] == 200
    wait_for(lambda: place.is_settled("fourth-password"), 60)
    place.wait_until_quiet()


def ask_in_vain(place, password):
    """Ask for a change whose answer never comes, because the agent is killed."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        place.rotate(value=password)


def pending(agent, place, old, new):
    """What an agent leaves that is killed between writing down a change and completing it."""
    with database(agent.paths) as connection:
        keys = Secrets(agent.paths.secrets_key)
        rotations.begin(connection, keys, place.db, "STASH_PASSWORD", new, old, True, "ada")
