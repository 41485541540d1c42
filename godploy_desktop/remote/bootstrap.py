"""Turning a bare server into one of ours, and back: uploads the bundle, runs its scripts, reports their steps.

    async with aclosing(install(connection, build_bundle(), InstallOptions())) as steps:
        async for step in steps:
            ...

Leaving the iteration early cancels: the script stops after what it is doing, never in the middle of a package's
installation. Running it again resumes, because each step checks before it acts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from godploy_desktop.assets import asset
from godploy_desktop.remote.bootstrap_steps import BootstrapFailed, BootstrapState, BootstrapStep, parse_step
from godploy_desktop.remote.bundle import Bundle
from godploy_desktop.remote.connection import Connection
from godploy_server.contract import GodployError, NotAllowed, Problem, Unreachable

BUNDLE_LINK: Final = "/opt/godploy/godploy-server.pyz"
_LIMIT_S: Final = 1800.0  # a slow mirror may need minutes; nothing legitimate needs half an hour
_NAME: Final = re.compile(r"godploy-server-(?P<version>[^/]+)-(?P<digest>[0-9a-f]{12})\.pyz$")


@dataclass(frozen=True)
class InstallOptions:
    """What a person decided about an installation."""

    allow_docker_restart: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class UninstallOptions:
    """What a person decided about a removal. `purge` takes the data (history, secrets, certificates, volumes) too."""

    purge: bool = False
    packages: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class InstalledBundle:
    """The bundle that a server runs from."""

    version: str
    digest: str


class BundleDecision(Enum):
    """What to do about a server's bundle."""

    INSTALL = "install"
    UP_TO_DATE = "up-to-date"
    UPGRADE = "upgrade"
    SERVER_IS_NEWER = "server-is-newer"  # another desktop upgraded it: this desktop is the one to upgrade


class NeedsAdministrator(NotAllowed):
    """The account may not become root without a question that nobody is there to answer."""

    code = "needs-administrator"


def decide(installed: InstalledBundle | None, ours: Bundle) -> BundleDecision:
    """Compare what a server runs with what this desktop would install."""
    if installed is None:
        return BundleDecision.INSTALL
    if installed.digest == ours.digest:
        return BundleDecision.UP_TO_DATE
    if _ordered(installed.version) > _ordered(ours.version):
        return BundleDecision.SERVER_IS_NEWER
    return BundleDecision.UPGRADE


async def installed_bundle(connection: Connection) -> InstalledBundle | None:
    """Ask a server which bundle it runs from; None when it was never bootstrapped. Needs no root."""
    answer = await connection.run(f"readlink {BUNDLE_LINK}")
    match = _NAME.search(answer.stdout.decode(errors="replace").strip())
    return InstalledBundle(match["version"], match["digest"]) if match else None


async def install(connection: Connection, bundle: Bundle, options: InstallOptions) -> AsyncGenerator[BootstrapStep]:
    """Install or upgrade a server; gives every change of every step, the WAITING ones of all steps first.

    Raises BootstrapFailed after the step that FAILED was given, NeedsAdministrator, or what the connection raises.
    """
    arguments = []
    if options.allow_docker_restart:
        arguments.append("--allow-docker-restart")
    if options.dry_run:
        arguments.append("--dry-run")
    async with aclosing(_run_script(connection, "install.sh", arguments, bundle)) as steps:
        async for step in steps:
            yield step


async def uninstall(connection: Connection, options: UninstallOptions) -> AsyncGenerator[BootstrapStep]:
    """Remove what `install` brought to a server; gives and raises the same."""
    chosen = {"--purge": options.purge, "--packages": options.packages, "--dry-run": options.dry_run}
    arguments = [argument for argument, is_wanted in chosen.items() if is_wanted]
    async with aclosing(_run_script(connection, "uninstall.sh", arguments, None)) as steps:
        async for step in steps:
            yield step


async def _run_script(
    connection: Connection, script: str, arguments: Sequence[str], bundle: Bundle | None
) -> AsyncGenerator[BootstrapStep]:
    user = await _check_administrator(connection)
    # a folder of its own with mode 0700: what runs as root is never in a place that others may write to
    made = await connection.run("umask 077 && mktemp -d /tmp/godploy-bootstrap.XXXXXXXX")
    folder = made.stdout.decode(errors="replace").strip()
    if not made.ok or not folder.startswith("/tmp/godploy-bootstrap."):
        raise Unreachable(
            "The server has no place for the bootstrap script",
            made.stderr.decode(errors="replace").strip() or "mktemp failed",
            "Free some space in /tmp on the server and try again",
        )
    try:
        await connection.put_file(asset(f"server_bootstrap/{script}"), f"{folder}/{script}", 0o700)
        if bundle is not None:
            await connection.put_file(bundle.path, f"{folder}/{bundle.file_name}")
            arguments = [*arguments, "--bundle", f"{folder}/{bundle.file_name}"]
            if user != "root":
                arguments = [*arguments, "--ssh-user", user]
        async with aclosing(_follow(connection, script_command(user, f"{folder}/{script}", arguments))) as steps:
            async for step in steps:
                yield step
    finally:
        with suppress(GodployError):  # the link may be gone; /tmp is emptied by the server itself
            await connection.run(f"rm -rf {shlex.quote(folder)}", timeout_s=10)


def script_command(user: str, script: str, arguments: Sequence[str]) -> str:
    """Give back the command line that runs a bootstrap script as root."""
    words = [*(() if user == "root" else ("sudo", "-n")), "bash", script, *arguments]
    return shlex.join(words)


async def _follow(connection: Connection, command: str) -> AsyncGenerator[BootstrapStep]:
    running = connection.run_lines(command, timeout_s=_LIMIT_S)
    failed: Problem | None = None
    try:
        async for line in running:
            step = parse_step(line)
            if step is None:
                continue
            yield step
            if step.state is BootstrapState.FAILED:
                failed = step.problem
        result = await running.wait()
    finally:
        await running.aclose()
    if failed is not None:
        raise BootstrapFailed(failed)
    if not result.ok:
        said = result.stderr.decode(errors="replace").strip().splitlines()
        raise BootstrapFailed(
            Problem(
                "bootstrap-interrupted",
                "The bootstrap ended before its last step",
                said[-1] if said else f"the script ended with exit code {result.exit_code}",
                "Run it again: it goes on where it stopped",
            )
        )


async def _check_administrator(connection: Connection) -> str:
    """Give back the name of the account, which is root or may use sudo without a password."""
    asked = await connection.run("id -un; command -v sudo >/dev/null || echo no-sudo; sudo -n true 2>&1")
    said = asked.stdout.decode(errors="replace").split("\n")
    user = said[0].strip()
    if user == "root" or asked.ok:
        return user
    if "no-sudo" in said:
        raise NeedsAdministrator(
            f"The account {user} cannot install anything",
            "it is not root, and the server has no sudo",
            "Connect as root, or install sudo on the server",
        )
    raise NeedsAdministrator(
        f"The account {user} cannot install anything",
        f"it is not root, and sudo answers: {(' '.join(said[1:]).strip() or 'no')[:200]}",
        f"Connect as root, or let it use sudo without a password: echo '{user} ALL=(ALL) NOPASSWD:ALL' >"
        f" /etc/sudoers.d/90-{user}",
    )


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
