from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.remote.problems import HostKeyChanged, HostKeyRefused, HostKeyRevoked
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh.questions import (
    Credentials,
    HostKeyDecision,
    HostKeyQuestion,
    PromptRequest,
    refuse_host_key,
)
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import NotAllowed, Unreachable
from tests.unit.remote.loopback_sshd import Sshd, free_port, make_key
from tests.unit.remote.password_sshd import PasswordServer

pytestmark = pytest.mark.asyncio

ConnectionTo = Callable[..., SshConnection]


def address(sshd: Sshd, key: Path | None = None, *, use_agent: bool = False) -> ServerAddress:
    return ServerAddress("127.0.0.1", "root", sshd.port, key, use_agent)


async def connects(connection: SshConnection) -> bool:
    await connection.connect()
    try:
        return (await connection.run("echo here")).stdout == b"here\n"
    finally:
        await connection.close()


# host keys


async def test_the_first_contact_is_asked_with_the_fingerprint_and_then_known(
    sshd: Sshd, connection_to: ConnectionTo
) -> None:
    asked: list[HostKeyQuestion] = []

    async def decide(question: HostKeyQuestion) -> HostKeyDecision:
        asked.append(question)
        return HostKeyDecision.TRUST

    assert await connects(connection_to(sshd, decide_host_key=decide))
    assert await connects(connection_to(sshd, decide_host_key=refuse_host_key))
    assert [(each.fingerprint, each.is_changed) for each in asked] == [(sshd.fingerprint(), False)]


async def test_a_refused_first_contact_sends_no_login(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd, decide_host_key=refuse_host_key)
    with pytest.raises(HostKeyRefused) as refused:
        await connection.connect()
    assert sshd.fingerprint() in refused.value.problem.why
    assert connection.state is ConnectionState.FAILED
    assert connection.problem == refused.value.problem
    await connection.close()


async def test_the_users_known_hosts_seed_the_own_store(
    sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    users = tmp_path / "known_hosts"
    users.write_text(f"@cert-authority * {sshd.public_host_key()}\nbroken\n{sshd.known_hosts_line()}\n")
    assert await connects(connection_to(sshd, decide_host_key=refuse_host_key, known_hosts=users))


async def test_a_changed_key_blocks_until_it_is_accepted(sshd: Sshd, connection_to: ConnectionTo) -> None:
    old = sshd.fingerprint()
    assert await connects(connection_to(sshd))
    sshd.stop()
    sshd.new_host_key()
    sshd.start()
    asked: list[HostKeyQuestion] = []

    async def refuse(question: HostKeyQuestion) -> HostKeyDecision:
        asked.append(question)
        return HostKeyDecision.REFUSE

    connection = connection_to(sshd, decide_host_key=refuse)
    with pytest.raises(HostKeyChanged):
        await connection.connect()
    assert connection.state is ConnectionState.BLOCKED
    assert [(each.is_changed, each.known_fingerprints) for each in asked] == [(True, (old,))]
    assert await connects(connection_to(sshd))
    assert await connects(connection_to(sshd, decide_host_key=refuse_host_key))


async def test_a_revoked_key_is_never_asked_about(sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path) -> None:
    users = tmp_path / "known_hosts"
    users.write_text(f"@revoked * {sshd.public_host_key()}\n{sshd.known_hosts_line()}\n")
    connection = connection_to(sshd, known_hosts=users)
    with pytest.raises(HostKeyRevoked):
        await connection.connect()
    assert connection.state is ConnectionState.BLOCKED


async def test_a_known_rsa_key_is_asked_for_although_others_are_preferred(
    make_sshd: Callable[..., Sshd], connection_to: ConnectionTo, tmp_path: Path
) -> None:
    second = make_key(tmp_path / "second_host_key")
    sshd = make_sshd(f"HostKey {second}", host_key_kind="rsa")
    users = tmp_path / "known_hosts"
    users.write_text(sshd.known_hosts_line() + "\n")
    assert await connects(connection_to(sshd, decide_host_key=refuse_host_key, known_hosts=users))


# keys


async def test_a_passphrase_is_asked_once_for_the_life_of_the_connection(
    sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "locked", passphrase="open sesame")
    sshd.authorize(key)
    asked: list[Path] = []

    async def passphrase(path: Path) -> str:
        asked.append(path)
        return "open sesame" if len(asked) > 1 else "wrong"

    connection = connection_to(sshd, address=address(sshd, key), credentials=Credentials(passphrase=passphrase))
    assert await connects(connection)
    assert asked == [key, key]
    assert await connects(connection)
    assert asked == [key, key]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_key_files_of_each_kind_log_in(
    kind: str, sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key", kind=kind)
    sshd.authorize(key)
    assert await connects(connection_to(sshd, address=address(sshd, key)))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    sock = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(sock)], stdout=subprocess.DEVNULL)
    before = os.environ.get("SSH_AUTH_SOCK")
    os.environ["SSH_AUTH_SOCK"] = str(sock)
    while not sock.exists():
        os.sched_yield()
    yield sock
    if before is None:
        del os.environ["SSH_AUTH_SOCK"]
    else:
        os.environ["SSH_AUTH_SOCK"] = before
    process.kill()
    process.wait()


