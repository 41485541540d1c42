"""What git prints of a repository that is looked at, and the bounds of a look."""

import asyncio
import os
import resource
import subprocess

import pytest

from godploy_server.contract import HostKeyUnknown, LookAtRepository, NotAllowed, NotReady
from godploy_server.contract.building import MOST_REFS, DetectBuilder
from godploy_server.deploy import looking
from godploy_server.deploy.builders.detecting import detect
from godploy_server.deploy.docker_build import exposed_port
from godploy_server.deploy.looking import Refs, look_at, names_of, refs_of

HASH = "a" * 40


def test_branches_and_tags_are_told_from_what_ssh_and_the_host_say_besides():
    lines = [
        "Warning: Permanently added 'hub.test' to the list of known hosts.",
        "ref: refs/heads/trunk\tHEAD",
        f"{HASH}\tHEAD",
        f"{HASH}\trefs/heads/a/b",
        f"{HASH}\trefs/heads/trunk",
        f"{HASH}\trefs/tags/v2",
        f"{HASH}\trefs/tags/v2^{{}}",
        f"{HASH}\trefs/pull/1/head",
    ]
    assert refs_of(lines) == Refs("trunk", ("trunk", "a/b"), ("v2",))


@pytest.mark.parametrize(
    ("names", "first"), [(("dev", "main"), "main"), (("dev", "master"), "master"), (("x", "y"), "x")]
)
def test_a_host_that_names_no_default_branch_has_the_usual_one(names, first):
    assert refs_of([f"{HASH}\trefs/heads/{name}" for name in names]).default == first


def test_an_empty_repository_has_neither_and_a_large_one_is_cut():
    assert refs_of([]) == Refs("", (), ())
    many = refs_of([f"{HASH}\trefs/heads/b{number:05}" for number in range(MOST_REFS + 5)])
    assert len(many.branches) == MOST_REFS


def test_names_may_hold_anything_but_a_nul():
    listing = b"\0".join(
        [b"100644 blob 1\ta b", b"040000 tree 2\tdir", b"160000 commit 3\tmodule", b"120000 blob 4\tl\xff\n", b""]
    )
    assert names_of(listing) == ("a b", "dir/", "module/", "l\ufffd\n")


@pytest.mark.parametrize(
    ("dockerfile", "port"),
    [
        ("FROM a\nEXPOSE 8000\n", 8000),
        ("FROM a\nexpose 80 443\n", 80),
        ("FROM a\nEXPOSE 53/udp 53/tcp\n", 53),
        ("FROM a\nENV PORT=4000\nEXPOSE ${PORT}\n", 4000),
        ("ARG PORT=70000\nFROM a\nEXPOSE $PORT\n", None),
        ("FROM a AS x\nEXPOSE 1\nFROM b\n", None),
        ("FROM a\n# EXPOSE 1\nEXPOSE $UNKNOWN\nEXPOSE \\\n  9000\n", 9000),
        ("", None),
    ],
)
def test_the_port_of_a_dockerfile_is_that_of_its_last_stage(dockerfile, port):
    assert exposed_port(dockerfile) == port


def test_a_folder_of_a_site_is_wanted_only_where_it_would_decide():
    assert detect(DetectBuilder(("public/", "package.json"))).wants == ()
    assert detect(DetectBuilder(("public/", "README.md"))).wants == ("public/",)
    assert detect(DetectBuilder(("public/", "public/a.md"))).wants == ()


def test_a_repository_that_is_too_large_is_given_up_and_nothing_stays(engine, tmp_path, monkeypatch):
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "film").write_bytes(os.urandom(3 << 20))
    identity = ["-c", "user.name=Robin", "-c", "user.email=robin@shop.test"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    monkeypatch.setattr(looking, "MOST_BYTES", 1 << 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(NotReady, match="too large"):
        asyncio.run(look_at(engine, LookAtRepository(f"file://{folder}")))
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before
    assert list((engine.paths.state_dir / "builds").iterdir()) == []


def test_a_private_repository_over_ssh_says_that_the_server_may_not_read_it(engine, ssh_host, tmp_path):
    asked = LookAtRepository(ssh_host.url(tmp_path / "shop.git"))
    with pytest.raises(HostKeyUnknown):
        asyncio.run(look_at(engine, asked))
    ssh_host.trust(engine)
    with pytest.raises(NotAllowed, match="may not read"):
        asyncio.run(look_at(engine, asked))
    assert list((engine.paths.state_dir / "builds").iterdir()) == []
