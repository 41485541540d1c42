"""The programs of builders, fetched when a service first needs one: a pinned version, checked, kept for all services.

Checksums are those of the files of the projects' own releases on GitHub (nixpacks v1.41.0, pack v0.38.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from godploy_server.contract import DeploymentFailed, ToolSource, Unreachable
from godploy_server.deploy.builders.builder import BuildLog
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.downloading import URL_VARIABLE
from godploy_server.state.exhaustion import disk_full, is_disk_full
from godploy_server.state.program import own_program

_FETCH_S: Final = 900.0
_LOCK_EVERY_S: Final = 0.2
_CHUNK_BYTES: Final = 1 << 20
# Source: ELF header, e_machine (System V ABI).
_MACHINES: Final = {0x3E: "x86_64", 0xB7: "aarch64"}


@dataclass(frozen=True)
class Asset:
    """One file to fetch: an archive that holds the program (or the program itself), and its SHA-256."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Tool:
    """A builder's program: its pinned version, and where it is for each kind of machine (as `uname -m` says)."""

    name: str
    version: str
    assets: Mapping[str, Asset]


NIXPACKS: Final = Tool(
    "nixpacks",
    "1.41.0",
    {
        machine: Asset(
            "https://github.com/railwayapp/nixpacks/releases/download/v1.41.0/"
            f"nixpacks-v1.41.0-{machine}-unknown-linux-musl.tar.gz",
            sha256,
        )
        for machine, sha256 in {
            "x86_64": "0f55de7874507b9cf7502113120bd96f2ab6979f78d10eaf2eb2ade9207b3af6",
            "aarch64": "912bd02dd2bb6f9c3a9ed965fe8a68b4aa318dc7a2546e2eca6f2806a894ba39",
        }.items()
    },
)
PACK: Final = Tool(
    "pack",
    "0.38.2",
    {
        machine: Asset(f"https://github.com/buildpacks/pack/releases/download/v0.38.2/pack-v0.38.2-{file}.tgz", sha256)
        for machine, file, sha256 in (
            ("x86_64", "linux", "a00765572b7d464b1691d64fd264d9a807b066a7e7805db32b9918d9be16e228"),
            ("aarch64", "linux-arm64", "27bdf0d2f2f0ad4212f0f2277fa3a4970d86d5848ad3deb5bc658281de2b6b26"),
        )
    },
)
TOOLS: Final = {each.name: each for each in (NIXPACKS, PACK)}


def wanted_asset(tool: Tool, sources: Iterable[ToolSource], machine: str) -> tuple[str, Asset]:
    """Give the folder's name and the file to fetch. An address in the server's settings goes before the official one.

    Raises DeploymentFailed where there is none for this kind of machine.
    """
    for source in sources:
        if source.name == tool.name:
            return f"{tool.name}-{source.sha256[:16].lower()}", Asset(source.url, source.sha256.lower())
    if machine not in tool.assets:
        raise DeploymentFailed(
            f"There is no {tool.name} for this server",
            f"its release {tool.version} has files for {' and '.join(tool.assets)}, and this machine is {machine}",
            "Name a file that fits under the server's settings (tools), or choose another builder",
        )
    return f"{tool.name}-{tool.version}", tool.assets[machine]


async def ensure_tool(
    tool: Tool, folder: Path, sources: Iterable[ToolSource], log: BuildLog, machine: str | None = None
) -> Path:
    """Give the path of a builder's program below `folder`; fetched first where it is missing.

    Raises Unreachable, DeploymentFailed (wrong checksum, wrong kind of machine, no such program in the archive, no
    space). What is not whole is never left under the program's name.
    """
    kind = machine or platform.machine()
    name, asset = wanted_asset(tool, sources, kind)
    program = folder / name / tool.name
    if program.is_file():
        return program
    async with _lock(folder / f".{tool.name}.lock"):
        if not program.is_file():
            with tempfile.TemporaryDirectory(dir=folder, prefix=f".{tool.name}-") as scratch:
                try:
                    await _install(tool, asset, Path(scratch), program, kind, log)
                except OSError as error:
                    if is_disk_full(error):
                        raise disk_full(f"Installing {tool.name}") from error
                    raise
    return program


