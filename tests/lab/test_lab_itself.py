"""The lab keeps its promises; what other lab tests rest on."""

import http.server
import ipaddress
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.images import offers
from tests.lab.labkit.internet import fetch
from tests.lab.labkit.keys import new_key
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.network import free_subnet, listens_everywhere
from tests.lab.labkit.servers import Server, remove_abandoned, rent
from tests.lab.labkit.visitors import Traffic, Visit

BOTH = pytest.mark.parametrize("fresh_server", list(Debian), indirect=True, ids=lambda debian: debian.suite)
BOTH_PREPARED = pytest.mark.parametrize("prepared_server", list(Debian), indirect=True, ids=lambda debian: debian.suite)


@BOTH
def test_a_new_server_is_a_debian_without_docker_that_both_users_reach(fresh_server: Server) -> None:
    release = fresh_server.run("cat /etc/os-release")
    assert f'VERSION_ID="{fresh_server.debian.value}"' in release
    assert fresh_server.run("cat /proc/1/comm").strip() == "systemd"
    assert fresh_server.run("systemctl is-system-running --wait || true").strip() == "running"
    assert fresh_server.run("sudo -n id -u", user="debian").strip() == "0"
    assert fresh_server.run("command -v docker || echo none").strip() == "none"


def test_two_servers_differ_in_host_key_machine_id_and_address(rent_server: Callable[..., Server]) -> None:
    one, other = rent_server(), rent_server()
    assert one.host_key != other.host_key
    assert one.run("cat /etc/machine-id") != other.run("cat /etc/machine-id")
    assert one.run("hostname").strip() == one.name != other.name


def test_dns_leads_every_name_below_a_server_to_it(lab: Lab, fresh_server: Server) -> None:
    assert lab.internet.dns.resolve(fresh_server.domain("shop")) == [fresh_server.address]
    assert lab.internet.dns.resolve(f"a.b.{fresh_server.name}.lab.test") == [fresh_server.address]
    assert lab.internet.dns.resolve("nobody.lab.test") == []
    seen = fresh_server.run(f"getent ahostsv4 {fresh_server.domain('shop')}").split()[0]
    assert seen == fresh_server.address


def test_a_name_can_be_pointed_at_a_server_and_forgotten(lab: Lab, fresh_server: Server) -> None:
    dns, name = lab.internet.dns, f"shop-{fresh_server.name}.lab.test"
    dns.point(name, fresh_server.address)
    try:
        assert _soon(lambda: dns.resolve(name) == [fresh_server.address])
    finally:
        dns.forget(name)
    assert _soon(lambda: dns.resolve(name) == [])


def test_the_hub_serves_each_image_under_its_real_name(lab: Lab) -> None:
    for offer in offers():
        name, _, tag = offer.name.partition(":")
        listing = json.loads(fetch(f"http://{lab.internet.hub_on_loopback}/v2/library/{name}/tags/list"))
        assert tag in listing["tags"]


def test_the_acme_directory_answers_here_and_on_a_server(lab: Lab, fresh_server: Server) -> None:
    acme = lab.internet.acme
    directory = json.loads(fetch(acme.local_directory_url, acme.ca_certificate))
    assert "newOrder" in directory
    assert "BEGIN CERTIFICATE" in acme.issuing_root()
    fresh_server.write("/root/ca.pem", acme.ca_certificate.encode())
    assert "newOrder" in fresh_server.run(f"curl -sS --cacert /root/ca.pem {acme.directory_url}")


@BOTH
def test_a_server_installs_docker_and_pulls_through_the_mirror_that_its_image_brought(fresh_server: Server) -> None:
    client = " docker-cli" if fresh_server.debian is Debian.TRIXIE else ""
    fresh_server.run(
        "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && "
        f"apt-get install -y -qq --no-install-recommends docker.io{client} >/dev/null"
    )
    assert fresh_server.run("docker run --rm python:3.12-slim python -c 'print(6 * 7)'").strip().endswith("42")
    assert "registry-mirrors" in fresh_server.run("cat /etc/docker/daemon.json")


@BOTH_PREPARED
def test_a_build_on_a_server_reaches_the_package_indexes(prepared_server: Server) -> None:
    dockerfile = (
        "FROM python:3.12-slim\nRUN apt-get update -qq && pip install --root-user-action=ignore -q h11==0.16.0\n"
    )
    prepared_server.run("DOCKER_BUILDKIT=1 docker build -q -t built -", stdin=dockerfile.encode(), timeout_s=600)
    shown = prepared_server.run("docker run --rm built python -c 'import h11; print(h11.__version__)'")
    assert shown.strip() == "0.16.0"


@pytest.fixture
def deploy_key(tmp_path: Path) -> tuple[Path, str]:
    private, public = new_key("deploy")
    path = tmp_path / "id_ed25519"
    path.write_bytes(private)
    path.chmod(0o600)
    return path, public


