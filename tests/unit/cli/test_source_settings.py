"""What of a repository is deployed: the options and what they make."""

import pytest

from godploy_desktop.cli import parser_of
from godploy_desktop.commands.registry import find
from godploy_desktop.commands.service_settings import changed_settings, new_settings
from godploy_server.contract import BadInput, GitSource, ServiceSettings

URL = "https://hub.test/shop.git"


def parsed(*words):
    return parser_of(find("service")).parse_args([*words])


def changed(source, *words):
    return changed_settings(ServiceSettings(source), parsed("change", "a/b", *words)).source


def test_tag_commit_submodules_and_large_files_are_named_when_a_service_is_made():
    made = new_settings(parsed("create", "a/b", "--git", URL, "--tag", "v1", "--submodules", "--lfs")).source
    assert made == GitSource(URL, tag="v1", submodules=True, lfs=True)
    pinned = new_settings(parsed("create", "a/b", "--git", URL, "--at-commit", "AB" * 20)).source
    assert pinned == GitSource(URL, commit="ab" * 20)


def test_what_is_named_last_is_what_will_be_deployed():
    tagged = changed(GitSource(URL, commit="ab" * 20), "--tag", "v2")
    assert tagged == GitSource(URL, tag="v2")
    assert changed(tagged, "--branch", "live") == GitSource(URL, "live")
    assert changed(GitSource(URL, tag="v2", commit="ab" * 20), "--at-commit", "") == GitSource(URL, tag="v2")


def test_submodules_and_large_files_stay_until_they_are_turned_off():
    source = GitSource(URL, submodules=True, lfs=True)
    assert changed(source, "--branch", "main") == source
    assert changed(source, "--no-submodules", "--no-lfs") == GitSource(URL)


@pytest.mark.parametrize("words", [("--tag", "v1"), ("--at-commit", "ab" * 20), ("--submodules",), ("--no-lfs",)])
def test_an_image_has_nothing_of_a_repository(words):
    with pytest.raises(BadInput) as raised:
        new_settings(parsed("create", "a/b", "--image", "nginx:1", *words))
    assert words[0].replace("--no-", "--") in raised.value.problem.next_step
