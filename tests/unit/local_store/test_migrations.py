import pytest
from sqlalchemy import inspect, text

from godploy_desktop.local_store.database import MIGRATIONS, open_engine
from godploy_desktop.local_store.models import Base
from godploy_server.contract import Conflict, NotReady


def version_of(engine):
    with engine.connect() as connection:
        return connection.execute(text("PRAGMA user_version")).scalar_one()


def test_the_migrations_make_exactly_what_the_models_describe(tmp_path):
    engine = open_engine(tmp_path / "desktop.db")
    inspector = inspect(engine)
    assert set(inspector.get_table_names()) == set(Base.metadata.tables)
    for name, table in Base.metadata.tables.items():
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert made == {column.name: column.nullable for column in table.columns}, name
        assert inspector.get_pk_constraint(name)["constrained_columns"] == [each.name for each in table.primary_key]
    engine.dispose()


def test_opening_again_changes_nothing(tmp_path):
    open_engine(tmp_path / "desktop.db").dispose()
    engine = open_engine(tmp_path / "desktop.db")
    assert version_of(engine) == len(MIGRATIONS)
    engine.dispose()


def test_only_the_missing_migrations_run(tmp_path):
    steps = (("CREATE TABLE one (a)",), ("CREATE TABLE two (a)",))
    open_engine(tmp_path / "desktop.db", steps[:1]).dispose()
    engine = open_engine(tmp_path / "desktop.db", steps)
    assert version_of(engine) == 2
    assert set(inspect(engine).get_table_names()) == {"one", "two"}
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path):
    good = (("CREATE TABLE one (a)",),)
    open_engine(tmp_path / "desktop.db", good).dispose()
    with pytest.raises(NotReady):
        open_engine(tmp_path / "desktop.db", (*good, ("CREATE TABLE two (a)", "no sql at all")))
    engine = open_engine(tmp_path / "desktop.db", good)
    assert version_of(engine) == 1
    assert inspect(engine).get_table_names() == ["one"]
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    open_engine(tmp_path / "desktop.db", (("CREATE TABLE one (a)",), ("CREATE TABLE two (a)",))).dispose()
    with pytest.raises(Conflict) as caught:
        open_engine(tmp_path / "desktop.db", (("CREATE TABLE one (a)",),))
    assert "Update Godploy" in caught.value.problem.next_step


def test_a_damaged_file_is_named_with_a_next_step(tmp_path):
    path = tmp_path / "desktop.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(NotReady) as caught:
        open_engine(path)
    assert str(path) in caught.value.problem.why
