"""A variable may refer to what another service of its project offers; its value is made when it is asked for."""

import pytest

from godploy_server.contract import (
    BadInput,
    Conflict,
    ImageSource,
    Output,
    PublishedPort,
    ServiceKind,
    ServiceSettings,
    TemplateUse,
    Variable,
)
from godploy_server.state import projects, releases, services, variables
from godploy_server.state.database import open_database
from godploy_server.state.paths import Paths
from godploy_server.state.references import HIDDEN, References, dependents, fill, split_reference
from godploy_server.state.secrets import Secrets

URL = Output("url", "db://${USER|url}:${PASSWORD|url}@${host}:${port}/x", 5432, variable="DATABASE_URL")
PUBLIC = Output("public", "db://${USER}@${public_host}:${public_port}", 5432, is_public=True)
NAME_ONLY = Output("name", "${host}")
DATABASE = TemplateUse("stash", "Stash", "1", outputs=(URL, PUBLIC, NAME_ONLY))
SETTINGS = ServiceSettings(ImageSource("stash:1"), port=None)


class Place:
    """One project with a database and what uses it."""

    def __init__(self, folder):
        paths = Paths(folder / "state", folder / "run")
        paths.prepare()
        self.db = open_database(paths.database)
        self.secrets = Secrets(paths.secrets_key)
        self.project = projects.create(self.db, "shop", "10.210.0.64/26")
        self.database = self.service("db", DATABASE)
        self.web = self.service("web")
        self.set("db", Variable("USER", "ada"), Variable("PASSWORD", "p@ss/wörd", is_secret=True))

    def service(self, name, template=None):
        return services.create(self.db, self.project.id, name, ServiceKind.DATABASE, SETTINGS, "", template=template)

    def row(self, name):
        return services.find_named(self.db, self.project.id, name)

    def set(self, service, *put, remove=()):
        variables.change(self.db, self.secrets, self.row(service).id, put, remove)

    def refer(self, service, name, reference, **scope):
        self.set(service, Variable(name, None, is_secret=True, reference=reference, **scope))

    def environment(self, service, at="run"):
        return variables.environment(self.db, self.secrets, self.row(service).id, at)

    def serve(self, service):
        row = self.row(service)
        snapshot = releases.ReleaseSnapshot(SETTINGS, {}, row.config_version)
        made = releases.create(self.db, self.secrets, row.id, "d", "i", "sha256:1", "", "", snapshot)
        releases.set_serving(self.db, row.id, made.number)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.db.close()


def test_a_reference_becomes_the_output_with_the_values_of_now(place):
    place.refer("web", "DATABASE_URL", "db.url")
    assert place.environment("web") == {"DATABASE_URL": "db://ada:p%40ss%2Fw%C3%B6rd@db:5432/x"}
    place.set("db", Variable("PASSWORD", "other", is_secret=True))
    assert place.environment("web") == {"DATABASE_URL": "db://ada:other@db:5432/x"}


def test_a_reference_is_read_back_as_a_secret_without_value(place):
    place.refer("web", "DATABASE_URL", "db.url")
    assert variables.of_service(place.db, place.web.id) == [
        Variable("DATABASE_URL", None, is_secret=True, reference="db.url")
    ]


def test_a_reference_and_a_value_replace_each_other(place):
    place.refer("web", "A", "db.name")
    place.set("web", Variable("A", "plain"))
    assert place.environment("web") == {"A": "plain"}
    place.refer("web", "A", "db.name")
    assert place.environment("web") == {"A": "db"}
    place.set("web", Variable("A", "hidden", is_secret=True))
    assert place.environment("web") == {"A": "hidden"}
    assert variables.of_service(place.db, place.web.id)[0].reference == ""


