from datetime import UTC, datetime, timedelta

import pytest

from godploy_server.contract import CertificateState, Domain
from godploy_server.watch.certificates import due
from godploy_server.watch.container_facts import ContainerFacts, Health, Phase, docker_time, facts_of
from godploy_server.watch.container_load import ContainerLoad, from_docker, read_cgroup
from godploy_server.watch.rings import REMEMBERED_S, Ring
from godploy_server.watch.server_load import Counters, read_counters, server_metrics

ID = "ab" * 32
NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:  999999    1    0    0    0     0          0         0   999999    1    0    0    0     0       0          0
  eth0:    1000    1    0    0    0     0          0         0     2000    1    0    0    0     0       0          0
vethab:  500000    1    0    0    0     0          0         0   500000    1    0    0    0     0       0          0
"""


def write(folder, files):
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_the_load_of_a_server_is_the_growth_between_two_readings(tmp_path):
    write(tmp_path, {
        "stat": "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1\n",
        "net/dev": NET_DEV, "loadavg": "1.50 1.0 1.0 1/100 1\n",
        "meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n",
    })  # fmt: skip
    now = read_counters(tmp_path)
    assert now == Counters(200, 1000, 1000, 2000)
    at = datetime.now(UTC)
    found = server_metrics(Counters(100, 600, 0, 5000), now, 2.0, at, tmp_path, tmp_path)
    assert found.cpu_fraction == 0.25
    assert (found.memory_used_bytes, found.memory_total_bytes) == (600 * 1024, 1000 * 1024)
    assert (found.received_bytes_s, found.sent_bytes_s) == (500.0, 0.0)
    assert found.load_1m == 1.5
    assert 0 < found.disk_used_bytes <= found.disk_total_bytes


def running(pid=42):
    return ContainerFacts(ID, "p", "s", 1, 1, Phase.RUNNING, pid=pid)


def test_a_container_is_read_from_cgroup_version_2(tmp_path):
    group = f"system.slice/docker-{ID}.scope"
    write(tmp_path, {
        "42/cgroup": f"0::/{group}\n", "42/net/dev": NET_DEV,
        f"cg/{group}/cpu.stat": "usage_usec 2500000\nuser_usec 1\n", f"cg/{group}/memory.current": "5000\n",
        f"cg/{group}/memory.stat": "anon 1\ninactive_file 1000\n", f"cg/{group}/memory.max": "max\n",
    })  # fmt: skip
    found = read_cgroup(running(), tmp_path, tmp_path / "cg")
    assert found == ContainerLoad(2.5, 4000, 0, 501000, 502000)
    write(tmp_path, {f"cg/{group}/memory.max": "8000\n"})
    assert read_cgroup(running(), tmp_path, tmp_path / "cg").memory_limit_bytes == 8000


def test_a_container_is_read_from_cgroup_version_1(tmp_path):
    write(tmp_path, {
        "42/cgroup": f"4:memory:/docker/{ID}\n3:cpu,cpuacct:/docker/{ID}\n0::/\n", "42/net/dev": NET_DEV,
        f"cg/cpu,cpuacct/docker/{ID}/cpuacct.usage": "1500000000\n",
        f"cg/memory/docker/{ID}/memory.usage_in_bytes": "7000\n",
        f"cg/memory/docker/{ID}/memory.limit_in_bytes": "9223372036854771712\n",
        f"cg/memory/docker/{ID}/memory.stat": "total_inactive_file 2000\n",
    })  # fmt: skip
    assert read_cgroup(running(), tmp_path, tmp_path / "cg") == ContainerLoad(1.5, 5000, 0, 501000, 502000)


def test_a_pid_that_belongs_to_something_else_is_not_believed(tmp_path):
    write(
        tmp_path, {"42/cgroup": "0::/user.slice\n", "42/net/dev": NET_DEV, "cg/user.slice/cpu.stat": "usage_usec 1\n"}
    )
    assert read_cgroup(running(), tmp_path, tmp_path / "cg") is None
    assert read_cgroup(running(pid=0), tmp_path, tmp_path / "cg") is None


def test_docker_is_asked_where_files_cannot_be_read():
    stats = {
        "cpu_stats": {"cpu_usage": {"total_usage": 3_000_000_000}},
        "memory_stats": {"usage": 900, "stats": {"inactive_file": 100}, "limit": 2**63},
        "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 3, "tx_bytes": 4}},
    }
    assert from_docker(stats) == ContainerLoad(3.0, 800, 0, 4, 6)
    assert from_docker({}) == ContainerLoad(0.0, 0, 0, 0, 0)


def test_an_hour_is_remembered_at_a_grain_and_no_more():
    ring = Ring(2)
    for second in range(0, 3 * 3600, 2):
        ring.add((float(second), second * 2.0))
    rows = list(ring.rows())
    assert rows[-1][0] - rows[0][0] <= REMEMBERED_S
    assert 350 <= len(rows) <= 361
    assert all(row[1] == row[0] * 2 for row in rows)


def test_a_clock_that_was_set_back_does_not_stop_the_memory():
    ring = Ring(1)
    ring.add((1000.0,))
    ring.add((10.0,))
    ring.add((20.0,))
    assert list(ring.rows()) == [(10.0,), (20.0,)]


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-01T00:00:00.123456789Z", 123456),
        ("2026-11-01T00:00:00.5Z", 500000),
        ("2026-11-01T00:00:00Z", 0),
        ("2026-11-01T02:00:00.000001+02:00", 1),
    ],
)
def test_the_times_of_docker_are_read(text, microsecond):
    assert docker_time(text) == datetime(2026, 11, 1, microsecond=microsecond, tzinfo=UTC)


def test_only_containers_of_releases_are_ours():
    labels = {"godploy.service": "s", "godploy.project": "p", "godploy.release": "3", "godploy.replica": "2"}
    inspected = {
        "Id": ID,
        "Config": {"Labels": labels},
        "State": {"Status": "running", "Pid": 7, "StartedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "healthy"}},
        "RestartCount": 1,
    }
    found = facts_of(inspected)
    assert (found.short_name, found.restarts, found.started_at, found.health) == ("r3-2", 1, None, Health.HEALTHY)
    runs = [{"Output": "ready\n"}, {"Output": "waiting\nno response\n"}]
    sick = {**inspected, "State": {**inspected["State"], "Health": {"Status": "unhealthy", "Log": runs}}}
    assert (facts_of(sick).health, facts_of(sick).complaint) == (Health.UNHEALTHY, "no response")
    well = {**inspected, "State": {**inspected["State"], "Health": {"Status": "healthy", "Log": runs}}}
    assert (facts_of(well).health, facts_of(well).complaint) == (Health.HEALTHY, "")
    assert facts_of({**inspected, "Config": {"Labels": None}}) is None
    assert facts_of({**inspected, "Config": {"Labels": {**labels, "godploy.release": "x"}}}) is None


def domain(state, tls=True):
    return Domain("d", "s", "shop.example.com", "/", tls, state)


def test_a_domain_is_looked_at_when_its_state_says_so():
    assert due(domain(CertificateState.PENDING), None, 0.0)
    assert not due(domain(CertificateState.NONE, tls=False), None, 0.0)
    assert not due(domain(CertificateState.FAILED), 0.0, 600.0)
    assert due(domain(CertificateState.FAILED), 0.0, timedelta(hours=1).total_seconds())


def test_another_certificate_authority_makes_every_certificate_due_once():
    for state in (CertificateState.VALID, CertificateState.FAILED, CertificateState.WAITING_FOR_DNS):
        assert due(domain(state), 100.0, 101.0, authority_since=100.5)
        assert not due(domain(state), 101.0, 102.0, authority_since=100.5)
    assert not due(domain(CertificateState.NONE, tls=False), 100.0, 101.0, authority_since=100.5)