def _clone(url: str, key: Path, target: Path) -> None:
    ssh = f"ssh -F /dev/null -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no"
    command = f"{ssh} -o UserKnownHostsFile=/dev/null"
    run(["git", "clone", "-q", url, str(target)], environment={"GIT_SSH_COMMAND": command}, timeout_s=60)


def test_a_deploy_key_reads_its_own_repository_only(
    lab: Lab, repository: Repository, deploy_key: tuple[Path, str], tmp_path: Path
) -> None:
    key, public = deploy_key
    with pytest.raises(CommandFailed, match="Permission denied"):
        _clone(repository.local_url, key, tmp_path / "refused")
    repository.allow(public)
    _clone(repository.local_url, key, tmp_path / "shop")
    assert (tmp_path / "shop" / "Dockerfile").read_text().startswith("FROM python:3.12-slim")
    other = lab.git_host.create("somebody-elses", {"secret": "x"})
    try:
        with pytest.raises(CommandFailed, match="may only read"):
            _clone(other.local_url, key, tmp_path / "other")
    finally:
        other.delete()
    with pytest.raises(CommandFailed, match="may only read"):
        run(
            ["git", "-C", str(tmp_path / "shop"), "push", "-q", "origin", "HEAD:refs/heads/mine"],
            environment={"GIT_SSH_COMMAND": f"ssh -F /dev/null -i {key} -o StrictHostKeyChecking=no"},
        )
    repository.refuse(public)
    with pytest.raises(CommandFailed, match="Permission denied"):
        _clone(repository.local_url, key, tmp_path / "again")


def test_a_commit_changes_adds_and_deletes_files(
    repository: Repository, deploy_key: tuple[Path, str], tmp_path: Path
) -> None:
    key, public = deploy_key
    repository.allow(public)
    first = repository.head()
    second = repository.commit({"VERSION": "2\n", "start*": "#!/bin/sh\n", "README.md": None}, "Second\n\nWith a body")
    assert second == repository.head() != first
    _clone(repository.local_url, key, tmp_path / "shop")
    assert (tmp_path / "shop" / "VERSION").read_text() == "2\n"
    assert (tmp_path / "shop" / "start").stat().st_mode & 0o111
    assert not (tmp_path / "shop" / "README.md").exists()
    assert (tmp_path / "shop" / "app.py").exists()


def test_a_server_clones_from_the_git_host_by_its_name(
    lab: Lab, repository: Repository, prepared_server: Server, deploy_key: tuple[Path, str]
) -> None:
    key, public = deploy_key
    repository.allow(public)
    prepared_server.write("/root/key", key.read_bytes(), "600")
    prepared_server.write("/root/.ssh/known_hosts", f"{lab.git_host.name} {lab.git_host.host_key}\n".encode())
    prepared_server.run(f"GIT_SSH_COMMAND='ssh -i /root/key' git clone -q {repository.url} shop")
    assert prepared_server.run("cat shop/VERSION").strip()


@BOTH_PREPARED
def test_a_server_comes_back_from_a_reboot_with_its_disk(prepared_server: Server) -> None:
    key = prepared_server.host_key
    prepared_server.run(
        "docker create --name kept --restart=always --stop-timeout=1 busybox sleep 1000 && docker start kept"
    )
    prepared_server.run("echo here > /root/note")
    prepared_server.reboot()
    assert prepared_server.run("cat /root/note").strip() == "here"
    assert prepared_server.host_key == key
    assert _soon(lambda: "kept" in prepared_server.run("docker ps --format '{{.Names}}' || true"), 30)


def test_a_snapshot_shows_what_came_went_and_changed(prepared_server: Server) -> None:
    before = prepared_server.snapshot()
    assert not before.compare(prepared_server.snapshot())
    prepared_server.run(
        "echo x > /etc/new.conf; echo >> /etc/motd; rm /etc/issue.net; useradd -r relay;"
        "printf '[Service]\\nExecStart=/bin/sleep 1000\\n' > /etc/systemd/system/some.service; systemctl start some;"
        "docker network create shop >/dev/null; docker create -q --name web --network shop busybox >/dev/null"
    )
    change = before.compare(prepared_server.snapshot())
    assert {"file /etc/new.conf", "account relay", "unit some.service", "active-unit some.service"} <= change.added
    assert {"network shop", "container web", "image busybox:latest"} <= change.added
    assert "file /etc/motd" in change.changed
    assert "file /etc/issue.net" in change.removed
    assert not change.without(
        "file /etc/", "account relay", "unit some", "active-unit some", "network", "container", "image"
    )