def test_build_and_program_see_what_is_meant_for_them(place):
    place.set("web", Variable("BOTH", "1", at_build=True), Variable("RUN", "2"))
    place.set("web", Variable("BUILD", "3", is_secret=True, at_build=True, at_run=False))
    place.refer("web", "URL", "db.name", at_build=True, at_run=False)
    assert place.environment("web") == {"BOTH": "1", "RUN": "2"}
    assert place.environment("web", "build") == {"BOTH": "1", "BUILD": "3", "URL": "db"}


def test_a_secret_sent_without_value_may_change_who_sees_it(place):
    place.set("db", Variable("PASSWORD", None, is_secret=True, at_build=True))
    assert place.environment("db", "build") == {"PASSWORD": "p@ss/wörd"}
    assert variables.of_service(place.db, place.database.id)[0].at_build


@pytest.mark.parametrize(
    ("variable", "why"),
    [
        (Variable("A", "x", reference="db.url"), "A has a value and a reference"),
        (Variable("A", None, reference="db"), "“db” is not SERVICE.OUTPUT, such as db.url"),
        (Variable("A", None, reference="DB.url"), "is not SERVICE.OUTPUT"),
        (Variable("A", None), "A has no value"),
        (Variable("A", "x", at_run=False), "A would be seen by nobody"),
        (Variable("DOCKER_HOST", "x", at_build=True), "cannot be the name of a build argument"),
    ],
)
def test_a_variable_that_means_nothing_is_refused(place, variable, why):
    with pytest.raises(BadInput, match=why):
        place.set("web", variable)
    assert place.environment("web") == {}


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("cache.url", "it refers to cache.url, and this project has no service cache"),
        ("web.url", "it refers to web.url, and web offers nothing to refer to"),
        ("db.uri", "it refers to db.uri, and db offers url, name"),
        ("db.public", "db.public is the way in for programs elsewhere"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_when_it_is_set(place, reference, why):
    with pytest.raises(Conflict, match="The variable A has no value") as raised:
        place.refer("web", "A", reference)
    assert raised.value.problem.why == why
    assert variables.of_service(place.db, place.web.id) == []


def test_what_a_reference_leads_to_may_go_and_the_next_deployment_says_so(place):
    place.refer("web", "DATABASE_URL", "db.url")
    place.set("db", remove=["PASSWORD"])
    with pytest.raises(Conflict, match="The variable DATABASE_URL has no value: db has no variable PASSWORD"):
        place.environment("web")
    services.delete(place.db, place.database.id)
    with pytest.raises(Conflict, match="this project has no service db"):
        place.environment("web")


def test_references_follow_each_other_and_never_in_a_circle(place):
    place.service("pool", TemplateUse("pool", "Pool", "1", outputs=(Output("url", "pool+${UPSTREAM}"),)))
    place.refer("pool", "UPSTREAM", "db.url")
    place.refer("web", "URL", "pool.url")
    assert place.environment("web")["URL"] == "pool+db://ada:p%40ss%2Fw%C3%B6rd@db:5432/x"
    with pytest.raises(Conflict, match="in a circle: db/USER → pool/UPSTREAM → db/USER"):
        place.refer("db", "USER", "pool.url")
    with pytest.raises(Conflict, match="in a circle"):
        place.refer("db", "PASSWORD", "db.url")
    assert place.environment("web")["URL"].startswith("pool+db://ada:")


def test_only_what_a_reference_is_made_of_makes_a_deployment_needed(place):
    place.service("job")
    place.refer("web", "URL", "db.url")
    place.refer("job", "HOST", "db.name")
    for name in ("web", "job", "db"):
        place.serve(name)
    place.set("db", Variable("COMMENT", "x"))
    assert not place.row("web").needs_deployment
    place.set("db", Variable("PASSWORD", "new", is_secret=True))
    assert [place.row(name).needs_deployment for name in ("web", "job", "db")] == [True, False, True]


def test_a_password_that_was_changed_in_the_database_needs_a_deployment_of_its_users_alone(place):
    place.refer("web", "URL", "db.url")
    place.serve("web")
    place.serve("db")
    variables.replace_secret(place.db, place.secrets, place.database.id, "PASSWORD", "new")
    assert [place.row(name).needs_deployment for name in ("web", "db")] == [True, False]
    assert place.environment("web") == {"URL": "db://ada:new@db:5432/x"}


def test_dependents_are_found_through_those_in_between(place):
    place.service("pool", TemplateUse("pool", "Pool", "1", outputs=(Output("url", "pool+${UPSTREAM}"),)))
    place.refer("pool", "UPSTREAM", "db.url")
    place.refer("web", "URL", "pool.url")
    assert [each.name for each in dependents(place.db, place.row("db"))] == ["pool", "web"]
    assert [each.name for each in dependents(place.db, place.row("db"), {"PASSWORD"})] == ["pool", "web"]
    assert [each.name for each in dependents(place.db, place.row("db"), {"COMMENT"})] == []
    assert [each.name for each in dependents(place.db, place.row("pool"))] == ["web"]
    assert dependents(place.db, place.row("web")) == []


def test_a_service_of_the_same_name_in_another_project_is_another_one(place):
    elsewhere = projects.create(place.db, "blog", "10.210.0.128/26")
    other = services.create(place.db, elsewhere.id, "web", ServiceKind.IMAGE, SETTINGS, "")
    with pytest.raises(Conflict, match="this project has no service db"):
        variables.change(place.db, place.secrets, other.id, [Variable("A", None, reference="db.url")])
    place.refer("web", "A", "db.url")
    assert [each.id for each in dependents(place.db, place.row("db"))] == [place.web.id]


def test_a_new_name_takes_its_references_along(place):
    place.refer("web", "A", "db.name")
    services.change(place.db, place.database.id, name="store")
    assert variables.of_service(place.db, place.web.id)[0].reference == "store.name"
    assert place.environment("web") == {"A": "store"}


def test_the_secrets_behind_a_reference_are_known_so_that_logs_can_leave_them_out(place):
    place.refer("web", "URL", "db.url")
    place.refer("web", "HOST", "db.name")
    assert variables.secrets_behind(place.db, place.secrets, place.web.id) == {"p@ss/wörd"}
    services.delete(place.db, place.database.id)
    assert variables.secrets_behind(place.db, place.secrets, place.web.id) == set()


def test_without_the_key_secrets_are_dots(place):
    references = References(place.db, None, "203.0.113.7")
    assert references.output(place.row("db"), URL) == f"db://ada:{HIDDEN}@db:5432/x"


def test_the_way_in_from_elsewhere_needs_a_published_port(place):
    references = References(place.db, place.secrets, "203.0.113.7")
    with pytest.raises(Conflict, match="db cannot be reached from elsewhere: port 5432"):
        references.output(place.row("db"), PUBLIC)
    published = ServiceSettings(ImageSource("stash:1"), port=None, published=(PublishedPort(5432, 15432),))
    services.change(place.db, place.database.id, settings=published)
    assert references.output(place.row("db"), PUBLIC) == "db://ada@203.0.113.7:15432"


@pytest.mark.parametrize(
    ("text", "value", "filled"),
    [
        ("'${X|sql}'", r"it's \a", r"'it''s \\a'"),
        ("f(${X|json})", 'a"b\nü', 'f("a\\"b\\n\\u00fc")'),
        ("${X|url}", "a b/ü?", "a%20b%2F%C3%BC%3F"),
        ("${X}${X}", "$", "$$"),
        ("$X ${x ${} ${X|nothing}", "v", "$X ${x ${} ${X|nothing}"),
        ("${X}", "${X}", "${X}"),
    ],
)
def test_placeholders_are_filled_once_each_as_its_filter_says(text, value, filled):
    assert fill(text, lambda name: value) == filled


def test_a_reference_is_a_service_and_an_output():
    assert split_reference("my-db.public-url") == ("my-db", "public-url")
    for wrong in ("db", "db.", ".url", "db.url.x", "Db.url", "db/url", "-db.url"):
        assert split_reference(wrong) is None
