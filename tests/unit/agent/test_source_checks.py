"""Which sources are refused, each with the path of what is wrong."""

import pytest

from godploy_server.agent.checks import check_service_settings
from godploy_server.contract import ArchiveSource, BadInput, FolderSource, GitSource, ServiceSettings

URL = "https://hub.test/ada/shop.git"


@pytest.mark.parametrize(
    "source",
    [
        GitSource(URL, tag="v1.0", commit="ab" * 20, submodules=True, lfs=True),
        GitSource(URL, commit="0" * 64),
        FolderSource("/home/ada/My Shop", "ada's laptop", "web"),
        FolderSource("C:\\shops\\one", "büro"),
        ArchiveSource("shop-1.0.tar.gz", "web"),
    ],
)
def test_a_source_that_can_be_fetched_is_taken(source):
    assert check_service_settings(ServiceSettings(source)).source == source


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (GitSource(URL, tag="-x"), "settings/source/tag"),
        (GitSource(URL, tag="a..b"), "settings/source/tag"),
        (GitSource(URL, commit="abcdef1"), "settings/source/commit"),
        (GitSource(URL, commit="AB" * 20), "settings/source/commit"),
        (GitSource(URL, commit="--upload-pack=x"), "settings/source/commit"),
        (FolderSource("", "laptop"), "settings/source/path"),
        (FolderSource("/a\nb", "laptop"), "settings/source/path"),
        (FolderSource("/a", ""), "settings/source/computer"),
        (FolderSource("/a", "\x1b[2J"), "settings/source/computer"),
        (FolderSource("/a", "laptop", "../x"), "settings/source/root"),
        (ArchiveSource(""), "settings/source/name"),
        (ArchiveSource("a" * 201), "settings/source/name"),
        (ArchiveSource("a.zip", "/etc"), "settings/source/root"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_the_path(source, path):
    with pytest.raises(BadInput) as raised:
        check_service_settings(ServiceSettings(source))
    assert raised.value.problem.why.startswith(f"{path}: should be")