def put_into_agent(key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-a", "1", "-f", str(key)], check=True)


async def test_the_agents_key_logs_in_without_its_passphrase(
    sshd: Sshd, connection_to: ConnectionTo, agent: Path, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "in_agent")
    sshd.authorize(key)
    put_into_agent(key)
    assert await connects(connection_to(sshd, address=address(sshd, key, use_agent=True)))


async def test_a_refused_login_names_everything_that_was_tried(
    sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    stranger = make_key(tmp_path / "stranger")
    with pytest.raises(NotAllowed) as refused:
        await connection_to(sshd, address=address(sshd, stranger)).connect()
    problem = refused.value.problem
    assert str(stranger) in problem.why
    assert "accepts publickey" in problem.why
    assert f"root@127.0.0.1:{sshd.port}" in problem.what


@pytest.mark.parametrize(("content", "words"), [(None, "no such file"), ("nonsense", "not a private key")])
async def test_a_key_that_cannot_be_used_is_named_with_its_reason(
    content: str | None, words: str, sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_text(content)
    with pytest.raises(NotAllowed) as refused:
        await connection_to(sshd, address=address(sshd, key)).connect()
    assert words in refused.value.problem.why


# passwords and questions: a peer that speaks the protocol, since sshd here asks PAM


@pytest.fixture
def password_server(tmp_path: Path) -> Iterator[PasswordServer]:
    server = PasswordServer(make_key(tmp_path / "host", kind="ecdsa"))
    yield server
    server.stop()


def to_password_server(server: PasswordServer, tmp_path: Path, credentials: Credentials) -> SshConnection:
    async def trust(question: HostKeyQuestion) -> HostKeyDecision:
        return HostKeyDecision.TRUST

    return SshConnection(
        ServerAddress("127.0.0.1", "jane", server.port, use_agent=False),
        profile_folder=tmp_path / "profile",
        actor="someone",
        decide_host_key=trust,
        credentials=credentials,
        ssh_config=None,
        known_hosts=None,
    )


async def test_a_wrong_password_is_asked_again(password_server: PasswordServer, tmp_path: Path) -> None:
    answers = iter(["wrong", "right"])
    asked: list[str] = []

    async def password(address: str) -> str:
        asked.append(address)
        return next(answers)

    connection = to_password_server(password_server, tmp_path, Credentials(password=password))
    await connection.connect()
    assert asked == [f"jane@127.0.0.1:{password_server.port}"] * 2
    await connection.close()


async def test_no_password_is_no_login_and_is_said(password_server: PasswordServer, tmp_path: Path) -> None:
    connection = to_password_server(password_server, tmp_path, Credentials())
    with pytest.raises(NotAllowed) as refused:
        await connection.connect()
    assert "none was given" in refused.value.problem.why


async def test_the_servers_questions_are_answered_by_the_person(
    password_server: PasswordServer, tmp_path: Path
) -> None:
    password_server.questions = (("Code: ", False), ("Colour: ", True))
    password_server.answers = ("123456", "blue")
    seen: list[PromptRequest] = []

    async def answers(request: PromptRequest) -> Sequence[str]:
        seen.append(request)
        return ["123456", "blue"]

    connection = to_password_server(password_server, tmp_path, Credentials(answers=answers))
    await connection.connect()
    assert [(prompt.text, prompt.is_echoed) for prompt in seen[0].prompts] == [("Code: ", False), ("Colour: ", True)]
    await connection.close()


# ways


async def test_a_server_behind_another_is_reached_through_it(
    make_sshd: Callable[..., Sshd], connection_to: ConnectionTo, tmp_path: Path
) -> None:
    gate, inner = make_sshd(), make_sshd("AllowTcpForwarding no")
    inner.authorize(gate.user_key)
    config = tmp_path / "config"
    config.write_text(
        f"Host inner\n  HostName 127.0.0.1\n  Port {inner.port}\n  User root\n  IdentityFile {inner.user_key}\n"
        f"  ProxyJump gate\nHost gate\n  HostName 127.0.0.1\n  Port {gate.port}\n  IdentityFile {gate.user_key}\n"
    )
    connection = connection_to(inner, address=ServerAddress("inner", use_agent=False), ssh_config=config)
    await connection.connect()
    ports = (await connection.run("echo $SSH_CONNECTION")).stdout.split()
    assert int(ports[3]) == inner.port
    assert len(gate.sessions()) > 0
    await connection.close()


async def test_a_port_that_nobody_listens_on_is_said_in_words(connection_to: ConnectionTo, sshd: Sshd) -> None:
    there = ServerAddress("127.0.0.1", "root", free_port(), use_agent=False)
    connection = connection_to(sshd, address=there)
    with pytest.raises(Unreachable) as failed:
        await connection.connect()
    assert failed.value.problem.why == "nothing listens on that port"
    assert connection.state is ConnectionState.FAILED
