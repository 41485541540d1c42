"""A bare server becomes one of ours and a bare server again, over SSH as the desktop does it."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from godploy_desktop.assets import asset
from godploy_desktop.remote.bootstrap import (
    BundleDecision,
    InstallOptions,
    NeedsAdministrator,
    UninstallOptions,
    decide,
    install,
    installed_bundle,
    uninstall,
)
from godploy_desktop.remote.bootstrap_steps import BootstrapFailed, BootstrapState, BootstrapStep, parse_step
from godploy_desktop.remote.bundle import Bundle, build_bundle
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion
from godploy_desktop.remote.ssh_connection import SshConnection
from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.servers import Server

# Copies that useradd, groupadd and their like keep of what was before their last change.
BACKUPS = ("file /etc/group-", "file /etc/gshadow-", "file /etc/passwd-", "file /etc/shadow-")
RIGHT = (BootstrapState.DONE, BootstrapState.SKIPPED)
# What stays after a removal without --packages: the packages' own files, accounts, units, Docker's default networks and
# containerd's loopback port. A prepared server, which has the packages, is compared without these exceptions below.
PACKAGES = (
    "package ", "account docker", "unit ", "active-unit ", "network bridge", "network host", "network none",
    "listening 127.0.0.1:", "file /usr", "file /etc",
    "file /opt/containerd", "file /var/lib/git", "file /var/lib/python",
    "file /var/lib/systemd", "file /var/lib/docker", "file /var/lib/containerd", "file /boot", "file /var/lib/ucf",
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_bundle(tmp_path_factory.mktemp("bundle"))


@asynccontextmanager
async def connected(server: Server, folder: Path, user: str = "root") -> AsyncIterator[SshConnection]:
    async def trust(_question: HostKeyQuestion) -> HostKeyDecision:
        return HostKeyDecision.TRUST

    address = ServerAddress(server.host, user, server.ssh_port, server.key, use_agent=False)
    connection = SshConnection(
        address, profile_folder=folder, actor="test", decide_host_key=trust, ssh_config=None, known_hosts=None
    )
    await connection.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def installed(server: Server, folder: Path, bundle: Bundle, user: str = "root") -> dict[str, BootstrapStep]:
    """Install and give back the last report of each step."""
    async with connected(server, folder, user) as connection:
        return {step.step: step async for step in install(connection, bundle, InstallOptions())}


async def removed(server: Server, folder: Path, options: UninstallOptions) -> dict[str, BootstrapStep]:
    async with connected(server, folder) as connection:
        return {step.step: step async for step in uninstall(connection, options)}


def agent_info(server: Server, user: str = "root") -> dict[str, object]:
    return json.loads(server.run("curl -sS --unix-socket /run/godploy/agent.sock http://agent/v1/info", user=user))


@pytest.mark.parametrize("debian", [Debian.BOOKWORM, Debian.TRIXIE], ids=["debian-12", "debian-13"])
def test_a_bare_server_is_installed_then_left_alone_and_is_bare_again_after_a_purge(
    rent_server, debian, bundle, tmp_path
):
    server = rent_server(debian)
    bare = server.snapshot()
    mirror = json.loads(server.run("cat /etc/docker/daemon.json"))

    began = time.monotonic()
    first = asyncio.run(installed(server, tmp_path, bundle))
    print(f"bare {debian.name}: installed in {time.monotonic() - began:.1f} s")
    assert {step.state for step in first.values()} <= set(RIGHT)
    info = agent_info(server)
    assert info["version"] == bundle.version
    assert info["docker_problem"] is None
    assert info["ingress_problem"] is None
    configuration = json.loads(server.run("cat /etc/docker/daemon.json"))
    assert configuration["registry-mirrors"] == mirror["registry-mirrors"]
    assert configuration["log-opts"] == {"max-size": "10m", "max-file": "3"}
    for unit, most in (("godploy-agent.service", 3.0), ("godploy-relay.service", 2.0)):
        verdict = server.run(f"systemd-analyze security {unit} --no-pager | tail -n 1")
        assert float(verdict.split(":")[1].split()[0]) <= most, verdict

    before = server.snapshot()
    started = server.run("systemctl show -p ActiveEnterTimestamp docker godploy-agent godploy-relay")
    began = time.monotonic()
    again = asyncio.run(installed(server, tmp_path, bundle))
    print(f"{debian.name}: run again in {time.monotonic() - began:.1f} s")
    assert [step.state for step in again.values()] == [BootstrapState.DONE, *[BootstrapState.SKIPPED] * 10]
    assert server.run("systemctl show -p ActiveEnterTimestamp docker godploy-agent godploy-relay") == started
    assert not before.compare(server.snapshot()).without("file /var/lib/godploy/godploy.db")

    asyncio.run(removed(server, tmp_path, UninstallOptions(purge=True)))
    difference = bare.compare(server.snapshot())
    assert not difference.without(*PACKAGES), str(difference.without(*PACKAGES))
    assert json.loads(server.run("cat /etc/docker/daemon.json")) == mirror
    assert not [entry for entry in difference.added if "godploy" in entry]


def test_a_removal_keeps_the_data_and_what_belongs_to_others(prepared_server, bundle, tmp_path):
    server = prepared_server
    server.run("docker run -d --name theirs -p 8080:80 busybox httpd -f -p 80 && docker network create their-net")
    before = server.snapshot()
    asyncio.run(installed(server, tmp_path, bundle))
    server.run("docker volume create --label godploy.instance=godploy godploy-volume")
    asyncio.run(removed(server, tmp_path, UninstallOptions()))
    assert server.run("docker inspect -f '{{.State.Running}} {{.RestartCount}}' theirs").split() == ["true", "0"]
    assert "godploy.db" in server.run("ls /var/lib/godploy")
    difference = before.compare(server.snapshot()).without(*BACKUPS, "file /var/lib/godploy", "volume godploy-volume")
    assert not difference, str(difference)
    last = asyncio.run(removed(server, tmp_path, UninstallOptions(purge=True)))
    assert {step.state for step in last.values()} <= set(RIGHT)
    difference = before.compare(server.snapshot()).without(*BACKUPS)
    assert not difference, str(difference)


def test_the_packages_go_when_asked(fresh_server, bundle, tmp_path):
    packages = fresh_server.snapshot().packages
    asyncio.run(installed(fresh_server, tmp_path, bundle))
    assert "docker.io" in fresh_server.snapshot().packages
    asyncio.run(removed(fresh_server, tmp_path, UninstallOptions(purge=True, packages=True)))
    assert fresh_server.snapshot().packages == packages


def test_a_connection_that_is_cut_while_packages_are_installed_is_resumed(fresh_server, bundle, tmp_path):
    async def cut_short() -> None:
        async with (
            connected(fresh_server, tmp_path) as connection,
            aclosing(install(connection, bundle, InstallOptions())) as steps,
        ):
            async for step in steps:
                if step.step == "docker" and step.state is BootstrapState.ACTING:
                    await asyncio.sleep(3)
                    await asyncio.to_thread(fresh_server.cut_connections)
                    return

    asyncio.run(cut_short())
    steps = asyncio.run(installed(fresh_server, tmp_path, bundle))
    assert {step.state for step in steps.values()} <= set(RIGHT)
    assert fresh_server.run("dpkg --audit") == ""
    asyncio.run(removed(fresh_server, tmp_path, UninstallOptions(purge=True, packages=True)))
    assert "docker.io" not in fresh_server.snapshot().packages  # it was remembered over the cut


def test_a_script_that_is_killed_at_any_step_is_resumed(prepared_server, bundle, tmp_path):
    async def killed_at(name: str) -> None:
        async with connected(prepared_server, tmp_path) as connection:
            async for step in install(connection, bundle, InstallOptions()):
                if step.step == name and step.state is BootstrapState.ACTING:
                    prepared_server.inside("pkill", "-KILL", "-f", "install[.]sh")

    for name in ("docker-config", "accounts", "bundle", "units"):
        with pytest.raises(BootstrapFailed):
            asyncio.run(killed_at(name))
        asyncio.run(removed(prepared_server, tmp_path, UninstallOptions(purge=True)))
    with pytest.raises(BootstrapFailed):
        asyncio.run(killed_at("units"))
    steps = asyncio.run(installed(prepared_server, tmp_path, bundle))
    assert {step.state for step in steps.values()} <= set(RIGHT)
    assert agent_info(prepared_server)["ingress_problem"] is None


def test_an_account_with_sudo_installs_and_may_use_the_agent_afterwards(prepared_server, bundle, tmp_path):
    steps = asyncio.run(installed(prepared_server, tmp_path, bundle, user="debian"))
    assert {step.state for step in steps.values()} <= set(RIGHT)
    assert agent_info(prepared_server, user="debian")["version"] == bundle.version
    assert "docker" not in prepared_server.run("id -nG debian; id -nG godploy").split()


def test_an_account_without_sudo_is_refused_with_what_to_do(prepared_server, bundle, tmp_path):
    prepared_server.run("rm /etc/sudoers.d/90-debian")
    with pytest.raises(NeedsAdministrator) as refused:
        asyncio.run(installed(prepared_server, tmp_path, bundle, user="debian"))
    assert "sudoers.d" in refused.value.problem.next_step


def test_an_upgrade_restarts_our_units_and_no_container(prepared_server, bundle, tmp_path):
    asyncio.run(installed(prepared_server, tmp_path, bundle))
    containers = prepared_server.run("docker ps -q --no-trunc | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}}'")
    agent = prepared_server.run("systemctl show -p MainPID --value godploy-agent")
    newer = changed_bundle(bundle, tmp_path)

    async def upgrade() -> BundleDecision:
        async with connected(prepared_server, tmp_path) as connection:
            found = await installed_bundle(connection)
            assert found is not None
            decision = decide(found, newer)
            _ = [step async for step in install(connection, newer, InstallOptions())]
            after = await installed_bundle(connection)
            assert after is not None
            assert after.digest == newer.digest
            return decision

    assert asyncio.run(upgrade()) is BundleDecision.UPGRADE
    assert prepared_server.run("systemctl show -p MainPID --value godploy-agent") != agent
    assert (
        prepared_server.run("docker ps -q --no-trunc | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}}'")
        == containers
    )


def changed_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """The same program with one more file, as another version has."""
    import zipfile

    from godploy_desktop.remote.bundle import bundle_entries, bundle_file_name, digest_of

    entries = bundle_entries() | {"godploy_server/later.py": b'"""New in this version."""\n'}
    digest = digest_of(entries)
    path = folder / bundle_file_name(bundle.version, digest)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(entries.items()):
            archive.writestr(name, content)
    return Bundle(bundle.version, digest, path)


def by_hand(server: Server, bundle: Bundle, *arguments: str) -> BootstrapStep:
    """Run install.sh as a person would and give back its last report."""
    server.write("/root/install.sh", asset("server_bootstrap/install.sh").read_bytes(), "755")
    server.write("/root/bundle.pyz", bundle.path.read_bytes())
    words = " ".join(["bash /root/install.sh --json --bundle /root/bundle.pyz", *arguments, "|| true"])
    last = parse_step(server.run(words).splitlines()[-1])
    assert last is not None
    return last


def test_what_stands_in_the_way_is_refused_before_anything_is_changed(prepared_server, bundle):
    server = prepared_server
    by_hand(server, bundle, "--dry-run")  # the files for the runs below are part of the snapshot
    before = server.snapshot()

    server.run("systemd-run -q --unit=squatter python3 -m http.server 80")
    server.run("for i in $(seq 50); do ss -Hltn sport = :80 | grep -q . && exit; sleep 0.1; done")
    taken = by_hand(server, bundle).problem
    assert taken is not None
    assert taken.code == "port-taken"
    assert "python3 (pid " in taken.why
    server.run("systemctl stop squatter")

    server.run("docker run -d --name their-web -p 443:80 busybox httpd -f -p 80")
    taken = by_hand(server, bundle).problem
    assert taken is not None
    assert taken.code == "port-taken"
    assert "their-web" in taken.why
    server.run("docker rm -f their-web")

    full = by_hand(server, bundle, "--min-free-mb 999999999").problem
    assert full is not None
    assert full.code == "disk-full"

    server.run("printf '{\"debug\": tru' > /tmp/broken.json && cp /etc/docker/daemon.json /tmp/right.json")
    server.run("cp /tmp/broken.json /etc/docker/daemon.json")
    broken = by_hand(server, bundle).problem
    assert broken is not None
    assert broken.code == "daemon-json-broken"
    server.run("cp /tmp/right.json /etc/docker/daemon.json")

    difference = before.compare(server.snapshot()).without("image busybox", "file /var/lib/godploy")
    assert not difference, str(difference)


def test_a_running_docker_is_restarted_only_when_allowed(prepared_server, bundle):
    started = "systemctl show -p ActiveEnterTimestampMonotonic --value docker"
    before = prepared_server.run(started)
    assert by_hand(prepared_server, bundle).state in RIGHT
    assert prepared_server.run(started) == before
    assert "json-file" in prepared_server.run("cat /etc/docker/daemon.json")
    assert by_hand(prepared_server, bundle, "--allow-docker-restart").state in RIGHT
    after = prepared_server.run(started)
    assert after != before
    assert by_hand(prepared_server, bundle, "--allow-docker-restart").state in RIGHT
    assert prepared_server.run(started) == after


def test_two_bootstraps_at_once_take_turns(prepared_server, bundle, tmp_path):
    async def both() -> list[dict[str, BootstrapStep]]:
        return await asyncio.gather(
            installed(prepared_server, tmp_path / "one", bundle), installed(prepared_server, tmp_path / "two", bundle)
        )

    one, two = asyncio.run(both())
    assert {step.state for step in [*one.values(), *two.values()]} <= set(RIGHT)


def test_visitors_reach_the_proxy_after_a_reboot(prepared_server, bundle, tmp_path):
    asyncio.run(installed(prepared_server, tmp_path, bundle))
    prepared_server.reboot()
    give_up = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection((prepared_server.host, 80), timeout=5) as opened:
                opened.sendall(b"GET /_godploy/health HTTP/1.1\r\nhost: any\r\nconnection: close\r\n\r\n")
                answer = opened.makefile("rb").read()
        except OSError as failure:
            answer = str(failure).encode()
        if b'"relay":"ok"' in answer:
            break
        assert time.monotonic() < give_up, answer
        time.sleep(0.3)
