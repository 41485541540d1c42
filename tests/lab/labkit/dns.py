"""The lab's DNS: `*.sN.lab.test` is server N; other names can be pointed at a server by hand."""

import secrets
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.cache import write_atomically
from tests.lab.labkit.docker_engine import docker

_ADDRESS_RECORD = 1


@dataclass(frozen=True)
class Dns:
    """The lab's nameserver: its address on the bridge, its container and the folder of extra names."""

    address: str
    container: str
    extra_names: Path

    def resolve(self, name: str) -> list[str]:
        """Ask the nameserver itself for the IPv4 addresses of a name; [] if it has none.

        Raises TimeoutError when nothing answers within three seconds.
        """
        return ask(self.address, name)

    def point(self, name: str, address: str) -> None:
        """Let a name under lab.test lead to an address, from now on."""
        write_atomically(self.extra_names / name, f"{address} {name}\n".encode())
        docker("kill", "-s", "HUP", self.container)

    def forget(self, name: str) -> None:
        """Undo `point`."""
        (self.extra_names / name).unlink(missing_ok=True)
        docker("kill", "-s", "HUP", self.container)


def ask(nameserver: str, name: str) -> list[str]:
    """One A query over UDP (RFC 1035, section 4). Gives back the addresses in the answer."""
    identity = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"
    query = struct.pack("!6H", identity, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!2H", _ADDRESS_RECORD, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(3)
        channel.connect((nameserver, 53))
        channel.send(query)
        answer = channel.recv(4096)
    answered_identity, _, _, answers, _, _ = struct.unpack("!6H", answer[:12])
    if answered_identity != identity:
        raise OSError(f"{nameserver} answered another question than the one asked")
    position, found = len(query), []
    for _ in range(answers):
        position = _after_name(answer, position)
        kind, _, _, length = struct.unpack("!2HIH", answer[position : position + 10])
        position += 10
        if kind == _ADDRESS_RECORD:
            found.append(socket.inet_ntoa(answer[position : position + length]))
        position += length
    return found


def _after_name(message: bytes, position: int) -> int:
    while message[position]:
        if message[position] & 0xC0:  # a pointer ends the name
            return position + 2
        position += message[position] + 1
    return position + 1
