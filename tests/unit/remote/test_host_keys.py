from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from godploy_desktop.remote.ssh.host_keys import (
    HostKey,
    KnownHosts,
    Verdict,
    judge,
    known_name,
    parse_known_hosts,
)

OLD = HostKey("ssh-ed25519", b"old key")
NEW = HostKey("ssh-ed25519", b"new key")


def line(names: str, key: HostKey, marker: str = "") -> str:
    return f"{marker} {names} {key.key_type} {base64.b64encode(key.blob).decode()}".strip()


@pytest.mark.parametrize(
    ("names", "name", "covers"),
    [
        ("web", "web", True),
        ("web,10.0.0.1", "10.0.0.1", True),
        ("web", "[web]:2222", False),
        ("[web]:2222", "[web]:2222", True),
        ("*.example.com", "shop.example.com", True),
        ("*.example.com,!old.example.com", "old.example.com", False),
        ("w?b", "wxb", True),
    ],
)
def test_patterns_are_those_of_known_hosts(names: str, name: str, covers: bool) -> None:
    (known,) = parse_known_hosts(line(names, OLD))
    assert known.covers(name) is covers


def test_hashed_names_as_ssh_keygen_makes_them_are_found(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    kind, blob = key.with_name("key.pub").read_text().split()[:2]
    file = tmp_path / "known_hosts"
    file.write_text(f"[web]:2222 {kind} {blob}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True)
    assert "web" not in file.read_text()
    (known,) = parse_known_hosts(file.read_text())
    assert known.covers("[web]:2222")
    assert not known.covers("web")


def test_a_line_that_cannot_be_used_hides_no_other() -> None:
    text = "\n".join(
        (
            "# comment",
            line("*", OLD, "@cert-authority"),
            "broken",
            "web ssh-ed25519 not-base64!",
            "web 2048 35 123456",
            line("web", NEW),
        )
    )
    assert [known.key for known in parse_known_hosts(text)] == [NEW]


def test_what_is_known_decides() -> None:
    known = list(parse_known_hosts(line("web", OLD)))
    assert judge("web", OLD, known, []) is Verdict.TRUSTED
    assert judge("web", NEW, known, []) is Verdict.CHANGED
    assert judge("db", NEW, known, []) is Verdict.UNKNOWN


def test_an_own_decision_wins_over_the_users_file_but_never_over_a_revocation() -> None:
    users = list(parse_known_hosts(line("web", OLD)))
    own = list(parse_known_hosts(line("web", NEW)))
    assert judge("web", NEW, own, users) is Verdict.TRUSTED
    revoked = list(parse_known_hosts(line("*", NEW, "@revoked")))
    assert judge("web", NEW, own, [*users, *revoked]) is Verdict.REVOKED


def test_a_host_that_the_user_knows_is_taken_over(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(line("web", OLD) + "\n")
    own = tmp_path / "profile" / "known_hosts"
    assert KnownHosts(own, users).judge("web", OLD) is Verdict.TRUSTED
    users.unlink()
    assert KnownHosts(own, users).judge("web", OLD) is Verdict.TRUSTED
    assert own.stat().st_mode & 0o777 == 0o600


def test_trust_in_a_new_key_ends_that_in_the_old(tmp_path: Path) -> None:
    hosts = KnownHosts(tmp_path / "known_hosts", None)
    hosts.trust("web", OLD)
    hosts.trust("db", OLD)
    hosts.trust("web", NEW)
    assert hosts.keys("web") == (NEW,)
    assert hosts.keys("db") == (OLD,)
    hosts.forget("web")
    assert hosts.keys("web") == ()


def test_names_and_fingerprints_are_those_of_openssh(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    kind, blob = key.with_name("key.pub").read_text().split()[:2]
    listed = subprocess.run(["ssh-keygen", "-lf", str(key)], check=True, capture_output=True, text=True).stdout
    assert HostKey(kind, base64.b64decode(blob)).fingerprint == listed.split()[1]
    assert known_name("Web", 22) == "web"
    assert known_name("web", 2222) == "[web]:2222"
