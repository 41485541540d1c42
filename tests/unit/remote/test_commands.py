from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from godploy_desktop.remote.connection import Connection
from godploy_desktop.remote.local import LocalConnection
from godploy_desktop.remote.problems import CommandFailed, CommandTimedOut
from godploy_desktop.remote.ssh.unix_access import (
    SocketAccess,
    as_root_command,
    parse_access,
    parse_group,
    parse_probe,
    relay_command,
)
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import Unreachable
from tests.unit.remote.loopback_sshd import Sshd
from tests.unit.remote.waiting import until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(params=["ssh", "local"])
async def connection(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connection]:
    if request.param == "local":
        yield LocalConnection(state_dir=tmp_path / "state", run_dir=tmp_path / "run", actor="someone")
        return
    sshd: Sshd = request.getfixturevalue("sshd")
    connection_to: Callable[..., SshConnection] = request.getfixturevalue("connection_to")
    connection = connection_to(sshd)
    await connection.connect()
    yield connection
    await connection.close()


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


async def ends(pid: int) -> None:
    await until(lambda: not runs(pid))


async def test_a_command_gets_its_input_and_gives_its_output_and_exit_code(connection: Connection) -> None:
    result = await connection.run("cat; echo 'to stderr' >&2; exit 3", b"from stdin")
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"from stdin", b"to stderr\n")
    assert not result.ok


async def test_exit_codes_are_never_lost(connection: Connection) -> None:
    codes = [(await connection.run(f"exit {code}")).exit_code for code in range(20)]
    assert codes == list(range(20))


async def test_much_input_and_output_at_once_does_not_block(connection: Connection) -> None:
    content = os.urandom(3_000_000)
    assert (await connection.run("cat", content)).stdout == content
    assert (await connection.run("cat >&2; echo done", content)).stdout == b"done\n"


async def test_lines_come_as_they_are_written(connection: Connection) -> None:
    running = connection.run_lines("printf 'one\\ntwo\\r\\nthr'; sleep 0.2; printf 'ee\\n\\nlast'; exit 4")
    assert [line async for line in running] == ["one", "two", "three", "", "last"]
    assert (await running.wait()).exit_code == 4


async def test_leaving_the_lines_ends_the_whole_process_group(connection: Connection) -> None:
    running = connection.run_lines("sleep 600 & echo $!; echo $$; wait")
    pids = []
    async for line in running:
        pids.append(int(line))
        if len(pids) == 2:
            break
    await running.aclose()
    for pid in pids:
        await ends(pid)


async def test_a_command_that_was_left_is_not_run_again(connection: Connection, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    running = connection.run_lines(f"echo x >> {marks}; echo; sleep 600")
    async for _ in running:
        break
    await running.aclose()
    with pytest.raises(Unreachable):
        await running.wait()
    assert (await connection.run(f"cat {marks}")).stdout == b"x\n"


async def test_a_cancelled_task_ends_the_command(connection: Connection, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    task = asyncio.create_task(connection.run(f"echo $$ > {pid_file}; exec sleep 600"))
    await until(lambda: pid_file.exists() and pid_file.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ends(int(pid_file.read_text()))


async def test_a_command_that_ignores_the_request_to_end_is_ended_all_the_same(connection: Connection) -> None:
    running = connection.run_lines("trap '' TERM; echo $$; while :; do sleep 0.1; done")
    async for line in running:
        pid = int(line)
        break
    await running.aclose()
    await ends(pid)


async def test_a_command_has_its_time_and_no_more(connection: Connection, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    for timeout_s in (0.5, 5, 30):  # the longer ones where it has not even begun by then
        with pytest.raises(CommandTimedOut) as late:
            await connection.run(f"echo $$ > {pid_file}; exec sleep 600", timeout_s=timeout_s)
        assert late.value.problem.code == "command-timed-out"
        if pid_file.exists() and pid_file.read_text():
            break
    await ends(int(pid_file.read_text()))


async def test_a_file_is_written_whole_with_its_mode_and_progress(connection: Connection, tmp_path: Path) -> None:
    content = os.urandom(700_000)
    target = tmp_path / "it's here"
    steps: list[float] = []
    await connection.put_file(content, str(target), 0o640, steps.append)
    assert target.read_bytes() == content
    assert target.stat().st_mode & 0o7777 == 0o640
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    source = tmp_path / "source"
    source.write_bytes(b"from a file")
    await connection.put_file(source, str(target))
    assert target.read_bytes() == b"from a file"
    assert (await connection.run(f"ls {tmp_path} | grep -- -part")).stdout == b""


async def test_a_file_that_cannot_be_written_says_why(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as failed:
        await connection.put_file(b"x", str(tmp_path / "absent" / "file"))
    assert "absent" in failed.value.problem.why


async def test_a_connection_that_is_cut_is_not_taken_for_a_command_that_ended(
    sshd: Sshd, connection_to: Callable[..., SshConnection]
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    running = asyncio.create_task(connection.run("sleep 600"))
    await asyncio.sleep(0.5)
    sshd.signal_sessions(signal.SIGKILL)
    with pytest.raises(Unreachable):
        await running
    await connection.close()


async def test_a_secret_on_stdin_is_on_no_command_line(connection: Connection) -> None:
    result = await connection.run("cat > /dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '", b"hunter-7")
    assert b"hunter-7" not in result.stdout


# pure: command lines and what they print


async def test_the_probe_is_read_among_what_a_login_shell_prints() -> None:
    facts = parse_probe(
        b"Welcome!\ngodploy-answer uid=1000\ngodploy-answer python=/usr/bin/python3\n"
        b"godploy-answer docker=\ngodploy-answer sudo=yes\n"
    )
    assert (facts.uid, facts.python, facts.docker, facts.has_sudo) == (1000, "/usr/bin/python3", "", True)
    assert parse_probe(b"This account is not available.\n").uid is None


async def test_docker_is_joined_by_its_own_command_and_others_by_python() -> None:
    facts = parse_probe(b"godploy-answer python=/p\ngodploy-answer docker=/d\n")
    assert relay_command("/var/run/docker.sock", facts, as_root=False) == (
        "docker -H unix:///var/run/docker.sock system dial-stdio"
    )
    other = relay_command("/run/godploy/agent.sock", facts, as_root=True)
    assert other is not None
    assert other.startswith("sudo -n -- sh -c ")
    assert relay_command("/run/x", parse_probe(b""), as_root=False) is None


async def test_answers_are_told_from_noise() -> None:
    assert parse_access(b"motd\ngodploy-answer needs-root\n") is SocketAccess.NEEDS_ROOT
    assert parse_access(b"") is SocketAccess.ABSENT
    assert parse_group(b"noise\ngodploy-answer pid=77\nreal error\n") == (77, b"noise\nreal error\n")
    assert as_root_command("echo 'a b'") == "sudo -n -- sh -c 'echo '\"'\"'a b'\"'\"''"
