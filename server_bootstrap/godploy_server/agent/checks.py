"""Which settings of a service and of the server can be used: pure checks that raise BadInput with the value's path."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from pathlib import PurePosixPath
from typing import Final

from godploy_server.agent.builder_checks import IMAGE, check_build_settings, check_builder, check_relative
from godploy_server.agent.requiring import bad, require
from godploy_server.contract.building import (
    ArchiveSource,
    FolderSource,
    ImageSource,
    Source,
)
from godploy_server.contract.entities import AgentSettings
from godploy_server.contract.problem import BadInput
from godploy_server.contract.requests import ChangeSettings
from godploy_server.contract.running import HealthCheck, Limits, Rollout, ServiceSettings

_REMOTE_URL: Final = re.compile(r"(ssh|https?|git)://[^\s/][^\s]*")
_SCP_URL: Final = re.compile(r"(?!-)([A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s:][^\s]*")
_USER_INFO: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^/\s]*)@")
_LOCAL_URL: Final = re.compile(r"file:///[^\s]+")
_BRANCH: Final = re.compile(r"(?!-)(?!.*\.\.)(?!.*//)[A-Za-z0-9._/+@#=-]{1,200}")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_WHOLE_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MOST_REPLICAS: Final = 32
_DAY_S: Final = 86400


def check_service_settings(settings: ServiceSettings, local_sources: PurePosixPath | None = None) -> ServiceSettings:
    """Give back settings that a service may have; a file:// source must lie below `local_sources`. Raises BadInput."""
    _check_source(settings.source, local_sources)
    check_builder(settings.builder)
    if settings.port is not None:
        require(1 <= settings.port <= 65535, "settings/port", "from 1 to 65535")
    require(1 <= settings.replicas <= MOST_REPLICAS, "settings/replicas", f"from 1 to {MOST_REPLICAS}")
    require(all("\0" not in each for each in settings.command), "settings/command", "without NUL characters")
    _check_health(settings.health)
    _check_limits(settings.limits)
    _check_rollout(settings.rollout)
    return settings


def check_commit(commit: str) -> str:
    """Give back a commit that may be asked for: "" for the newest, else 7 to 64 hexadecimal digits."""
    require(not commit or bool(_COMMIT.fullmatch(commit)), "commit", "a hash of 7 to 64 lower-case hexadecimal digits")
    return commit


def check_server_settings(wanted: ChangeSettings) -> ChangeSettings:
    """Give back a change of the server's settings that can be made. Raises BadInput."""
    if wanted.builds_at_once is not None:
        require(1 <= wanted.builds_at_once <= 64, "builds_at_once", "from 1 to 64")
    if wanted.kept_releases is not None:
        require(1 <= wanted.kept_releases <= 100, "kept_releases", "from 1 to 100")
    if wanted.acme_email:
        require(bool(_EMAIL.fullmatch(wanted.acme_email)), "acme_email", "an e-mail address, or empty")
    if wanted.acme_ca_url is not None:
        is_url = re.fullmatch(r"https://[^\s\"'`]{1,300}", wanted.acme_ca_url)
        require(bool(is_url), "acme_ca_url", f"an https:// address such as {AgentSettings.acme_ca_url}")
    if wanted.acme_ca_certificate:
        require("-----BEGIN CERTIFICATE-----" in wanted.acme_ca_certificate, "acme_ca_certificate", "PEM text")
    if wanted.network_pool is not None:
        _check_pool(wanted.network_pool)
    check_build_settings(wanted)
    return wanted


def _check_source(source: Source, local_sources: PurePosixPath | None) -> None:
    if isinstance(source, ImageSource):
        require(bool(IMAGE.fullmatch(source.image)), "settings/source/image", "an image such as nginx:1.27")
        return
    if isinstance(source, (FolderSource, ArchiveSource)):
        _check_sent(source)
        return
    if _LOCAL_URL.fullmatch(source.url):
        path = PurePosixPath(source.url[len("file://") :])
        is_below = local_sources is not None and local_sources in path.parents and ".." not in path.parts
        require(is_below, "settings/source/url", "a repository that the server reaches by ssh:// or https://")
    else:
        _require_no_credentials(source.url)
        is_url = _REMOTE_URL.fullmatch(source.url) or _SCP_URL.fullmatch(source.url)
        require(bool(is_url), "settings/source/url", "a git URL: ssh://, https:// or user@host:path")
    require(bool(_BRANCH.fullmatch(source.branch)), "settings/source/branch", "the name of a branch")
    is_tag = not source.tag or bool(_BRANCH.fullmatch(source.tag))
    require(is_tag, "settings/source/tag", "the name of a tag, or empty")
    is_commit = not source.commit or bool(_WHOLE_COMMIT.fullmatch(source.commit))
    require(is_commit, "settings/source/commit", "a whole hash (40 or 64 lower-case hexadecimal digits), or empty")
    require(source.url.isprintable(), "settings/source/url", "without control characters")
    check_relative(source.root, "settings/source/root")


def _check_sent(source: FolderSource | ArchiveSource) -> None:
    """Both are only named here: nothing on the server is opened by these names."""
    if isinstance(source, FolderSource):
        _check_shown(source.path, "settings/source/path", 4096)
        _check_shown(source.computer, "settings/source/computer", 255)
    else:
        _check_shown(source.name, "settings/source/name", 200)
    check_relative(source.root, "settings/source/root")


def _check_shown(text: str, path: str, longest: int) -> None:
    is_right = 0 < len(text) <= longest and text.isprintable()
    require(is_right, path, f"1 to {longest} characters that can be shown")


def _require_no_credentials(url: str) -> None:
    """Refuse an address with a password or token in it, without repeating it."""
    found = _USER_INFO.match(url)
    if found is None or (found["scheme"].lower() == "ssh" and ":" not in found["user"]):
        return
    raise BadInput(
        "The address of the repository holds a password or token",
        "settings/source/url: an address is shown, logged and kept as it is, so it must not hold a secret",
        "Use the ssh:// address, and add the service's deploy key to the repository (read-only is enough)",
    )


def _check_health(health: HealthCheck) -> None:
    is_path = re.fullmatch(r"/[!-~]{0,500}", health.path)
    require(bool(is_path), "settings/health/path", "a path that begins with /")
    require(1 <= health.timeout_s <= 3600, "settings/health/timeout_s", "from 1 to 3600 seconds")
    require(1 <= health.successes <= 100, "settings/health/successes", "from 1 to 100")


def _check_limits(limits: Limits) -> None:
    is_memory = limits.memory_bytes == 0 or limits.memory_bytes >= 6 * 1024 * 1024  # Docker's own least
    require(is_memory, "settings/limits/memory_bytes", "0 (no limit) or at least 6291456 (6 MB)")
    require(limits.cpus == 0 or 0.01 <= limits.cpus <= 1024, "settings/limits/cpus", "0 (no limit) or from 0.01")


def _check_rollout(rollout: Rollout) -> None:
    require(0 <= rollout.drain_s <= 3600, "settings/rollout/drain_s", "from 0 to 3600 seconds")
    require(0 <= rollout.settle_s <= 3600, "settings/rollout/settle_s", "from 0 to 3600 seconds")
    require(1 <= rollout.build_timeout_s <= _DAY_S, "settings/rollout/build_timeout_s", f"from 1 to {_DAY_S} seconds")


def _check_pool(pool: str) -> None:
    expected = "a private IPv4 network of at least a /24, such as 10.210.0.0/16"
    try:
        network = IPv4Network(pool)
    except ValueError:
        raise bad("network_pool", expected) from None
    require(network.is_private and network.prefixlen <= 24, "network_pool", expected)
