"""Changing versions, connecting services, and the library of templates."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from godploy_desktop.core import templates
from godploy_desktop.core.templates import Risk, connect, connectable, version_change, version_steps
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import (
    BadInput,
    Conflict,
    ImageSource,
    Limits,
    NotFound,
    ProjectId,
    Service,
    ServiceId,
    ServiceState,
    Variable,
)


def made_from(name, version="", project="p1", service="db"):
    request = templates.render(templates.library().get(name), ProjectId(project), service, version)
    return Service(
        ServiceId(f"id-{service}"), request.project_id, service, request.kind, request.settings, ServiceState.RUNNING,
        "", 1, 1, 1, (), "", datetime.now(UTC), template=request.template,
    )  # fmt: skip


def change(service, version):
    return version_change(templates.library().get(service.template.name), service, version)


def test_a_version_change_names_the_risk_and_changes_nothing_else():
    service = made_from("mariadb", "10.11")
    service = replace(service, settings=replace(service.settings, limits=Limits(memory_bytes=1 << 30)))
    step = change(service, "11.8")
    assert step.change.settings == replace(service.settings, source=ImageSource("mariadb:11.8"))
    assert step.change.template == replace(service.template, version="11.8")
    assert (step.risk, step.is_risky) == (Risk.ONE_WAY, True)
    assert step.warning.startswith("MariaDB 11.8 converts the data of 10.11 when it starts, and 10.11 cannot read it")


def test_a_new_major_version_of_postgres_says_that_it_cannot_read_the_data():
    step = change(made_from("postgres", "16"), "17")
    assert step.risk is Risk.UNREADABLE
    assert step.warning.startswith("PostgreSQL 17 cannot read the data of 16. A new major version does not start")
    assert "pg_dump" in step.warning


@pytest.mark.parametrize(("name", "newer", "older"), [("postgres", "17", "16"), ("redis", "8", "7")])
def test_a_way_back_is_refused_unless_the_template_allows_it(name, newer, older):
    with pytest.raises(Conflict, match=f"cannot go back from .* {newer} to {older}"):
        change(made_from(name, newer), older)


def test_a_template_may_allow_a_way_back(tmp_path):
    text = templates.source_of(templates.library().get("redis"))
    allowed = text.replace("parameters:\n", "downgrades:\n  - {from: 8, to: 7, risk: safe}\n\nparameters:\n", 1)
    (tmp_path / "redis.yaml").write_text(allowed)
    template = templates.read_template(tmp_path / "redis.yaml")
    step = version_change(template, made_from("redis", "8"), "7")
    assert (step.risk, step.warning) == (Risk.SAFE, "")
    assert not step.is_risky


def test_a_version_that_is_offered_no_longer_can_be_left_upwards_only():
    service = made_from("postgres", "16")
    service = replace(service, template=replace(service.template, version="12"))
    assert change(service, "16").risk is Risk.UNREADABLE
    service = replace(service, template=replace(service.template, version="19"))
    with pytest.raises(Conflict):
        change(service, "18")


def test_a_version_that_did_not_become_healthy_can_be_taken_back():
    service = made_from("postgres", "17")  # what the settings say since the change
    service = replace(service, serving_image="postgres:16")  # what goes on serving, because 17 could not read its data
    assert templates.serving_version(templates.library().get("postgres"), service) == "16"
    back = change(service, "16")
    assert back.change.settings.source == ImageSource("postgres:16")
    assert (back.risk, back.warning) == (Risk.SAFE, "PostgreSQL 16 is what runs: nothing changes.")
    assert change(service, "18").warning.startswith("PostgreSQL 18 cannot read the data of 16.")
    steps = version_steps(templates.library().get("postgres"), "17", "16")
    assert [(each.version, each.is_refused) for each in steps] == [("18", False), ("16", False)]


def test_a_change_to_nothing_new_or_of_something_else_is_refused():
    with pytest.raises(BadInput, match="is Redis 7 already"):
        change(made_from("redis", "7"), "7")
    with pytest.raises(NotFound, match="There is no Redis 6"):
        change(made_from("redis", "7"), "6")
    with pytest.raises(BadInput, match="was not made from the template valkey"):
        version_change(templates.library().get("valkey"), made_from("redis"), "8")
    with pytest.raises(BadInput, match="was not made from the template redis"):
        version_change(templates.library().get("redis"), replace(made_from("redis"), template=None), "8")


def test_all_steps_can_be_listed_with_what_they_mean():
    steps = version_steps(templates.library().get("mariadb"), "11.4")
    assert [(each.version, each.is_refused) for each in steps] == [("11.8", False), ("10.11", True)]


def test_connecting_gives_the_usual_variable_a_reference():
    database, application = made_from("postgres"), replace(made_from("redis", service="web"), template=None)
    assert connect(application, database).put == (Variable("DATABASE_URL", None, True, reference="db.url"),)
    named = connect(application, database, "password", "DB_SECRET").put
    assert named == (Variable("DB_SECRET", None, True, reference="db.password"),)
    assert [each.name for each in connectable(database)] == ["url", "host", "user", "password", "database"]


def test_what_cannot_be_connected_says_why():
    database, application = made_from("postgres"), made_from("redis", service="web")
    with pytest.raises(BadInput, match="db offers no “public-url”: it offers url, host"):
        connect(application, database, "public-url")
    with pytest.raises(Conflict, match="different projects"):
        connect(made_from("redis", project="p2", service="web"), database)
    with pytest.raises(Conflict, match="cannot be connected to itself"):
        connect(database, database)
    with pytest.raises(BadInput, match="offers nothing to connect to"):
        connect(database, replace(application, template=None))


def test_an_output_without_a_usual_variable_gets_one_of_both_names():
    database = made_from("clickhouse", service="my-db")
    native = next(each for each in connectable(database) if each.name == "native-url")
    assert templates.suggested_variable(database, native) == "MY_DB_NATIVE_URL"


@pytest.fixture
def folders(tmp_path):
    made = Folders.of({"GODPLOY_HOME": str(tmp_path / "home")})
    made.make()
    templates.own_folder(made).mkdir()
    return made


def own(folders, name, change=lambda text: text, source="redis"):
    path = templates.own_folder(folders) / name
    path.write_text(change(templates.source_of(templates.library().get(source))))
    return path


def test_a_file_of_ones_own_adds_a_template_and_a_copy_takes_the_place_of_the_shipped_one(folders):
    mine = own(folders, "mine.yaml", lambda text: text.replace("name: redis", "name: mine", 1))
    copy = own(folders, "redis.yml", lambda text: text.replace("title: Redis", "title: Our Redis", 1))
    found = templates.library(folders)
    assert found.get("mine").origin == mine
    assert (found.get("redis").title, found.get("redis").origin) == ("Our Redis", copy)
    assert templates.source_of(found.get("redis")) == copy.read_text()
    assert found.get("valkey").origin is None


def test_a_broken_file_is_named_and_hides_no_other(folders):
    path = own(folders, "a.yaml", lambda text: text.replace("- data:/data", "- data"))
    (templates.own_folder(folders) / "b.yaml").write_bytes(b"\xff\xfe")
    (templates.own_folder(folders) / "c.yaml").write_text("#" * 300_000)
    (templates.own_folder(folders) / "notes.txt").write_text("not a template")
    found = templates.library(folders)
    assert [each.path.name for each in found.broken] == ["a.yaml", "b.yaml", "c.yaml"]
    assert found.broken[0].path == path
    assert found.broken[0].problem.why.startswith('services/db/volumes/0: should be "name:/path" (line ')
    assert "UTF-8" in found.broken[1].problem.why
    assert "256 KiB" in found.broken[2].problem.why
    assert found.get("redis").origin is None


def test_two_files_of_one_name_are_a_mistake(folders):
    own(folders, "a.yaml")
    own(folders, "b.yaml")
    found = templates.library(folders)
    assert found.get("redis").origin.name == "a.yaml"
    assert [each.path.name for each in found.broken] == ["b.yaml"]


def test_a_search_finds_by_the_beginnings_of_names_and_keywords():
    found = templates.library()
    names = lambda words: [each.name for each in found.matching(words)]  # noqa: E731  reads as a question
    assert names("post") == ["postgres"]
    assert names("CACHE") == ["redis", "valkey"]
    assert names("sql relational") == ["mariadb", "mysql", "postgres"]
    assert names("transactions") == ["postgres"]
    assert names("zeppelin") == []
    assert len(names("")) == len(found.templates)


def test_every_key_of_the_schema_is_explained(request):
    import dataclasses

    from godploy_desktop.core.templates import schema

    text = (request.config.rootpath / "docs" / "templates.md").read_text()
    kinds = [each for each in vars(schema).values() if dataclasses.is_dataclass(each) and each is not schema.Written]
    keys = {field.name.rstrip("_") for kind in kinds for field in dataclasses.fields(kind)} - {"origin"}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
