from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server.contract import (
    DeploymentId,
    Problem,
    Release,
    ServiceId,
    Step,
    Variable,
)
from godploy_server.deploy.attempt import possible_secrets
from godploy_server.deploy.children import ChildTimeout, child_environment, end_session, run_child
from godploy_server.deploy.keys import ensure_deploy_key, remove_service_files
from godploy_server.deploy.log import DeploymentLog
from godploy_server.deploy.probing import crash_reason
from godploy_server.deploy.retention import outdated
from godploy_server.ingress.asking import is_healthy
from godploy_server.runtime.release_containers import ContainerHealth
from godploy_server.state.paths import Paths
from tests.unit.deploy.conftest import run


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path / "state", tmp_path / "run")
    made.prepare()
    return made


def test_a_childs_lines_arrive_whole_while_it_runs() -> None:
    lines: list[bytes] = []
    script = "printf 'a\\nb'; sleep 0.2; printf 'c\\nd'; echo e >&2; exit 3"
    code = run(run_child(["sh", "-c", script], environment=os.environ, on_output=lines.append, timeout_s=20))
    assert code == 3
    assert lines[0] == b"a\n"
    assert b"".join(lines) == b"a\nbc\nde\n"
    assert all(each.endswith(b"\n") for each in lines)


def test_a_cancelled_child_ends_with_all_that_it_started(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 300 & echo $! > {tmp_path}/pid; wait"

    async def story() -> float:
        work = asyncio.ensure_future(
            run_child(["sh", "-c", script], environment=os.environ, on_output=lambda _: None, timeout_s=60)
        )
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110  a file's arrival
            await asyncio.sleep(0.02)
        began = time.monotonic()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        return time.monotonic() - began

    assert run(story()) < 20  # of the 300 s that it would have gone on
    assert _is_gone(int((tmp_path / "pid").read_text()))


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ChildTimeout):
        run(run_child(["sleep", "60"], environment=os.environ, on_output=lambda _: None, timeout_s=0.2))


def test_what_a_killed_job_left_behind_is_found_by_its_session(tmp_path: Path) -> None:
    script = "set -m; (sleep 300 & echo $! > pid; wait) & wait"
    leader = subprocess.Popen(["bash", "-c", script], cwd=tmp_path, start_new_session=True)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    leader.kill()
    leader.wait()
    orphan = int((tmp_path / "pid").read_text())
    assert _lives(orphan)
    ended = end_session(leader.pid)
    assert orphan in ended
    assert all(_is_gone(each) for each in ended)
    assert end_session(leader.pid) == []


def _is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5  # a kill takes effect when the process is scheduled
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_children_get_nothing_that_would_steer_git_or_docker() -> None:
    own = {"PATH": "/bin", "GIT_DIR": "/x", "DOCKER_HOST": "tcp://x", "BUILDKIT_HOST": "y", "https_proxy": "z"}
    assert child_environment(own, {"A": "b"}) == {"PATH": "/bin", "https_proxy": "z", "LC_ALL": "C.UTF-8", "A": "b"}


def test_a_log_is_written_as_it_comes_with_step_lines_and_without_secrets(paths: Paths) -> None:
    log = DeploymentLog(paths, DeploymentId("d1"))
    log.hide(["s3cret-value", "first line\nsecond line of a key", "ab"])
    log.step(Step.BUILD)
    log.write(b"\x1b[32mok\x1b[0m s3cret-value ab\n")
    log.write(b"second line of a key\n")
    assert paths.log("d1").read_bytes() == b"== build ==\n\x1b[32mok\x1b[0m [REDACTED] ab\n[REDACTED]\n"
    log.close()


def test_a_secret_that_was_removed_since_is_still_kept_out_of_the_log() -> None:
    environment = {"KEPT": "one-secret", "GONE": "old-secret", "MODE": "market", "SHOWN": "was-secret"}
    known = [Variable("KEPT", None, is_secret=True), Variable("MODE", "market"), Variable("SHOWN", "other-value")]
    assert possible_secrets(environment, known) == ["one-secret", "old-secret", "was-secret"]