def test_a_frozen_sshd_accepts_packets_and_says_nothing(fresh_server: Server) -> None:
    with fresh_server.frozen_sshd(), pytest.raises(subprocess.TimeoutExpired):
        fresh_server.run("true", timeout_s=2)
    assert fresh_server.run("echo back").strip() == "back"


def test_cut_connections_end_sessions_and_welcome_new_ones(fresh_server: Server) -> None:
    session = subprocess.Popen([*fresh_server.ssh_arguments(), "echo up; sleep 60"], stdout=subprocess.PIPE)
    try:
        assert session.stdout is not None
        assert session.stdout.readline() == b"up\n"
        fresh_server.cut_connections()
        assert session.wait(10) != 0
    finally:
        session.kill()
        session.communicate()
    assert fresh_server.run("echo back").strip() == "back"


def test_an_unplugged_server_is_out_of_reach_until_it_is_plugged_in(fresh_server: Server) -> None:
    fresh_server.unplug()
    with pytest.raises((CommandFailed, subprocess.TimeoutExpired)):
        fresh_server.run("true", timeout_s=5)
    fresh_server.plug()
    assert fresh_server.run("echo back").strip() == "back"


def test_a_server_whose_test_run_was_killed_is_swept_away(lab: Lab) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    abandoned = rent(lab.internet, lab.key, Debian.TRIXIE, owner=f"{ended.pid}-1")
    kept = lab.rent()
    try:
        remove_abandoned()
        names = {server.name for server in lab.servers()}
        assert abandoned.name not in names
        assert kept.name in names
    finally:
        abandoned.remove()
        kept.remove()


def test_a_port_is_taken_where_a_socket_listens_on_every_address_and_only_there() -> None:
    head = "  sl  local_address rem_address   st\n"
    everywhere = "   0: 00000000:0016 00000000:0000 0A\n"
    on_loopback = "   0: CD000A7F:0016 00000000:0000 0A\n"
    a_session = "   0: 00000000:0016 0100007F:C350 01\n"
    on_every_ipv6 = f"   0: {'0' * 32}:0016 {'0' * 32}:0000 0A\n"
    assert listens_everywhere(head + on_loopback + everywhere, 22)
    assert listens_everywhere(head + on_every_ipv6, 22)
    assert not listens_everywhere(head + on_loopback + a_session, 22)
    assert not listens_everywhere(head + everywhere, 80)


def test_the_subnet_hides_nothing_that_the_machine_needs() -> None:
    candidates = ("10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24")
    used, needed = [ipaddress.IPv4Network("10.1.0.0/16")], [ipaddress.IPv4Address("10.2.0.9")]
    assert str(free_subnet(candidates, used, needed)) == "10.3.0.0/24"
    with pytest.raises(LabUnavailable):
        free_subnet(candidates[:2], used, needed)


class _Flaky(http.server.BaseHTTPRequestHandler):
    """Answers well, except that every twentieth request is dropped or refused."""

    protocol_version = "HTTP/1.1"
    served = 0
    is_flaky = True

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).served += 1
        if self.is_flaky and self.served % 20 == 0:
            self.close_connection = True
            return
        status = 502 if self.is_flaky and self.served % 20 == 10 else 200
        self.send_response(status)
        self.send_header("X-Version", "1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = _answer  # noqa: N815 - names that the base class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def site() -> Iterator[tuple[type[_Flaky], int]]:
    handler = type("Site", (_Flaky,), {"served": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield handler, server.server_address[1]
        server.shutdown()
        thread.join()


def test_visitors_count_every_request_they_lose(site: tuple[type[_Flaky], int]) -> None:
    handler, port = site
    with Traffic(Visit("127.0.0.1", "shop", port, slowest_s=0.1, connections=8)) as traffic:
        traffic.wait_for(300)
    reasons = {loss.reason.partition(":")[0] for loss in traffic.lost}
    assert len(traffic.lost) in (handler.served // 10, handler.served // 10 - 1)
    assert any("502" in loss.reason for loss in traffic.lost)
    assert reasons
    assert traffic.sent == handler.served == sum(traffic.by_method.values())


def test_visitors_of_a_good_site_lose_nothing_and_stop_at_their_bound(site: tuple[type[_Flaky], int]) -> None:
    handler, port = site
    handler.is_flaky = False
    with Traffic(Visit("127.0.0.1", "shop", port, slowest_s=0.1, most_requests=200)) as traffic:
        assert _soon(lambda: traffic.sent >= 200)
    assert traffic.lost == []
    assert traffic.versions == {"1": traffic.sent}
    assert set(traffic.by_method) == {"GET", "POST"}
    assert 200 <= traffic.sent < 250


def test_visitors_go_nowhere_but_to_this_machine() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Visit("10.0.0.1", "shop")


def _soon(is_true: Callable[[], bool], timeout_s: float = 10) -> bool:
    give_up = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True
