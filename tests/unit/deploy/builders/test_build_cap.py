"""How much builds may use together, and the cgroup files that hold them to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from godploy_server.contract import BUILD_GROUP, AgentSettings
from godploy_server.deploy.build_cap import (
    Cap,
    DockerKind,
    Setting,
    cap_of,
    count_in,
    described,
    group_of,
    settings_of,
    unit_properties,
    was_killed,
)
from godploy_server.deploy.build_group import BuildGroup, limit_group

GIB = 1 << 30
CAP = Cap(3 * GIB, 1.5)


def test_without_settings_a_quarter_of_the_memory_and_half_a_core_stay_free() -> None:
    assert cap_of(AgentSettings(), 4 * GIB, 2) == CAP
    assert cap_of(AgentSettings(), 4 * GIB, 1).cpus == 0.5
    assert cap_of(AgentSettings(build_memory_bytes=GIB, build_cpus=4), 4 * GIB, 2) == Cap(GIB, 4)


def test_the_files_of_both_kinds_of_cgroups() -> None:
    assert settings_of("g", CAP, "2") == [
        Setting("g/memory.max", str(3 * GIB)),
        Setting("g/memory.swap.max", "0", is_optional=True),
        Setting("g/cpu.max", "150000 100000"),
    ]
    assert [(each.path, each.value) for each in settings_of("g", CAP, "1")] == [
        ("memory/g/memory.memsw.limit_in_bytes", "-1"),
        ("memory/g/memory.limit_in_bytes", str(3 * GIB)),
        ("memory/g/memory.memsw.limit_in_bytes", str(3 * GIB)),
        ("cpu/g/cpu.cfs_period_us", "100000"),
        ("cpu/g/cpu.cfs_quota_us", "150000"),
    ]
    assert unit_properties(CAP)[2:] == [f"MemoryMax={3 * GIB}", "MemorySwapMax=0", "CPUQuota=150%"]


@pytest.mark.parametrize(
    ("kind", "group", "image_parent", "container_parent"),
    [
        (DockerKind("cgroupfs", "1", is_integrated=False), BUILD_GROUP, BUILD_GROUP, f"/{BUILD_GROUP}"),
        (DockerKind("cgroupfs", "1", is_integrated=True), "docker/buildkit", "", f"/{BUILD_GROUP}"),
        (DockerKind("systemd", "2", is_integrated=False), BUILD_GROUP, BUILD_GROUP, BUILD_GROUP),
        (DockerKind("systemd", "2", is_integrated=True), BUILD_GROUP, "", BUILD_GROUP),
    ],
)
def test_each_kind_of_docker_is_told_the_group_in_its_way(
    tmp_path: Path, kind: DockerKind, group: str, image_parent: str, container_parent: str
) -> None:
    made = BuildGroup(CAP, kind, tmp_path)
    assert (group_of(kind), made.image_parent, made.container_parent) == (group, image_parent, container_parent)


def test_the_limits_are_written_where_the_group_is(tmp_path: Path) -> None:
    limit_group(tmp_path, "g", CAP, "2")
    assert (tmp_path / "g/memory.max").read_text() == str(3 * GIB)
    limit_group(tmp_path, "h", CAP, "1")
    assert (tmp_path / "memory/h/memory.limit_in_bytes").read_text() == str(3 * GIB)
    assert (tmp_path / "cpu/h/cpu.cfs_quota_us").read_text() == "150000"


def test_a_failure_is_the_caps_only_if_the_group_met_it_and_a_program_was_killed(tmp_path: Path) -> None:
    counter = tmp_path / BUILD_GROUP / "memory.events"
    counter.parent.mkdir()
    counter.write_text("low 0\nhigh 0\nmax 9\noom 3\noom_kill 3\n")
    group = BuildGroup(CAP, DockerKind("systemd", "2", is_integrated=False), tmp_path)
    killed = ["RUN make", "exit code: 137"]
    assert group.reached(killed) is None
    counter.write_text("low 0\nhigh 0\nmax 9\noom 4\noom_kill 4\n")
    assert group.reached(["exit code: 1"]) is None
    reached = group.reached(killed)
    assert reached is not None
    assert "3072 MiB" in reached.problem.why


def test_in_version_1_the_most_that_was_used_since_the_build_began_tells(tmp_path: Path) -> None:
    peak = tmp_path / "memory" / "docker/buildkit" / "memory.max_usage_in_bytes"
    peak.parent.mkdir(parents=True)
    peak.write_text(f"{CAP.memory_bytes}\n")  # of an earlier build
    group = BuildGroup(CAP, DockerKind("cgroupfs", "1", is_integrated=True), tmp_path)
    assert peak.read_text() == "0"
    peak.write_text(f"{CAP.memory_bytes // 2}\n")
    assert group.reached(["exit code: 137"]) is None
    peak.write_text(f"{CAP.memory_bytes - 4096}\n")
    assert group.reached(["exit code: 137"]) is not None
    assert group.reached(["exit code: 1"]) is None


def test_steps_without_a_common_group_are_capped_one_by_one(tmp_path: Path) -> None:
    step = tmp_path / "system.slice" / "system.slice:docker:abc"
    step.mkdir(parents=True)
    (step / "memory.events").write_text("oom_kill 1\n")
    group = BuildGroup(CAP, DockerKind("systemd", "2", is_integrated=True), tmp_path)
    group.limit_scattered()
    assert (step / "memory.max").read_text() == str(3 * GIB)
    assert group.reached(["Killed"]) is not None


def test_counters_and_signs_of_a_kill_are_read() -> None:
    assert [count_in(text) for text in ("oom 2\noom_kill 5\n", "", "x y\n")] == [5, 0, 0]
    assert was_killed(["did not complete successfully: exit code: 137"])
    assert was_killed(["fork: Cannot allocate memory"])
    assert was_killed(["ERROR: failed to build: exit status 137"])
    assert not was_killed(["exit code: 1"])
    assert "default" in described(CAP, AgentSettings())
    assert "settings" in described(CAP, AgentSettings(build_cpus=1.5))
