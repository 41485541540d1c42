"""Sources, builders, mounts and ports as text and back: pure functions, tested exactly."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.core.templates import library
from godploy_desktop.ui.models.builder_form import BUILDERS, builder_fields, builder_of
from godploy_desktop.ui.models.gallery import matching
from godploy_desktop.ui.models.mount_form import mounts_text, parse_mounts, parse_ports, ports_text
from godploy_desktop.ui.models.new_service import name_for, new_service_request, registry_of, with_registry
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_desktop.ui.models.source_form import source_fields, source_of
from godploy_server.contract import (
    ArchiveSource,
    AutoBuilder,
    BadInput,
    BuildpacksBuilder,
    DockerfileBuilder,
    FolderSource,
    GitSource,
    HealthCheck,
    ImageSource,
    Limits,
    Mount,
    MountKind,
    NixpacksBuilder,
    ProjectId,
    PublishedPort,
    Rollout,
    ServiceKind,
    ServiceSettings,
    StaticBuilder,
    Strategy,
    Variable,
)

GIT = GitSource("https://git.example.com/team/shop.git")
EXCLUSIVE = replace(ServiceSettings(ImageSource("minio")), rollout=Rollout(strategy=Strategy.RECREATE))

words = st.text("abz09-_", min_size=1, max_size=8)
line = st.text("abz 09-_=/&'\"", max_size=12).map(str.strip)
sources = st.one_of(
    st.builds(GitSource, st.just(GIT.url), branch=words, root=words, submodules=st.booleans(), lfs=st.booleans()),
    st.builds(GitSource, st.just(GIT.url), branch=words, tag=words),
    st.builds(GitSource, st.just(GIT.url), branch=words, commit=st.text("0123456789abcdef", min_size=40, max_size=40)),
    st.builds(FolderSource, words.map("/home/{}".format), words, words),
    st.builds(ArchiveSource, words.map("{}.zip".format), words),
    st.builds(ImageSource, words),
)
builders = st.one_of(
    st.builds(AutoBuilder),
    st.builds(DockerfileBuilder, words, words, st.dictionaries(st.text("ABZ_", min_size=1), line, max_size=3)),
    st.builds(NixpacksBuilder, line, line, line, words),
    st.builds(BuildpacksBuilder, words, st.lists(words, max_size=3).map(tuple), words),
    st.builds(StaticBuilder, line, words, words, st.booleans()),
)
volume_names = st.text("abz09", min_size=1, max_size=8)
mounts = st.lists(
    st.one_of(
        st.builds(Mount, volume_names, words.map("/{}".format), is_read_only=st.booleans()),
        st.builds(Mount, words.map("/srv/{}".format), words.map("/{}".format), st.just(MountKind.FOLDER)),
    ),
    max_size=4,
    unique_by=lambda each: each.target,
).map(tuple)
ports = st.lists(
    st.builds(PublishedPort, st.integers(1, 65535), st.integers(1, 65535), st.sampled_from(["tcp", "udp"])),
    max_size=4,
    unique_by=lambda each: (each.host_port, each.protocol),
).map(tuple)
settings = st.builds(
    ServiceSettings,
    sources,
    builders,
    st.one_of(st.none(), st.integers(1, 65535)),
    command=st.lists(st.text("ab '\"$\\", min_size=1, max_size=5), max_size=3).map(tuple),
    health=st.builds(HealthCheck, words.map("/{}".format), st.integers(1, 3600), command=st.just(("pg_isready", "-U"))),
    limits=st.builds(Limits, st.integers(0, 10**12), st.sampled_from([0.0, 0.5, 2.0])),
    rollout=st.builds(
        Rollout, st.integers(0, 3600), stop_grace_s=st.integers(0, 3600), strategy=st.just(Strategy.RECREATE)
    ),
    mounts=mounts,
    published=ports,
)


@given(settings)
def test_settings_that_nobody_touched_come_back_as_they_were(held):
    assert settings_of(held, fields_of(held)) == held


@given(settings, builders)
def test_another_builder_changes_nothing_but_the_builder(held, other):
    if isinstance(held.source, ImageSource):
        return
    fields = fields_of(held) | {**builder_fields(other), "builder": other.kind}
    assert settings_of(held, fields) == replace(held, builder=other)


@pytest.mark.parametrize("kind", BUILDERS)
def test_what_stands_in_the_fields_of_another_builder_is_not_looked_at(kind):
    wrong = {"arguments": "no equals", "builder_image": "", "configuration": "../x", "output": "../x"}
    chosen = {"dockerfile": "arguments", "nixpacks": "configuration", "buildpacks": "builder_image", "static": "output"}
    right = builder_fields(AutoBuilder()) | {"builder": kind}
    fields = right | {key: text for key, text in wrong.items() if key != chosen.get(kind)}
    assert builder_of(fields).kind == kind
    if kind in chosen:
        with pytest.raises(BadInput):
            builder_of(right | wrong)


def test_buildpacks_are_words_whatever_quotes_they_hold():
    fields = builder_fields(AutoBuilder()) | {"builder": "buildpacks", "buildpacks": "a/b\n it's\tc "}
    assert builder_of(fields) == BuildpacksBuilder(buildpacks=("a/b", "it's", "c"))


@pytest.mark.parametrize("text", ["", "registry.example.com:5000/", "nginx:", "nginx@", "a b"])
def test_half_an_image_is_refused(text):
    held = ImageSource("nginx")
    with pytest.raises(BadInput):
        source_of(held, {"image": text})


def test_only_what_is_followed_of_a_repository_is_kept():
    fields = source_fields(GIT) | {"tag": "v1", "commit": "a" * 40}
    assert source_of(GIT, fields) == GIT
    assert source_of(GIT, fields | {"follows": "tag"}) == replace(GIT, tag="v1")
    assert source_of(GIT, fields | {"follows": "commit"}) == replace(GIT, commit="a" * 40)


@pytest.mark.parametrize(("follows", "text"), [("tag", ""), ("tag", "a b"), ("commit", "f3a91c2"), ("commit", "main")])
def test_a_tag_or_commit_that_cannot_be_one_is_refused(follows, text):
    with pytest.raises(BadInput):
        source_of(GIT, source_fields(GIT) | {"follows": follows, follows: text})


def test_a_folder_that_is_chosen_anew_is_one_of_this_computer():
    held = FolderSource("/home/one/shop", "studio")
    assert source_of(held, source_fields(held), "laptop") == held
    assert source_of(held, {"folder": "/srv/shop", "root": ""}, "laptop") == FolderSource("/srv/shop", "laptop")


@pytest.mark.parametrize(
    "text",
    ["volume\tno spaces\t/data\t", "volume\tdata\tdata\t", "volume\tdata\t/\t", "folder\tsrv\t/data\t",
     "folder\t/srv/../etc\t/data\t", "volume\ta\t/x\t\nvolume\tb\t/x\t", "volume\t\t/data\t"],
)  # fmt: skip
def test_a_mount_that_cannot_be_used_is_refused_with_its_number(text):
    with pytest.raises(BadInput) as refused:
        parse_mounts(text)
    assert f"mount {text.count(chr(10)) + 1}" in refused.value.problem.why


@pytest.mark.parametrize("text", ["0\t80\ttcp", "x\t80\ttcp", "80\t70000\ttcp", "80\t1\ttcp\n80\t2\ttcp"])
def test_a_port_that_cannot_be_published_is_refused(text):
    with pytest.raises(BadInput):
        parse_ports(text)


def test_the_same_port_may_be_published_for_both_protocols():
    both = (PublishedPort(53, 53), PublishedPort(53, 53, "udp"))
    assert parse_ports(ports_text(both)) == both
    assert parse_ports("53\t\ttcp") == (PublishedPort(53, 53),)


def test_what_one_container_alone_may_use_wants_one_instance_and_recreate():
    held = replace(EXCLUSIVE, mounts=(Mount("data", "/data"),))
    fields = fields_of(held)
    for change in ({"replicas": "2"}, {"strategy": "rolling"}):
        with pytest.raises(BadInput):
            settings_of(held, fields | change)
    read_only = mounts_text((Mount("/srv/site", "/site", MountKind.FOLDER, is_read_only=True),))
    assert settings_of(held, fields | {"mounts": read_only, "replicas": "2", "strategy": "rolling"}).replicas == 2


def test_a_command_is_split_as_a_shell_splits_it():
    fields = fields_of(EXCLUSIVE)
    assert settings_of(EXCLUSIVE, fields | {"command": "sh -c 'echo a b'"}).command == ("sh", "-c", "echo a b")
    with pytest.raises(BadInput):
        settings_of(EXCLUSIVE, fields | {"health_command": "echo 'a"})


def test_a_limit_that_is_no_whole_megabyte_stays_until_it_is_typed_anew():
    held = replace(EXCLUSIVE, limits=Limits(memory_bytes=1_000_000_000))
    assert settings_of(held, fields_of(held)).limits.memory_bytes == 1_000_000_000
    assert settings_of(held, fields_of(held) | {"memory": "512"}).limits.memory_bytes == 512 * 1024 * 1024


@pytest.mark.parametrize(
    ("choice", "fields", "name"),
    [
        ("git", {"url": "git@git.example.com:team/My_Shop.git"}, "my-shop"),
        ("folder", {"folder": "/home/one/My Shop/"}, "my-shop"),
        ("folder", {"folder": r"C:\work\shop"}, "shop"),
        ("archive", {"archive": "~/shop-1.4.tar.gz"}, "shop"),
        ("image", {"image": "registry.example.com:5000/team/shop:2"}, "shop"),
        ("image", {"image": "nginx@sha256:" + "a" * 64}, "nginx"),
        ("custom", {"image": "minio/minio"}, "minio"),
    ],
)
def test_a_name_is_made_from_where_the_service_comes_from(choice, fields, name):
    assert name_for(choice, fields) == name


@pytest.mark.parametrize(
    ("image", "host", "expected"),
    [
        ("team/shop:2", "ghcr.io", "ghcr.io/team/shop:2"),
        ("ghcr.io/team/shop:2", "docker.io", "team/shop:2"),
        ("localhost:5000/shop", "ghcr.io", "ghcr.io/shop"),
        ("nginx", "docker.io", "nginx"),
    ],
)
def test_an_image_moves_to_another_registry(image, host, expected):
    assert with_registry(image, host) == expected
    assert registry_of(expected) == host


def test_a_new_service_asks_for_no_more_than_was_typed():
    typed = {"url": GIT.url, "branch": "main", "name": "shop", "port": "3000", "variables": "A=1"}
    request = new_service_request("git", ProjectId("p"), typed)
    assert request.settings == ServiceSettings(GIT, port=3000)
    assert (request.name, request.kind, request.variables) == ("shop", ServiceKind.APPLICATION, (Variable("A", "1"),))


def test_the_gallery_is_searched_by_name_title_keywords_then_description():
    every = library(None).templates
    assert [each.name for each in matching(every, "pg")] == ["postgres"]
    assert matching(every, "") == every
    assert matching(every, "redis")[0].name == "redis"
    assert "valkey" in [each.name for each in matching(every, "REDIS")]
    assert matching(every, "spreadsheet") == ()