async def _install(tool: Tool, asset: Asset, scratch: Path, program: Path, machine: str, log: BuildLog) -> None:
    log.say(f"-- {tool.name} is not on this server yet: fetching {asset.url} --")
    fetched = scratch / "fetched"
    await _fetch(tool, asset, fetched, log)
    found = _sha256(fetched)
    if found != asset.sha256:
        raise DeploymentFailed(
            f"{tool.name} was not installed: what was fetched is not what was asked for",
            f"{asset.url} has the SHA-256 {found}, and {asset.sha256} is expected",
            "Correct the address or the checksum in the server's settings (tools), or look at who changed the file",
        )
    ready = scratch / "ready"
    ready.mkdir(mode=0o755)
    _extract(tool, fetched, ready / tool.name)
    built_for = machine_of(ready / tool.name)
    if built_for != machine:
        raise DeploymentFailed(
            f"{tool.name} was not installed: it is made for another kind of machine",
            f"{asset.url} is for {built_for or 'something that is no Linux program'}, and this machine is {machine}",
            "Name the file that fits under the server's settings (tools)",
        )
    (ready / tool.name).chmod(0o755)
    (ready / "sha256").write_text(f"{asset.sha256}  {asset.url}\n", encoding="utf-8")
    shutil.rmtree(program.parent, ignore_errors=True)
    ready.rename(program.parent)
    log.say(f"{tool.name} is installed; its checksum is right")


async def _fetch(tool: Tool, asset: Asset, path: Path, log: BuildLog) -> None:
    last: list[str] = []

    def take(output: bytes) -> None:
        for line in output.decode(errors="replace").splitlines():
            last[:] = [line]
            log.say(line)

    environment = child_environment(os.environ, {URL_VARIABLE: asset.url})
    try:
        code = await run_child(
            [*own_program(), "download", str(path)], environment=environment, on_output=take, timeout_s=_FETCH_S
        )
    except ChildTimeout:
        code, last = 1, [f"it took longer than {_FETCH_S:g} s"]
    if code != 0:
        why = last[-1] if last else "it gave no reason"
        if "No space left" in why:
            raise disk_full(f"Fetching {tool.name}")
        raise Unreachable(
            f"{tool.name} could not be fetched",
            f"{asset.url}: {why}",
            "Let the server reach that address, or name a mirror of yours in the server's settings (tools)",
        )


def _extract(tool: Tool, fetched: Path, program: Path) -> None:
    """Copy the program out of an archive, whatever folder it lies in; nothing else of the archive is written."""
    if machine_of(fetched):
        fetched.rename(program)  # no archive: the program itself
        return
    try:
        with tarfile.open(fetched) as archive:
            member = next((each for each in archive if each.isfile() and Path(each.name).name == tool.name), None)
            content = archive.extractfile(member) if member else None
            if content is not None:
                with program.open("xb") as file:
                    shutil.copyfileobj(content, file, _CHUNK_BYTES)
                return
    except (tarfile.TarError, EOFError) as error:
        raise _not_in_archive(tool, str(error)) from error
    raise _not_in_archive(tool, f"it holds no file called {tool.name}")


def _not_in_archive(tool: Tool, why: str) -> DeploymentFailed:
    return DeploymentFailed(
        f"{tool.name} was not installed: the archive cannot be used",
        why,
        f"Name a .tar.gz that holds {tool.name} in the server's settings (tools)",
    )


def machine_of(program: Path) -> str:
    """Give the kind of machine that a program is made for (as `uname -m` says), "" if it is no Linux program."""
    with program.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    return _MACHINES.get(int.from_bytes(head[18:20], "little"), "another architecture")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.asynccontextmanager
async def _lock(path: Path) -> AsyncIterator[None]:
    """Hold a lock that all jobs of this server respect; waiting can be cancelled."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        while not _taken(file):  # noqa: ASYNC110  another process holds it, no event tells of that
            await asyncio.sleep(_LOCK_EVERY_S)
        yield


def _taken(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
