import pytest

from godploy_server.contract import repository_of


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/shop.git",
        "https://github.com/Team/Shop/",
        "https://someone:secret@github.com/team/shop",
        "git@github.com:team/shop.git",
        "ssh://git@github.com/team/shop.git",
        "ssh://git@ssh.github.com:443/team/shop.git",
    ],
)
def test_one_repository_has_one_name_however_its_address_is_written(url):
    assert repository_of(url) == "github.com/team/shop"


@pytest.mark.parametrize(
    "url", ["", "/srv/git/shop.git", "https://github.com/", "file:///srv/shop.git", "git@github.com:"]
)
def test_what_is_no_address_of_a_host_has_no_name(url):
    assert repository_of(url) == ""


def test_other_hosts_and_paths_are_other_repositories():
    names = {repository_of(f"https://{each}.git") for each in ("a.org/x/y", "b.org/x/y", "a.org/x/z", "ssh.a.org/x/y")}
    assert len(names) == 4
