import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from godploy_desktop.local_store.early import read_settings
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.store import Store
from godploy_desktop.local_store.values import AuthChoice, ServerProfile
from godploy_server.contract import NotFound


@pytest.fixture
def folders(tmp_path):
    return Folders.of({"GODPLOY_HOME": str(tmp_path)})


@pytest.fixture
def store(folders):
    store = Store.open(folders)
    yield store
    store.close()


WEB = ServerProfile(id=0, name="web-1", host="10.0.0.4", user="debian", port=2222, auth=AuthChoice.PASSWORD)


def test_servers_come_back_as_they_were_in_the_persons_order(store, folders):
    first = store.add_server(WEB)
    second = store.add_server(replace(WEB, name="web-2", port=None, auth=AuthChoice.AUTOMATIC))
    store.save_server(replace(first, position=5))
    store.close()
    again = Store.open(folders)
    assert again.servers() == [second, replace(first, position=5)]
    again.close()


def test_a_removed_server_takes_its_snapshot_along(store):
    server = store.add_server(WEB)
    store.save_snapshot(server, datetime.now(UTC), {"a": 1})
    store.remove_server(server.id)
    assert store.snapshots() == []
    with pytest.raises(NotFound):
        store.remove_server(server.id)


def test_a_snapshot_replaces_the_one_before_and_notes_when_the_server_was_seen(store):
    server = store.add_server(WEB)
    seen = datetime(2026, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    store.save_snapshot(server, seen, {"a": 1})
    store.save_snapshot(replace(server, last_seen_at=seen, agent_version="0.2"), seen, {"a": [2, None, "ü"]})
    (kept,) = store.snapshots()
    assert kept.snapshot == {"a": [2, None, "ü"]}
    assert kept.taken_at == seen
    assert kept.taken_at.utcoffset() == timedelta(0)
    assert store.servers()[0].last_seen_at == seen
    assert store.servers()[0].agent_version == "0.2"


def test_a_snapshot_of_a_server_that_was_removed_meanwhile_is_dropped(store):
    store.save_snapshot(replace(WEB, id=99), datetime.now(UTC), {})
    assert store.snapshots() == []


def test_settings_can_be_read_before_sqlalchemy_is_loaded(store, folders):
    store.set_setting("theme", "dark")
    store.set_setting("window", {"width": 1200, "is_maximised": True})
    store.set_setting("theme", "light")
    assert store.settings() == {"theme": "light", "window": {"width": 1200, "is_maximised": True}}
    assert read_settings(folders.database) == store.settings()


def test_an_absent_or_damaged_database_has_no_early_settings(tmp_path):
    assert read_settings(tmp_path / "nothing.db") == {}
    (tmp_path / "damaged.db").write_bytes(b"not a database" * 100)
    assert read_settings(tmp_path / "damaged.db") == {}


def test_the_database_is_readable_by_its_owner_alone(store, folders):
    assert folders.database.stat().st_mode & 0o777 == 0o600


def test_two_processes_may_use_the_same_file(store, folders):
    other = Store.open(folders)
    other.set_setting("theme", "dark")
    assert store.settings() == {"theme": "dark"}
    with sqlite3.connect(folders.database) as raw:
        assert json.loads(raw.execute("SELECT value FROM settings").fetchone()[0]) == "dark"
    raw.close()
    other.close()
