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
    Trigger,
    Verdict,
)
from godploy_server.state import deliveries, deployments, hooks, projects, services
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
    for number in range(deliveries.KEPT_DELIVERIES + 5):
        deliveries.record(db, service_id, push(number), Verdict.DEPLOYED, "x")
    count = db.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    assert count == deliveries.KEPT_DELIVERIES
    assert deliveries.was_received(db, service_id, push(0))
    assert not deliveries.was_received(db, service_id, push(0, ref="develop"))
    assert not deliveries.was_received(db, service_id, push(10_000))


def test_only_what_was_believed_is_known_again(db, service_id):
    deliveries.record(db, service_id, push(1), Verdict.REFUSED, "x")
    deliveries.record(db, service_id, push(2), Verdict.ANSWERED, "x")
    deliveries.record(db, service_id, push(3), Verdict.IGNORED, "x")
    assert [deliveries.was_received(db, service_id, push(number)) for number in (1, 2, 3)] == [False, False, True]


def moved(before, after, ref="main"):
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    told = {"ref": ref, "before": before * 40, "commit": after * 40}
    return Notice("h", "", f"{before}{after}" * 32, received_at, HookEvent.PUSH, **told)


@pytest.fixture
def came(db, service_id):
    def write(before, after, verdict=Verdict.DEPLOYED, ref="main"):
        deliveries.record(db, service_id, moved(before, after, ref), verdict, "x")

    return write


def late(db, service_id, before, after, ref="main"):
    return deliveries.newer_push(db, service_id, moved(before, after, ref))[:1]


def test_a_push_that_comes_after_a_later_one_is_late(db, service_id, came):
    came("a", "b")
    came("c", "d")  # b to c failed at the first try, and is sent again
    assert late(db, service_id, "b", "c") == "d"
    assert late(db, service_id, "d", "e") == ""
    assert late(db, service_id, "b", "c", ref="develop") == ""


def test_a_push_that_led_to_a_late_one_is_late_too(db, service_id, came):
    deployments.enqueue(db, service_id, Trigger.MANUAL, "ada", commit="a" * 40)
    came("c", "d", Verdict.IGNORED)
    came("b", "c")
    came("d", "e")
    assert late(db, service_id, "a", "b") == "e"


def test_what_was_only_ignored_makes_nothing_late(db, service_id, came):
    came("a", "b")
    came("c", "d", Verdict.IGNORED)  # its message said [skip ci]: what came before it is to be deployed
    assert late(db, service_id, "b", "c") == ""


def test_a_branch_that_is_moved_back_and_forth_is_not_late(db, service_id, came):
    came("a", "b")
    assert late(db, service_id, "b", "a") == ""
    came("b", "a")
    assert late(db, service_id, "a", "b") == ""
    came("a", "c")
    assert late(db, service_id, "f", "a") == ""  # moved back from a commit that nobody told of


def test_refused_deliveries_have_a_place_of_their_own_and_it_is_bounded(db, service_id):
    deliveries.record(db, service_id, push(1), Verdict.DEPLOYED, "believed")
    for number in range(deliveries.KEPT_REFUSED + 30):
        deliveries.record(db, service_id, push(100 + number, refused="x"), Verdict.REFUSED, "x")
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == deliveries.KEPT_REFUSED + 1
    listed = deliveries.newest(db, service_id)
    assert len(listed) == deliveries.LISTED_REFUSED + 1
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
