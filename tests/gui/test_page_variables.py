"""Variables: who sees them, what comes from another service, connecting to a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.ui.models.references import (
    free_name,
    is_resolved,
    provider_words,
    providers,
    reference_words,
    referring,
)
from godploy_desktop.ui.models.variable_edits import Draft, Scope, build_hint, change_of, is_empty, scope_of
from godploy_server.contract import BadInput, Conflict, SetVariables, Variable
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.scenes import API, DB
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

REFERENCE = Variable("DATABASE_URL", None, is_secret=True, reference="db.url")


@pytest.fixture
def story(qapp, tmp_path):
    def run(route, plot, *, variables=databases.VARIABLES, snapshot=None):
        def make():
            server = recorded_server(1, "fra-1", snapshot or databases.server_with_databases())
            server.agent.kept_variables = variables
            return recorded_workspace(tmp_path, server)

        tell(qapp, tmp_path, route, plot, make)

    return run


def drafts_of(variables):
    return [Draft(each.name, each.value, each.is_secret, scope_of(each), each.reference) for each in variables]


held_variables = st.lists(
    st.tuples(st.text("AB", min_size=1, max_size=3), st.booleans(), st.booleans(), st.sampled_from(("", "db.url"))),
    max_size=5,
    unique_by=lambda each: each[0],
).map(
    lambda found: tuple(
        Variable(name, None if hide or reference else "x", hide or bool(reference), at_build, True, reference)
        for name, hide, at_build, reference in found
    )
)


@given(held_variables)
def test_references_and_scopes_nobody_touched_are_not_sent(held):
    assert is_empty(change_of(held, drafts_of(held)))


def test_another_scope_is_sent_and_a_secret_keeps_its_value():
    held = (Variable("TOKEN", None, is_secret=True),)
    change = change_of(held, [Draft("TOKEN", None, is_secret=True, scope=Scope.BUILD)])
    assert change == SetVariables((Variable("TOKEN", None, is_secret=True, at_build=True, at_run=False),))


def test_a_value_typed_in_place_of_a_reference_is_needed():
    with pytest.raises(BadInput):
        change_of((REFERENCE,), [Draft("DATABASE_URL", None, is_secret=True)])
    typed = change_of((REFERENCE,), [Draft("DATABASE_URL", "postgresql://elsewhere", is_secret=True)])
    assert typed.put == (Variable("DATABASE_URL", "postgresql://elsewhere", is_secret=True),)


def test_what_would_steer_the_build_is_refused_only_where_the_build_sees_it():
    with pytest.raises(BadInput):
        change_of((), [Draft("DOCKER_HOST", "x", is_secret=False, scope=Scope.BOTH)])
    assert change_of((), [Draft("DOCKER_HOST", "x", is_secret=False)]).put


def test_a_build_secret_says_how_a_dockerfile_reads_it():
    assert "id=NPM_TOKEN" in build_hint(Draft("NPM_TOKEN", None, is_secret=True, scope=Scope.BUILD))
    assert build_hint(Draft("NPM_TOKEN", None, is_secret=True)) == ""
    assert build_hint(Draft("NODE_ENV", "x", is_secret=False, scope=Scope.BUILD)) == ""


def test_only_services_of_the_same_project_that_offer_something_can_be_referred_to():
    everything = databases.server_with_databases().services
    found = providers(everything, snapshots.API)
    assert [each.name for each in found] == ["db", "queue"]
    assert [each.name for each in providers(everything, databases.DB)] == ["queue"]
    assert providers(everything, snapshots.BILLING) == []
    assert is_resolved("db.url", found)
    assert not is_resolved("db.nothing", found)
    assert not is_resolved("gone.url", found)


def test_names_for_an_output_are_never_taken_twice():
    url = databases.POSTGRES.outputs[0]
    assert free_name(databases.DB, url, ()) == "DATABASE_URL"
    assert free_name(databases.DB, url, ("DATABASE_URL",)) == "DB_DATABASE_URL"
    assert free_name(databases.DB, url, ("DATABASE_URL", "DB_DATABASE_URL")) == "DB_DATABASE_URL_2"
    assert provider_words(databases.DB) == "db · PostgreSQL 16"


def test_references_read_as_what_they_come_from():
    assert reference_words("db.url") == "from db: url"
    assert referring(databases.VARIABLES) == ("db",)


def test_a_reference_is_shown_as_where_it_comes_from_and_cannot_be_typed_over(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-DATABASE_URL"))
        value = page.find("variable-value-DATABASE_URL")
        assert value.text() == "from db: url"
        assert value.isReadOnly()
        assert not page.find("variable-secret-DATABASE_URL").isEnabled()
        assert not page.find("save-variables").isEnabled()

    story(API.on("variables"), plot)


def test_a_reference_to_something_that_is_gone_says_so(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-OLD_URL"))
        assert page.find("variable-value-OLD_URL").text() == "from old: url — missing"
        assert "No service of this project gives this value" in page.words()

    story(API.on("variables"), plot, variables=(Variable("OLD_URL", None, is_secret=True, reference="old.url"),))


def test_the_scope_of_a_variable_is_saved(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-scope-LOG_LEVEL"))
        page.find("variable-scope-LOG_LEVEL").choose("both")
        await page.press("save-variables")
        assert page.agent.asked[-1][2].put == (Variable("LOG_LEVEL", "info", at_build=True),)

    story(API.on("variables"), plot)


def test_picking_a_database_makes_a_variable_that_refers_to_it(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connect-a-database"))
        await page.press("connect-a-database")
        await page.until(lambda: "postgresql://app:••••••••@db:5432/app" in page.words())
        assert page.find("connect-variable").text() == "DATABASE_URL"
        await page.press("connect-service")
        await page.until(lambda: page.dialog is None)
        assert page.agent.asked[-1][2].put == (REFERENCE,)
        assert page.find("variable-value-DATABASE_URL").text() == "from db: url"
        assert page.is_shown("deploy-to-apply")

    story(API.on("variables"), plot, variables=(Variable("LOG_LEVEL", "info"),))


def test_connecting_leaves_what_else_was_typed(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-LOG_LEVEL"))
        await page.type("variable-value-LOG_LEVEL", "debug")
        await page.press("connect-a-database")
        await page.press("connect-service")
        await page.until(lambda: page.dialog is None)
        assert page.find("variable-value-LOG_LEVEL").text() == "debug"
        await page.press("save-variables")
        assert page.agent.asked[-1][2] == SetVariables((Variable("LOG_LEVEL", "debug"),))

    story(API.on("variables"), plot, variables=(Variable("LOG_LEVEL", "info"),))


def test_a_refused_connection_stays_in_its_dialog(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connect-a-database"))
        await page.press("connect-a-database")
        page.agent.refuse["set_variables"] = Conflict("db cannot be referred to", "it is being deleted", "Wait")
        await page.press("connect-service")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("connect-service").isEnabled()

    story(API.on("variables"), plot)


def test_without_a_database_the_project_is_offered(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connect-a-database"))
        await page.press("connect-a-database")
        await page.press("open-project")
        assert page.shell.went[-1].page == "project"

    story(API.on("variables"), plot, snapshot=snapshots.first_server())


def test_the_password_of_a_database_is_not_changed_among_its_variables(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-POSTGRES_PASSWORD"))
        assert page.find("variable-value-POSTGRES_PASSWORD").isReadOnly()
        assert not page.find("variable-remove-POSTGRES_PASSWORD").isEnabled()
        assert not page.find("variable-value-POSTGRES_DB").isReadOnly()
        assert "change it with “Rotate password” in the overview" in page.words()
        assert not page.find("save-variables").isEnabled()

    held = (Variable("POSTGRES_DB", "app"), Variable("POSTGRES_PASSWORD", None, is_secret=True))
    story(DB.on("variables"), plot, variables=held)
