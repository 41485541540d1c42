"""Host keys of the large git hosts, as they publish them: data alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

CHECKED_ON: Final = date(2026, 11, 23)
"""When each key was compared with its page."""


@dataclass(frozen=True)
class ShippedKey:
    """The Ed25519 key of one git host. `hosts` are all the names that it is reached by, as known_hosts has them;
    `page` is where the host publishes it and `fingerprint` what it says there."""

    hosts: tuple[str, ...]
    key: str
    fingerprint: str
    page: str

    key_type = "ssh-ed25519"


SHIPPED: Final = (
    ShippedKey(
        ("github.com", "[ssh.github.com]:443"),
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints",
    ),
    ShippedKey(
        ("gitlab.com", "[altssh.gitlab.com]:443"),
        "AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
        "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
        "https://docs.gitlab.com/user/gitlab_com/#ssh-host-keys-fingerprints",
    ),
    ShippedKey(
        ("bitbucket.org", "[altssh.bitbucket.org]:443"),
        "AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO",
        "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
        "https://support.atlassian.com/bitbucket-cloud/docs/configure-ssh-and-two-step-verification/",
    ),
    ShippedKey(
        ("codeberg.org",),
        "AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB",
        "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
        "https://docs.codeberg.org/security/ssh-fingerprint/",
    ),
)