def test_the_words_of_a_program_that_failed_are_kept_without_secrets(paths: Paths) -> None:
    log = DeploymentLog(paths, DeploymentId("d1"))
    log.hide(["s3cret-value"])
    problem = Problem("deployment-failed", "It failed", "its last line: no s3cret-value here", "Look")
    assert log.without_secrets(problem).why == "its last line: no [REDACTED] here"
    log.close()


def test_the_agent_is_told_but_never_needed(paths: Paths) -> None:
    log = DeploymentLog(paths, DeploymentId("d1"))
    log.say("nobody listens yet")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
        agent.bind(str(paths.notify_socket))
        agent.settimeout(5)

        async def story() -> None:
            for number in range(100):
                log.say(f"line {number}")
            await asyncio.sleep(0.15)

        run(story())
        log.step(Step.PROBE)
        log.close()
        told = [agent.recv(100) for _ in range(3)]
        agent.setblocking(False)
        with pytest.raises(BlockingIOError):
            agent.recv(100)
    assert told == [b"log d1", b"deployment d1", b"log d1"]


def test_a_deploy_key_is_made_once_and_works_with_ssh(paths: Paths) -> None:
    line = ensure_deploy_key(paths, ServiceId("s1"), "godploy shop")
    assert ensure_deploy_key(paths, ServiceId("s1"), "other") == line
    private = paths.deploy_key("s1")
    assert private.stat().st_mode & 0o777 == 0o600
    derived = subprocess.run(["ssh-keygen", "-y", "-f", str(private)], capture_output=True, text=True, check=True)
    assert line.split()[:2] == derived.stdout.split()[:2]
    assert line.endswith("godploy shop")
    remove_service_files(paths, ServiceId("s1"))
    remove_service_files(paths, ServiceId("s1"))
    assert not private.exists()


def release(number: int, *, is_serving: bool = False) -> Release:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Release(ServiceId("s"), number, "", "", "", "", at, DeploymentId("d"), is_serving, False)


@given(st.sets(st.integers(1, 60)), st.integers(0, 20), st.integers(1, 60))
def test_the_newest_releases_and_the_one_that_serves_stay(numbers: set[int], kept: int, serving: int) -> None:
    gone = outdated([release(each, is_serving=each == serving) for each in numbers], kept)
    assert serving not in gone
    assert set(gone) <= numbers
    newest = sorted(numbers, reverse=True)[: max(kept, 1)]
    assert set(gone) == numbers - set(newest) - {serving}


def health(*, running: bool = True, restarts: int = 0, code: int = 0, out_of_memory: bool = False) -> ContainerHealth:
    return ContainerHealth(running, restarts, code, out_of_memory, "")


def test_a_crash_loop_is_told_from_a_slow_start() -> None:
    assert crash_reason(health(), 0, 2) == ""
    assert crash_reason(health(running=False, restarts=1, code=1), 0, 2) == ""
    assert (
        crash_reason(health(running=False, restarts=3, code=1), 0, 2) == "its program ended with exit code 1, 3 times"
    )
    assert "memory" in crash_reason(health(running=False, restarts=1, code=137, out_of_memory=True), 0, 2)


def test_after_the_probe_one_end_is_one_too_many_but_earlier_ones_are_forgiven() -> None:
    assert crash_reason(health(restarts=2), 2, 0) == ""
    assert crash_reason(health(restarts=3, code=9), 2, 0) == "its program ended with exit code 9"
    assert crash_reason(health(running=False, code=0), 0, 0) == "its program ended with exit code 0"


@pytest.mark.parametrize(
    ("status", "healthy"), [(199, False), (200, True), (302, True), (399, True), (404, False), (502, False)]
)
def test_health_is_a_status_from_200_to_399(status: int, healthy: bool) -> None:
    assert is_healthy(status) is healthy
