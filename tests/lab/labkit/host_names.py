"""Names of the lab that this machine knows too, where a name has to be the same here and on servers.

A line of /etc/hosts each, marked as the lab's; they go when the lab is taken down.
"""

from pathlib import Path

from tests.lab.labkit.cache import locked
from tests.lab.labkit.command import LabUnavailable

_HOSTS = Path("/etc/hosts")
_MARK = "# godploy lab"


def ensure_name(name: str, address: str) -> None:
    """Let a name lead to an address on this machine. Raises LabUnavailable where /etc/hosts cannot be written."""
    wanted = f"{address} {name} {_MARK}"
    with locked("hosts"):
        lines = _HOSTS.read_text().splitlines()
        kept = [line for line in lines if not (line.endswith(_MARK) and line.split()[1:2] == [name])]
        if lines != [*kept, wanted]:
            _write([*kept, wanted])


def forget_names() -> None:
    """Take every line of the lab away."""
    with locked("hosts"):
        lines = _HOSTS.read_text().splitlines()
        kept = [line for line in lines if not line.endswith(_MARK)]
        if kept != lines:
            _write(kept)


def _write(lines: list[str]) -> None:
    try:
        # in place: in a container it is a mount of its own, which nothing can be renamed over
        _HOSTS.write_text("\n".join(lines) + "\n")
    except OSError as failure:
        raise LabUnavailable(f"/etc/hosts cannot be written: {failure}") from failure
