"""Which git hosts a server speaks to: keys that are shipped, keys that a person confirmed, and no others."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

import pytest

from godploy_server.contract import (
    BadInput,
    Conflict,
    GitSource,
    HostKeyChanged,
    HostKeyOrigin,
    HostKeyUnknown,
    ServiceId,
    ServiceKind,
    ServiceSettings,
    Unreachable,
    git_host,
    host_and_port,
    host_words,
    ssh_host,
)
from godploy_server.deploy import git
from godploy_server.deploy.git_hosts import keys, scanning, trusted
from godploy_server.deploy.git_hosts.shipped import SHIPPED
from godploy_server.deploy.keys import ensure_deploy_key
from godploy_server.deploy.sources.checking import check_source
from godploy_server.deploy.sources.fetched import NoLog
from godploy_server.deploy.sources.git import fetch_commit
from godploy_server.runtime.engine import Engine
from godploy_server.state import projects, services
from godploy_server.state.services import ServiceRow
from tests.unit.deploy.conftest import free_port, run
from tests.unit.deploy.conftest import git as run_git
from tests.unit.deploy.ssh_host import SshHost


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run_git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "version").write_text("1")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-m", "first")
    run_git(folder, "tag", "-a", "-m", "one", "v1")
    return folder


def service_of(engine: Engine, source: GitSource) -> ServiceRow:
    project = projects.create(engine.connection, "market", "10.210.0.64/26")
    key = ensure_deploy_key(engine.paths, ServiceId("5e41ce"), "shop")
    settings = ServiceSettings(source)
    return services.create(
        engine.connection, project.id, "shop", ServiceKind.APPLICATION, settings, key, ServiceId("5e41ce")
    )


def fetch(engine: Engine, service: ServiceRow, folder: Path) -> str:
    source = service.settings.source
    assert isinstance(source, GitSource)
    return run(fetch_commit(engine, service, source, folder, NoLog())).commit


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.hosts[0])
def test_a_shipped_key_has_the_fingerprint_that_its_host_publishes(shipped: object) -> None:
    for each in SHIPPED:
        if each is shipped:
            assert keys.fingerprint(base64.b64decode(each.key)) == each.fingerprint
            assert each.page.startswith("https://")


def test_a_fingerprint_is_the_one_that_openssh_prints(tmp_path: Path) -> None:
    for kind in ("ed25519", "ecdsa", "rsa"):
        file = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)
        shown = subprocess.run(["ssh-keygen", "-lf", str(file)], check=True, capture_output=True, text=True).stdout
        assert keys.host_key("hub.test", file.with_suffix(".pub").read_text()).fingerprint == shown.split()[1]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("git@hub.test:shop/web.git", "hub.test"),
        ("hub.test:shop.git", "hub.test"),
        ("git@HUB.test:2222/shop.git", "hub.test"),  # that is a path: only ssh:// takes a port
        ("ssh://git@hub.test/shop.git", "hub.test"),
        ("ssh://git@hub.test:22/shop.git", "hub.test"),
        ("SSH://git@hub.test:2222/shop.git", "[hub.test]:2222"),
        ("git@[hub.test:2222]:shop.git", "[hub.test]:2222"),
        ("git@[::1]:shop.git", "::1"),
        ("ssh://git@[::1]:2222/shop.git", "[::1]:2222"),
        ("https://robin:pw@hub.test/shop.git", ""),
        ("git://hub.test/shop.git", ""),
        ("file:///srv/shop.git", ""),
        ("/srv/shop.git", ""),
    ],
)
def test_the_host_of_an_address_is_named_as_ssh_looks_it_up(address: str, host: str) -> None:
    assert ssh_host(address) == host
    if host:
        assert git_host(host_words(host)) == host
        assert host_and_port(host)[1] in (22, 2222)


def test_git_connects_to_the_very_host_whose_key_is_looked_up(tmp_path: Path) -> None:
    """The real git says which host and port it gives to ssh; where the two could differ, the address is refused."""
    said = tmp_path / "said"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\nexit 1\n')
    ssh.chmod(0o755)
    told = {"GIT_SSH_COMMAND": str(ssh), "GIT_SSH_VARIANT": "ssh", "GIT_ALLOW_PROTOCOL": "ssh"}
    for address in (
        "git@hub.test:a", "HUB.test:a", "git@hub.test:2222/a", "ssh://git@hub.test/a", "ssh://git@hub.test:2222/a",
        "git@[hub.test:2222]:a", "[git@hub.test:2222]:a", "git@[::1]:a", "[::1]:a", "ssh://git@[::1]:2222/a",
        "ssh://[git@::1]:22/a", "ssh://[hub.test:2222]/a", "ssh://a@b@hub.test/a", "ssh://git:pw@hub.test/a",
        "git@hub.test:22:a", "ssh://git%40other@hub.test/a", "ssh://hub.test%2eother/a", "ssh://git@hub.test:022/a",
        "ssh://hub.test:/a", "a@b@hub.test:a", "ssh://::1/a", "ssh+git://hub.test:2222/a", "git+ssh://hub.test/a",
        "[hub.test]:a", "[hub.test:22]:a", "git@hub.test:~/a", "hub.test.:a", "ssh://fe80::1%25eth0/a",
    ):  # fmt: skip
        said.unlink(missing_ok=True)
        subprocess.run(["git", "ls-remote", address], env={**os.environ, **told}, capture_output=True, check=False)
        words = [word for word in said.read_text().splitlines() if word]
        port = int(words[words.index("-p") + 1]) if "-p" in words else 22
        try:
            assert host_and_port(ssh_host(address)) == (words[-2].rpartition("@")[2].lower(), port), address
        except BadInput:
            continue


@pytest.mark.parametrize("address", ["ssh://-oProxyCommand=x/a", "ssh://git%40hub/a", "git@:a", "ssh://h:99999/a"])
def test_an_address_whose_host_cannot_be_told_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        ssh_host(address)


@pytest.mark.parametrize("words", ["https://hub.test/a", "-T", "", "a b"])
def test_what_is_no_ssh_host_has_no_host_key(words: str) -> None:
    with pytest.raises(BadInput):
        git_host(words)


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 AAAA", f"ssh-rsa {SHIPPED[0].key}", "dss AAAA"])
def test_what_is_no_public_key_cannot_be_trusted(engine: Engine, text: str) -> None:
    with pytest.raises(BadInput):
        trusted.trust(engine, "hub.test", text, "ada")


def test_the_output_of_a_scan_is_read_line_by_line(engine: Engine) -> None:
    key = SHIPPED[0].key
    output = f"# hub.test:22 SSH-2.0-x\nhub.test ssh-ed25519 {key}\nhub.test ssh-rsa broken\nread: reset\n"
    (found,) = keys.scanned_keys("hub.test", output)
    assert (found.host, found.key, found.fingerprint) == ("hub.test", key, SHIPPED[0].fingerprint)


def test_an_unknown_host_is_refused_before_anything_is_sent(
    engine: Engine, repository: Path, ssh_host: SshHost, tmp_path: Path
) -> None:
    service = service_of(engine, GitSource(ssh_host.url(repository)))
    ssh_host.allow(service.deploy_key)
    with pytest.raises(HostKeyUnknown) as raised:
        fetch(engine, service, tmp_path / "source")
    problem = raised.value.problem
    assert problem.subject == ssh_host.name
    assert f"godploy git host-keys trust 127.0.0.1:{ssh_host.port}" in problem.next_step
    assert not (tmp_path / "source").exists()
    assert not engine.paths.known_hosts.exists()  # not even ssh was started

    scan = run(scanning.scan(engine, ssh_host.name))
    assert [each.fingerprint for each in scan.offered] == [ssh_host.fingerprint]
    assert not scan.is_known
    assert not scan.is_changed
    trusted.trust(engine, scan.host, f"{scan.offered[0].key_type} {scan.offered[0].key}", "ada")

    assert fetch(engine, service, tmp_path / "source") == run_git(repository, "rev-parse", "HEAD")
    assert run(scanning.scan(engine, ssh_host.name)).is_known
    (known,) = trusted.of_host(engine, ssh_host.name)
    assert (known.trusted_by, known.origin) == ("ada", HostKeyOrigin.CONFIRMED)
    assert engine.paths.known_hosts.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_changed_key_is_refused_with_both_fingerprints(
    engine: Engine, repository: Path, ssh_host: SshHost, tmp_path: Path, kind: str
) -> None:
    service = service_of(engine, GitSource(ssh_host.url(repository)))
    ssh_host.allow(service.deploy_key)
    ssh_host.trust(engine)
    fetch(engine, service, tmp_path / "source")
    old = ssh_host.fingerprint
    ssh_host.change_key(kind)

    with pytest.raises(HostKeyChanged) as raised:
        fetch(engine, service, tmp_path / "source")
    problem = raised.value.problem
    assert old in problem.why
    assert ssh_host.fingerprint in problem.why
    assert "in between" in problem.why
    assert problem.subject == ssh_host.name
    with pytest.raises(HostKeyChanged):
        run(check_source(engine, service))
    assert run(scanning.scan(engine, ssh_host.name)).is_changed

    with pytest.raises(Conflict, match="forget the old one"):
        ssh_host.trust(engine)
    (confirmed,) = trusted.of_host(engine, ssh_host.name)
    trusted.forget(engine, confirmed.id)
    ssh_host.trust(engine)
    assert fetch(engine, service, tmp_path / "source")


def test_a_submodule_of_an_unknown_host_is_refused_with_its_path(
    engine: Engine, repository: Path, ssh_host: SshHost, tmp_path: Path
) -> None:
    port = free_port()
    modules = f'[submodule "parts"]\n\tpath = parts\n\turl = ssh://git@127.0.0.1:{port}/parts.git\n'
    (repository / ".gitmodules").write_text(modules)
    run_git(repository, "add", ".gitmodules")
    run_git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},parts")
    run_git(repository, "commit", "-m", "parts")
    service = service_of(engine, GitSource(ssh_host.url(repository), submodules=True))
    ssh_host.allow(service.deploy_key)
    ssh_host.trust(engine)
    with pytest.raises(HostKeyUnknown, match="The submodule parts") as raised:
        fetch(engine, service, tmp_path / "source")
    assert raised.value.problem.subject == f"[127.0.0.1]:{port}"


def test_large_files_of_an_unknown_host_are_refused(
    engine: Engine, repository: Path, ssh_host: SshHost, tmp_path: Path
) -> None:
    (repository / ".lfsconfig").write_text("[lfs]\n\turl = ssh://git@files.test/shop.git\n")
    run_git(repository, "add", ".")
    run_git(repository, "commit", "-m", "files")
    service = service_of(engine, GitSource(ssh_host.url(repository), lfs=True))
    ssh_host.allow(service.deploy_key)
    ssh_host.trust(engine)
    with pytest.raises(HostKeyUnknown) as raised:
        fetch(engine, service, tmp_path / "source")
    assert raised.value.problem.subject == "files.test"


def test_a_confirmed_key_takes_the_place_of_a_shipped_one_until_it_is_forgotten(engine: Engine) -> None:
    other = f"{SHIPPED[1].key_type} {SHIPPED[1].key}"
    (shipped,) = trusted.of_host(engine, "github.com")
    assert trusted.trust(engine, "github.com", f"{shipped.key_type} {shipped.key}", "ada") == shipped
    mine = trusted.trust(engine, "github.com", other, "ada")
    assert trusted.of_host(engine, "github.com") == (mine,)
    assert keys.known_hosts([mine]) == f"github.com {other}\n"
    with pytest.raises(BadInput):
        trusted.forget(engine, shipped.id)
    assert trusted.forget(engine, mine.id) == mine
    assert trusted.of_host(engine, "github.com") == (shipped,)


def test_a_host_that_shows_no_key_is_named(engine: Engine) -> None:
    with pytest.raises(Unreachable, match="shows no host key"):
        run(scanning.scan(engine, f"[127.0.0.1]:{free_port()}"))


def test_what_ssh_says_of_a_refused_key_names_the_host() -> None:
    changed = ["Host key for [hub.test]:2222 has changed and you have requested strict checking.", "fatal: x"]
    new = ["No ED25519 host key is known for hub.test and you have requested strict checking."]
    url = "git@hub.test:shop.git"
    assert git.refused_host(changed, url) == "[hub.test]:2222"
    assert git.refused_host(new, url) == "hub.test"
    assert git.refused_host(["Host key verification failed."], url) == "hub.test"
    assert git.refused_host(["git@hub.test: Permission denied (publickey)."], url) == ""


def test_a_source_is_tried_with_its_own_key_and_nothing_is_fetched(
    engine: Engine, repository: Path, ssh_host: SshHost
) -> None:
    service = service_of(engine, GitSource(ssh_host.url(repository)))
    ssh_host.trust(engine)
    with pytest.raises(Exception, match="may not read") as raised:
        run(check_source(engine, service))
    assert service.deploy_key in str(raised.value)
    ssh_host.allow(service.deploy_key)
    head = run_git(repository, "rev-parse", "HEAD")

    found = run(check_source(engine, service))
    assert (found.reference, found.commit, found.default_branch) == ("branch “main”", head, "main")
    assert not engine.paths.git(service.id).exists()

    for source, commit in (
        (GitSource(ssh_host.url(repository), tag="v1"), head),
        (GitSource(ssh_host.url(repository), commit=head), head),
        (GitSource(ssh_host.url(repository), commit="2" * 40), ""),
    ):
        changed = services.change(engine.connection, service.id, settings=ServiceSettings(source))
        assert run(check_source(engine, changed)).commit == commit
    lost = GitSource(ssh_host.url(repository), "release")
    changed = services.change(engine.connection, service.id, settings=ServiceSettings(lost))
    with pytest.raises(Exception, match="its default branch is “main”"):
        run(check_source(engine, changed))
