from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.remote.ssh.addresses import ServerAddress, parse_address
from godploy_desktop.remote.ssh.ssh_config import SshConfig
from godploy_server.contract import BadInput


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("web-1", ServerAddress("web-1")),
        ("jane@web-1", ServerAddress("web-1", "jane")),
        ("jane@example.com:2222", ServerAddress("example.com", "jane", 2222)),
        ("ssh://root@10.0.0.5:22/", ServerAddress("10.0.0.5", "root", 22)),
        ("root@[2001:db8::1]:2200", ServerAddress("2001:db8::1", "root", 2200)),
        ("2001:db8::1", ServerAddress("2001:db8::1")),
        ("jane@corp.example@host", ServerAddress("host", "jane@corp.example")),
    ],
)
def test_an_address_is_read_as_ssh_reads_it(text: str, address: ServerAddress) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "jane@", "host:", "host:0", "host:70000", "host:x", "-oProxyCommand=x", "a b"])
def test_what_is_no_address_is_refused_with_words(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_address(text)
    assert "user@host" in refused.value.problem.next_step


@given(
    st.builds(
        ServerAddress,
        st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,10}){0,3}", fullmatch=True) | st.ip_addresses(v=6).map(str),
        st.none() | st.from_regex(r"[a-z]{1,12}", fullmatch=True),
        st.none() | st.integers(1, 65535),
    )
)
def test_what_is_written_is_read_back(address: ServerAddress) -> None:
    assert parse_address(str(address)) == address


def test_the_configuration_fills_what_the_person_left_open(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "Host web\n  HostName 10.1.2.3\n  User deploy\n  Port 2200\n  IdentityFile ~/.ssh/work\n  ProxyJump gate\n"
        "Host gate\n  HostName gate.example.com\nHost *\n  User other\n"
    )
    gate, web = SshConfig(config).route(ServerAddress("web"))
    assert (gate.host, gate.port, gate.user) == ("gate.example.com", 22, "other")
    assert (web.host, web.port, web.user) == ("10.1.2.3", 2200, "deploy")
    assert web.identity_files == (Path("~/.ssh/work").expanduser(),)
    assert web.is_identity_named
    assert not gate.is_identity_named


def test_what_the_person_says_wins_over_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host web\n  User deploy\n  Port 2200\n  IdentityFile /keys/configured\n")
    (web,) = SshConfig(config).route(ServerAddress("web", "root", 22, Path("/keys/mine")))
    assert (web.user, web.port) == ("root", 22)
    assert web.identity_files == (Path("/keys/mine"), Path("/keys/configured"))


def test_a_chain_of_jumps_is_kept_in_order(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host web\n  ProxyJump jane@one:2201,two\n")
    assert [str(hop) for hop in SshConfig(config).route(ServerAddress("web"))] == [
        "jane@one:2201",
        "root@two",
        "root@web",
    ]


def test_a_circle_of_jumps_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host one\n  ProxyJump two\nHost two\n  ProxyJump one\n")
    with pytest.raises(BadInput) as refused:
        SshConfig(config).route(ServerAddress("one"))
    assert "circle" in refused.value.problem.why


def test_hosts_that_are_named_in_full_are_offered(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host web db\n  User deploy\nHost *.lan !x\n  User y\n")
    assert [(host.name, host.user) for host in SshConfig(config).hosts()] == [("db", "deploy"), ("web", "deploy")]


def test_no_configuration_is_an_empty_one(tmp_path: Path) -> None:
    (hop,) = SshConfig(tmp_path / "absent").route(ServerAddress("web"))
    assert (hop.host, hop.port, hop.user) == ("web", 22, "root")
