"""From a template and what a person chose to the request that makes the service."""

import re

import pytest

from godploy_desktop.core import templates
from godploy_desktop.core.templates import Generated, Parameter, ParameterType, check_value
from godploy_server.contract import (
    FILTERS,
    PLACE_NAMES,
    PLACEHOLDER,
    BadInput,
    ImageSource,
    Mount,
    NotFound,
    ProjectId,
    PublishedPort,
    ServiceKind,
    Strategy,
    check_name,
    from_json,
    to_json,
)
from godploy_server.contract.requests import CreateService

PROJECT = ProjectId("p1")
SHIPPED = ("clickhouse", "mariadb", "mongodb", "mysql", "postgres", "redis", "valkey")


def shipped(name):
    return templates.library().get(name)


def render(name, **options):
    return templates.render(shipped(name), PROJECT, "db", **options)


def values_of(request):
    return {each.name: each.value for each in request.variables}


def test_every_shipped_template_can_be_used():
    found = templates.library()
    assert found.broken == ()
    assert tuple(each.name for each in found.templates) == SHIPPED
    assert all(each.origin is None for each in found.templates)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_version_of_each_template_renders_to_a_database(name):
    for version in shipped(name).versions:
        request = render(name, version=version.version)
        settings = request.settings
        assert request.kind is ServiceKind.DATABASE
        assert settings.source == ImageSource(version.image)
        assert (settings.port, settings.replicas, settings.published) == (None, 1, ())
        assert settings.rollout.strategy is Strategy.RECREATE
        assert settings.rollout.stop_grace_s >= 30
        assert settings.mounts
        assert settings.health.command
        assert request.template.version == version.version
        assert from_json(CreateService, to_json(request)) == request
        check_name(request.name, "service")


@pytest.mark.parametrize("name", SHIPPED)
def test_no_password_is_anywhere_but_in_secret_variables(name):
    request = render(name)
    secrets = [each.value for each in request.variables if each.is_secret]
    assert secrets
    assert all(re.fullmatch("[A-Za-z0-9]{32}", each) for each in secrets)
    bare = to_json(request)
    bare["variables"] = [each for each in bare["variables"] if not each["is_secret"]]
    assert not [each for each in secrets if each in repr(bare)]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_server_keeps_of_a_template_names_only_what_exists(name):
    request = render(name)
    known = {*values_of(request), *PLACE_NAMES}
    for output in request.template.outputs:
        for placeholder in re.finditer(PLACEHOLDER, output.text):
            assert placeholder[1] in known
            assert placeholder[2] in (None, *FILTERS)
    rotation = request.template.rotation
    secret = {each.name for each in request.variables if each.is_secret}
    assert rotation.variable in secret
    assert not rotation.command or "${new" in rotation.input
    assert not [each for each in rotation.command if "${" in each]
    assert request.template.outputs[0].variable, "the first one is what an application gets who does not choose"


def test_two_services_of_one_template_get_different_passwords():
    assert values_of(render("postgres"))["POSTGRES_PASSWORD"] != values_of(render("postgres"))["POSTGRES_PASSWORD"]


def test_what_a_person_gives_is_filled_in():
    request = render(
        "postgres", version="16", values={"database": "orders", "user": "shop", "password": "hunter2!hunter"}
    )
    assert values_of(request) == {
        "POSTGRES_DB": "orders",
        "POSTGRES_USER": "shop",
        "POSTGRES_PASSWORD": "hunter2!hunter",
        "PGDATA": "/var/lib/postgresql/data/pgdata",
    }
    assert request.settings.mounts == (Mount("data", "/var/lib/postgresql/data"),)


def test_an_empty_value_means_the_default_or_a_generated_one():
    values = values_of(render("postgres", values={"database": "", "password": ""}))
    assert values["POSTGRES_DB"] == "app"
    assert len(values["POSTGRES_PASSWORD"]) == 32


def test_a_command_gets_its_parameters_and_keeps_the_shells_own_dollars():
    command = render("redis", values={"max_memory": "256M", "eviction": "allkeys-lru"}).settings.command
    assert command[:2] == ("sh", "-c")
    lines = command[2].splitlines()
    assert "maxmemory 268435456" in lines
    assert "maxmemory-policy allkeys-lru" in lines
    assert lines[0] == "hash=$(printf %s \"$REDIS_PASSWORD\" | sha256sum | cut -d ' ' -f 1)"
    assert lines[1] == "exec docker-entrypoint.sh redis-server - <<END"


