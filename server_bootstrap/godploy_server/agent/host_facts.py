"""What the machine says of itself."""

from __future__ import annotations

import platform
import shlex
import socket
from pathlib import Path


def os_name(file: Path = Path("/etc/os-release")) -> str:
    """Give the name of the operating system, as "Debian GNU/Linux 12 (bookworm)"; "" if it does not say."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return "".join(shlex.split(value))
    return ""


def python_version() -> str:
    """Give the version of the interpreter."""
    return platform.python_version()


def hostname() -> str:
    """Give the machine's name."""
    return socket.gethostname()


def public_address() -> str:
    """Give the address from which this machine reaches the internet; "" without a route. Sends nothing.

    Behind NAT this is the private address: the only one that the machine itself can know without asking others.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
