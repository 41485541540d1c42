"""What is remembered of deliveries, and for how long."""

from datetime import UTC, datetime

import pytest

from godploy_server.contract import (
    GitSource,
    HookEvent,
    HookHost,
    Notice,
    ServiceKind,
    ServiceSettings,
    SetHook,
    Verdict,
)
from godploy_server.state import hooks, projects, services
from godploy_server.state.database import open_database
from godploy_server.state.paths import Paths
from godploy_server.state.secrets import Secrets


@pytest.fixture
def db(tmp_path):
    paths = Paths(tmp_path / "state", tmp_path / "run")
    paths.prepare()
    connection = open_database(paths.database)
    yield connection
    connection.close()


@pytest.fixture
def service_id(db):
    project = projects.create(db, "shop", "10.210.0.64/26")
    settings = ServiceSettings(GitSource("https://hub.test/shop.git"))
    return services.create(db, project.id, "web", ServiceKind.APPLICATION, settings, "ssh-ed25519 A").id


def push(number, ref="main", **told):
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    return Notice("h", "", f"{number:064x}", received_at, HookEvent.PUSH, ref=ref, commit="c" * 40, **told)


def test_an_old_push_is_known_long_after_it_left_the_list(db, service_id):
    for number in range(hooks.KEPT_DELIVERIES + 5):
        hooks.record(db, service_id, push(number), Verdict.DEPLOYED, "x")
    count = db.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    assert count == hooks.KEPT_DELIVERIES
    assert hooks.was_received(db, service_id, push(0))
    assert not hooks.was_received(db, service_id, push(0, ref="develop"))
    assert not hooks.was_received(db, service_id, push(10_000))


def test_only_what_was_believed_is_known_again(db, service_id):
    hooks.record(db, service_id, push(1), Verdict.REFUSED, "x")
    hooks.record(db, service_id, push(2), Verdict.ANSWERED, "x")
    hooks.record(db, service_id, push(3), Verdict.IGNORED, "x")
    assert [hooks.was_received(db, service_id, push(number)) for number in (1, 2, 3)] == [False, False, True]


def test_refused_deliveries_have_a_place_of_their_own_and_it_is_bounded(db, service_id):
    hooks.record(db, service_id, push(1), Verdict.DEPLOYED, "believed")
    for number in range(hooks.KEPT_REFUSED + 30):
        hooks.record(db, service_id, push(100 + number, refused="x"), Verdict.REFUSED, "x")
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == hooks.KEPT_REFUSED + 1
    listed = hooks.deliveries(db, service_id)
    assert len(listed) == hooks.LISTED_REFUSED + 1
    assert listed[-1].reason == "believed"


def test_a_hook_that_ended_still_says_whose_it_was(db, service_id, tmp_path):
    secrets = Secrets(tmp_path / "secrets.key")
    first = hooks.put(db, secrets, service_id, SetHook(host=HookHost.GITEA))
    second = hooks.put(db, secrets, service_id, SetHook(renews_secret=True))
    assert hooks.former(db, first.id) == service_id
    assert hooks.former(db, second.id) is None
    hooks.delete(db, service_id)
    assert hooks.former(db, second.id) == service_id
    services.delete(db, service_id)
    assert hooks.former(db, first.id) is None
