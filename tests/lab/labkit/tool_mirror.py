"""A site on the lab's network that offers the builders' programs as their makers release them: as archives."""

import hashlib
import io
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.cache import cache_folder, locked, write_atomically
from tests.lab.labkit.containers import PREFIX, ensure_container
from tests.lab.labkit.images import BUSYBOX, ensure_busybox
from tests.lab.labkit.network import MIRROR, ZONE, Addresses, loopback_of
from tests.lab.labkit.tools import NIXPACKS, PACK, Tool, ensure_tool


@dataclass(frozen=True)
class MirroredTool:
    """One archive: its address as servers see it, and the SHA-256 (hexadecimal) of its content."""

    name: str
    version: str
    file: str
    url: str
    sha256: str


@dataclass(frozen=True)
class ToolMirror:
    """Where the archives are: `url` for servers, `local_url` for this machine; without a slash at the end."""

    url: str
    local_url: str
    tools: dict[str, MirroredTool]


def ensure_tool_mirror(addresses: Addresses) -> ToolMirror:
    """Build the programs, pack them, and start the site unless it runs. Raises LabUnavailable, CommandFailed."""
    url = f"http://mirror.{ZONE}"
    folder = cache_folder() / "mirror"
    with locked("mirror"):
        tools = {tool.name: _released(tool, folder, url) for tool in (NIXPACKS, PACK)}
        ensure_busybox()
        options = ["--ip", addresses.of(MIRROR), "-p", f"{loopback_of(MIRROR)}:80:80", "-v", f"{folder}:/files:ro"]
        ensure_container(f"{PREFIX}mirror", BUSYBOX, options, ["httpd", "-f", "-p", "80", "-h", "/files"])
    return ToolMirror(url, f"http://{loopback_of(MIRROR)}", tools)


def _released(tool: Tool, folder: Path, url: str) -> MirroredTool:
    file = _release_name(tool)
    archive = folder / file
    program = ensure_tool(tool.name)
    if not archive.exists() or archive.stat().st_mtime < program.stat().st_mtime:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
            tar.add(program, tool.name)
        write_atomically(archive, packed.getvalue())
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return MirroredTool(tool.name, tool.version, file, f"{url}/{file}", digest)


def _release_name(tool: Tool) -> str:
    """What the makers of Nixpacks and of pack call the archive for this machine's architecture."""
    machine = platform.machine()
    if tool is NIXPACKS:
        return f"nixpacks-v{tool.version}-{machine}-unknown-linux-musl.tar.gz"
    return f"pack-v{tool.version}-linux{'' if machine == 'x86_64' else '-arm64'}.tgz"
