"""Host keys of git hosts, as an agent tells of them."""

from datetime import datetime, timedelta

from godploy_server.contract import (
    HostKey,
    HostKeyChanged,
    HostKeyOrigin,
    HostKeyUnknown,
    SourceCheck,
    TrustedHostKey,
)
from tests.gui.recorded.snapshots import NOW

COMMIT = "4be1c07f2a91d3e58f6b0c4d2e9a7b15c3d80f62"
CHECK = SourceCheck(
    "git@git.example.com:storefront/api.git", "branch “main”", COMMIT, "main",
    f"The repository can be read; its branch “main” stands at {COMMIT[:12]}",
)  # fmt: skip
SHOWN = (
    HostKey("", "ssh-ed25519", "AAAAC3Nz-shown", "SHA256:s7iP2cVYbYQnY9dYlq3mVUo1bm0q0x8J5b0ZlWk4c2E"),
    HostKey("", "ssh-rsa", "AAAAB3Nz-shown", "SHA256:Jr1oVf9ZpQm2Yc3kX7uT5wN8eB6hD4gL0sAqRzEiKxU"),
)


def confirmed(host: str, key: HostKey, by: str, at: datetime) -> TrustedHostKey:
    name = "".join(each if each.isalnum() else "-" for each in host)
    return TrustedHostKey(f"key-{name}", host, key.key_type, key.key, key.fingerprint, HostKeyOrigin.CONFIRMED, at, by)


_GITEA = HostKey("", "ssh-ed25519", "AAAAC3Nz-own", "SHA256:0kX4Jw2b9bYyTn6rVZc1mQe8uHs5pLd3fGa7oRiEtNM")
_SHIPPED = {
    "[altssh.gitlab.com]:443": "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
    "codeberg.org": "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
    "github.com": "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
}
TRUSTED = (
    *(
        TrustedHostKey(
            f"shipped-{host}", host, "ssh-ed25519", "AAAA", fingerprint, HostKeyOrigin.SHIPPED,
            NOW - timedelta(days=20), published_at=f"https://docs.{host}/fingerprints",
        )
        for host, fingerprint in _SHIPPED.items()
    ),
    confirmed("[code.example.com]:2222", _GITEA, "ada", NOW - timedelta(days=3)),
)  # fmt: skip
UNKNOWN = HostKeyUnknown(
    "The host key of git.example.com was not confirmed yet",
    "without it the server cannot tell that host from somebody in between, so it sent nothing there",
    "Compare its fingerprint and trust it, in the window or with: godploy git host-keys trust git.example.com",
    "git.example.com",
)
CHANGED = HostKeyChanged(
    "The host key of code.example.com:2222 is not the one that is trusted",
    f"it shows {SHOWN[0].fingerprint} (ssh-ed25519); trusted is {TRUSTED[-1].fingerprint} (ssh-ed25519, confirmed by"
    " ada on 2026-11-20). Someone may be in between, so nothing was sent there",
    "Ask whoever runs the host whether its key changed, and compare the new one",
    "[code.example.com]:2222",
)
