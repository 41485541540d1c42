import argparse
import json

import pytest

from godploy_desktop.cli import main, parser_of
from godploy_desktop.commands import options
from godploy_desktop.commands.completion import tree
from godploy_desktop.commands.context import find_service
from godploy_desktop.commands.registry import COMMANDS, find
from godploy_desktop.commands.rollback import release_of
from godploy_desktop.commands.service_settings import changed_settings, new_settings
from godploy_desktop.core.env_files import parse_env
from godploy_server.contract import (
    BadInput,
    DeploymentId,
    GitSource,
    ImageSource,
    NotFound,
    Release,
    ServiceId,
)
from tests.unit.core import example


def parsed(*words):
    return parser_of(find(words[0])).parse_args(words[1:])


def test_every_command_has_a_file_that_says_what_it_does():
    for command in COMMANDS:
        parser = parser_of(command)
        assert parser.description.startswith(command.summary[0].upper())


def test_every_command_that_talks_to_a_server_speaks_json():
    for node in tree():
        if node.options and not node.verbs and node.path and node.path[0] not in ("help", "completion"):
            assert "--json" in node.options, node.path


def test_what_cannot_be_undone_can_be_confirmed_beforehand():
    for node in tree():
        if (node.path and node.path[-1] in ("delete", "uninstall")) or node.path == ("server", "remove"):
            assert "--yes" in node.options, node.path


def test_no_option_takes_a_secret_itself():
    takes_a_secret = {"--password", "--passphrase", "--key-passphrase", "--token"}
    for node in tree():
        assert not takes_a_secret & set(node.options), node.path


def test_a_new_service_gets_what_was_given_and_defaults():
    settings = new_settings(
        parsed(
            "service", "create", "shop/web", "--git", "git@example.org:shop.git", "--branch", "live", "--port", "3000",
            "--dockerfile", "deploy/Dockerfile", "--build-arg", "A=1=2", "--memory", "512M", "--cpus", "0.5",
            "--command", "serve --greet 'a b'", "--health-path", "/up",
        )
    )  # fmt: skip
    assert settings.source == GitSource("git@example.org:shop.git", "live")
    assert settings.port == 3000
    assert settings.builder.path == "deploy/Dockerfile"
    assert settings.builder.arguments == {"A": "1=2"}
    assert settings.limits.memory_bytes == 512 * 1024**2
    assert settings.limits.cpus == 0.5
    assert settings.command == ("serve", "--greet", "a b")
    assert settings.health.path == "/up"
    assert settings.replicas == 1
    assert settings.rollout.drain_s == 10


def test_a_change_touches_nothing_that_was_not_given():
    before = new_settings(parsed("service", "create", "a/b", "--git", "https://example.org/x.git", "--port", "none"))
    assert before.port is None
    assert changed_settings(before, parsed("service", "change", "a/b")) == before
    after = changed_settings(before, parsed("service", "change", "a/b", "--replicas", "3"))
    assert after.replicas == 3
    assert after.port is None
    assert after.source == before.source


def test_a_source_may_be_exchanged():
    git = new_settings(parsed("service", "create", "a/b", "--git", "https://example.org/x.git", "--branch", "live"))
    image = changed_settings(git, parsed("service", "change", "a/b", "--image", "nginx:1"))
    assert image.source == ImageSource("nginx:1")
    moved = changed_settings(git, parsed("service", "change", "a/b", "--git", "https://example.org/y.git"))
    assert moved.source == GitSource("https://example.org/y.git", "live")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--git", "https://example.org/x.git", "--image", "nginx"),
        ("--image", "nginx", "--branch", "main"),
        ("--git", "https://example.org/x.git", "--command", "say 'it"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(words):
    with pytest.raises(BadInput):
        new_settings(parsed("service", "create", "a/b", *words))


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("100", 100), ("1k", 1024), ("512M", 512 * 1024**2), ("1.5GiB", 3 * 512 * 1024**2)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert options.size(text) == size


@pytest.mark.parametrize("text", ["", "M", "1X", "-1", "1 2"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        options.size(text)


def test_an_env_file_is_read_without_expanding_anything():
    text = "# comment\n\nexport A=1\nB = 'two words'\nC=\"$HOME\"\nD=\nE=a=b\n"
    assert parse_env(text) == [("A", "1"), ("B", "two words"), ("C", "$HOME"), ("D", ""), ("E", "a=b")]


def test_a_bad_line_of_an_env_file_is_named_without_its_content():
    with pytest.raises(BadInput) as caught:
        parse_env("A=1\nhunter2\n")
    assert "line 2" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_service_is_found_by_its_full_name_or_an_unmistakable_short_one():
    services = {"shop/web": example.service(), "blog/web": example.service(), "shop/worker": example.service()}
    assert find_service("shop/web", services) is services["shop/web"]
    assert find_service("worker", services) is services["shop/worker"]
    with pytest.raises(BadInput, match="shop/web"):
        find_service("web", services)
    with pytest.raises(NotFound, match="shop/worker"):
        find_service("shop/nothing", services)


def release(number, *, is_serving=False):
    return Release(
        ServiceId("s1"), number, "i", "sha256:0", "", "", example.START, DeploymentId("d"), is_serving, is_instant=False
    )


def test_a_rollback_goes_to_the_one_before_unless_told_otherwise():
    releases = (release(5), release(4, is_serving=True), release(2), release(1))
    assert release_of(None, releases, "shop/web") == 2
    assert release_of("r1", releases, "shop/web") == 1
    assert release_of("5", releases, "shop/web") == 5
    with pytest.raises(NotFound, match="r5, r4, r2, r1"):
        release_of("r3", releases, "shop/web")
    with pytest.raises(BadInput):
        release_of("latest", releases, "shop/web")
    with pytest.raises(NotFound):
        release_of(None, (release(1, is_serving=True),), "shop/web")


@pytest.mark.parametrize(
    ("words", "named", "next_step"),
    [
        (("deplyo",), "the nearest is “deploy”", "godploy --help"),
        (("--server", "web-1", "deploy"), "options come after the command", "godploy --help"),
        (("deploy",), "PROJECT/SERVICE", "godploy deploy --help"),
        (("server",), "VERB", "godploy server --help"),
        (("service", "create", "shop/web", "--port", "abc"), "“abc” is not a port", "godploy service create --help"),
        (("rollback", "shop/web", "--to", "1"), "--to", "godploy rollback --help"),
        (("completion", "tcsh"), "tcsh", "godploy completion --help"),
        (("server", "add", "host", "--identity-file", "/no/key"), "/no/key", "godploy server add --help"),
        (("help", "nonsense"), "exit-codes", "godploy --help"),
    ],
)
def test_what_is_not_understood_is_named_in_one_line_with_the_next_step(words, named, next_step, capsys):
    assert main(words) == BadInput.exit_code
    printed = capsys.readouterr()
    error, then = printed.err.splitlines()
    assert error.startswith("Error: ")
    assert named in error
    assert next_step in then
    assert not printed.out


def test_what_is_not_understood_is_json_if_that_was_asked_for(capsys):
    assert main(["deploy", "--json"]) == BadInput.exit_code
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert "PROJECT/SERVICE" in problem["why"]
