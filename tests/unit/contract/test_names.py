import pytest

from godploy_server.contract import (
    BadInput,
    GodployError,
    NotFound,
    Problem,
    check_host,
    check_name,
    check_variable_name,
    error_of,
    internal_error,
)


@pytest.mark.parametrize("name", ["a", "shop", "shop-2", "x" * 40])
def test_good_names_pass(name):
    assert check_name(name, "project") == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "Shop", "2fast", "a_b", "x" * 41, "a b", "a\n", "é"])
def test_bad_names_are_refused_and_named(name):
    with pytest.raises(BadInput) as caught:
        check_name(name, "project")
    assert name in caught.value.problem.what


@pytest.mark.parametrize("host", ["shop.example.com", "SHOP.Example.com", "a.b", "x-1.example.org", "example.com."])
def test_host_names_are_accepted_in_any_case(host):
    assert check_host(host) == host.lower().rstrip(".")


@pytest.mark.parametrize(
    "host", ["localhost", "https://a.b", "a.b/c", "-a.example.com", "a..b", "a b.c", "x" * 64 + ".com", ""]
)
def test_what_is_no_host_name_is_refused(host):
    with pytest.raises(BadInput):
        check_host(host)


def test_variable_names_follow_posix():
    assert check_variable_name("_A1") == "_A1"
    for bad in ("1A", "A-B", "", "A=B", "A B"):
        with pytest.raises(BadInput):
            check_variable_name(bad)


def test_a_problem_from_the_wire_becomes_the_same_class_of_error():
    error = error_of(Problem("not-found", "No such service", "it is gone", "Look at the list"))
    assert isinstance(error, NotFound)
    assert error.problem.why == "it is gone"
    assert error.exit_code == 3


def test_an_unknown_code_is_still_an_error_that_keeps_its_words():
    error = error_of(Problem("port-taken", "Port 80 is in use", "nginx listens", "Stop nginx"))
    assert type(error) is GodployError
    assert error.problem.code == "port-taken"


def test_an_internal_error_says_what_was_being_done():
    assert "Reading the list failed" in str(internal_error("Reading the list", ValueError("x")))