def test_a_public_port_is_there_only_when_it_is_asked_for():
    assert render("mariadb").settings.published == ()
    assert render("mariadb", public_port=13306).settings.published == (PublishedPort(3306, 13306),)


def test_what_cannot_be_used_is_refused_by_name():
    with pytest.raises(BadInput, match="PostgreSQL has no parameter “databse”: its parameters are: database, user"):
        render("postgres", values={"databse": "x"})
    with pytest.raises(
        BadInput, match="“Database” cannot be used: database: should be letters, digits and underscores"
    ):
        render("postgres", values={"database": "my db"})
    with pytest.raises(NotFound, match=r"There is no PostgreSQL 9.6: the template offers 18, 17, 16"):
        render("postgres", version="9.6")
    with pytest.raises(
        BadInput, match="“When the memory is full” cannot be used: eviction: should be one of noeviction"
    ):
        render("redis", values={"eviction": "panic"})


def test_a_refused_password_is_not_repeated():
    with pytest.raises(BadInput) as raised:
        render("postgres", values={"password": "sécret"})
    assert "password: should be 8 to 4000 characters long" in str(raised.value)
    assert "sécret" not in str(raised.value)
    with pytest.raises(BadInput, match="without < > & and quotes") as raised:
        render("clickhouse", values={"password": "<hunter2hunter2>"})
    assert "hunter2" not in str(raised.value)


def parameter(kind, **more):
    return Parameter("x", "X", ParameterType(kind), **more)


@pytest.mark.parametrize(
    ("given", "text", "value"),
    [
        (parameter("text"), " a b ", "a b"),
        (parameter("password"), " pass word ", " pass word "),
        (parameter("text", required=False), "", ""),
        (parameter("number", minimum=-5), "-3", "-3"),
        (parameter("number"), "007", "7"),
        (parameter("port"), "5432", "5432"),
        (parameter("size"), "1.5G", "1610612736"),
        (parameter("size"), "64 MiB", "67108864"),
        (parameter("size"), "0", "0"),
        (parameter("boolean"), "Yes", "true"),
        (parameter("boolean"), "off", "false"),
        (parameter("choice", choices={"a": "A"}), "a", "a"),
        (parameter("choice", choices={"a": "A"}, required=False), "", ""),
        (parameter("text", pattern="[a-z]+"), "abc", "abc"),
    ],
)
def test_a_value_becomes_what_is_filled_in(given, text, value):
    assert check_value(given, text) == value


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        (parameter("text"), "", "given: it is empty"),
        (parameter("text"), "a\nb", "text on one line"),
        (parameter("text", maximum=3), "abcd", "1 to 3 characters"),
        (parameter("text", pattern="[a-z]+"), "ABC", r"written as \[a-z\]\+"),
        (parameter("text", pattern="[a-z]+", expected="small letters"), "ABC", "small letters"),
        (parameter("password"), "short", "8 to 4000 characters"),
        (parameter("number"), "1e9", "a whole number"),
        (parameter("number"), "٣", "a whole number"),
        (parameter("number", minimum=5), "4", "at least 5"),
        (parameter("number", maximum=5), "6", "at most 5"),
        (parameter("port"), "0", "at least 1"),
        (parameter("port"), "65536", "at most 65535"),
        (parameter("size"), "lots", "a size such as 512M"),
        (parameter("size", minimum=1024), "1", "at least 1024"),
        (parameter("boolean"), "maybe", "true or false"),
        (parameter("choice", choices={"a": "A", "b": "B"}), "c", "one of a, b"),
    ],
)
def test_a_value_that_cannot_be_used_says_what_it_should_be(given, text, expected):
    with pytest.raises(BadInput, match=f"x: should be {expected}"):
        check_value(given, text)


def test_a_generated_value_has_the_length_and_the_characters_asked_for():
    made = parameter("password", generated=Generated(40, "ABCDEFGHIJ"))
    assert re.fullmatch("[A-J]{40}", templates.generate(made))


def test_a_new_password_is_held_to_the_rules_of_the_first_one():
    assert templates.check_new_password(shipped("postgres"), "<any> 'thing'")
    with pytest.raises(BadInput, match="without < > &"):
        templates.check_new_password(shipped("clickhouse"), "<any> 'thing'")
    with pytest.raises(BadInput, match="8 to 4000"):
        templates.check_new_password(None, "short")
