"""Mounts and published ports as rows of text (one line a row, tabs between the cells), and back. Pure functions."""

from __future__ import annotations

import re
from typing import Final, Literal

from godploy_desktop.ui.models.forms import YES
from godploy_server.contract import BadInput, Mount, MountKind, PublishedPort

MOUNT_KINDS: Final = {MountKind.VOLUME.value: "Volume", MountKind.FOLDER.value: "Server folder"}
PROTOCOLS: Final = {"tcp": "TCP", "udp": "UDP"}

_VOLUME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


def mounts_text(mounts: tuple[Mount, ...]) -> str:
    """Give back the rows: kind, source, target, read-only."""
    return "\n".join(
        "\t".join((each.kind.value, each.source, each.target, YES if each.is_read_only else "")) for each in mounts
    )


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Give back the mounts of the rows; raises BadInput naming the row."""
    found: list[Mount] = []
    for number, cells in _rows(text, 4):
        kind, source, target = MountKind(cells[0] or MountKind.VOLUME.value), cells[1].strip(), cells[2].strip()
        if kind is MountKind.VOLUME and not _VOLUME.fullmatch(source):
            raise _bad(f"mount {number}", "the name of a volume has letters, digits, dots, dashes and underscores")
        if kind is MountKind.FOLDER and not _is_absolute(source):
            raise _bad(f"mount {number}", "a folder of the server is an absolute path such as /srv/files")
        if not _is_absolute(target) or target == "/":
            raise _bad(f"mount {number}", "it is seen in the container at an absolute path such as /data")
        if any(each.target == target for each in found):
            raise _bad(f"mount {number}", f"{target} is used twice")
        found.append(Mount(source, target, kind, cells[3] == YES))
    return tuple(found)


def ports_text(ports: tuple[PublishedPort, ...]) -> str:
    """Give back the rows: port of the server, port of the container, protocol."""
    return "\n".join("\t".join((str(each.host_port), str(each.container_port), each.protocol)) for each in ports)


def parse_ports(text: str) -> tuple[PublishedPort, ...]:
    """Give back the published ports of the rows; raises BadInput naming the row. A container port that is left out is
    that of the server."""
    found: list[PublishedPort] = []
    for number, cells in _rows(text, 3):
        host = _port(cells[0], number, "of the server")
        container = _port(cells[1], number, "of the container") if cells[1].strip() else host
        protocol: Literal["tcp", "udp"] = "udp" if cells[2] == "udp" else "tcp"
        if any((each.host_port, each.protocol) == (host, protocol) for each in found):
            raise _bad(f"published port {number}", f"port {host} of the server is used twice")
        found.append(PublishedPort(container, host, protocol))
    return tuple(found)


def _rows(text: str, count: int) -> list[tuple[int, list[str]]]:
    """Numbered from 1, each with `count` cells."""
    rows = [line.split("\t") for line in text.split("\n") if line.strip()]
    return [(number, (cells + [""] * count)[:count]) for number, cells in enumerate(rows, start=1)]


def _port(text: str, number: int, whose: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= 65535:
        raise _bad(f"published port {number}", f"the port {whose} is a number from 1 to 65535")
    return int(text)


def _is_absolute(path: str) -> bool:
    return path.startswith("/") and ".." not in path.split("/") and "\0" not in path and ":" not in path


def _bad(which: str, why: str) -> BadInput:
    return BadInput(f"The {which} cannot be used", f"{which}: {why}", f"Correct the {which}")
