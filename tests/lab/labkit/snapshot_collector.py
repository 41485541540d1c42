"""Prints what is on this machine as JSON. Sent to a lab server and run there as root, on the standard library alone."""

import hashlib
import json
import os
import stat
import subprocess

# Scratch space, logs and package lists say nothing about what a program left behind; what is in /var/lib/docker and
# /var/lib/containerd is asked of Docker instead.
LEFT_OUT = (
    "/proc /sys /dev /run /tmp /var/tmp /var/log /var/cache /var/lib/apt /var/lib/docker /var/lib/containerd"
    " /var/lib/systemd /var/lib/dpkg /var/lib/private"
)
PASSING_UNITS = ("session-", "user@", "user-runtime-dir@", "run-user-", "run-docker-", "var-lib-docker-")


def lines(*command: str) -> list[str]:
    """The output of a program; [] where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def pairs(*command: str) -> dict[str, str]:
    """The output of a program whose lines are `name TAB text`."""
    return {name: text for name, _, text in (line.partition("\t") for line in lines(*command)) if name}


def columns(first: int, second: int, *command: str) -> dict[str, str]:
    """Two columns of a program's output, the first one as the name."""
    rows = [line.split() for line in lines(*command)]
    return {row[first]: row[second] for row in rows if len(row) > max(first, second)}


def content_of(path: str) -> str:
    """A short text that changes when the file does; "" for what cannot be read."""
    try:
        kind = os.lstat(path)
        content = ""
        if stat.S_ISREG(kind.st_mode):
            with open(path, "rb") as opened:  # noqa: PTH123 - runs a hundred thousand times on a server
                content = hashlib.sha256(opened.read()).hexdigest()[:16]
        elif stat.S_ISLNK(kind.st_mode):
            content = os.readlink(path)  # noqa: PTH115 - as above
    except OSError:
        return ""
    return f"{kind.st_mode:o} {kind.st_uid}:{kind.st_gid} {content}"


def files() -> dict[str, str]:
    """Every file, folder and link outside of LEFT_OUT."""
    left_out = set(LEFT_OUT.split())
    found = {}
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]  # noqa: PTH118 - as above
        for name in names + folders:
            path = os.path.join(folder, name)  # noqa: PTH118 - as above
            if text := content_of(path):
                found[path] = text
    return found


def active_units() -> dict[str, str]:
    """Units that run now, without those that come and go with a login or a container."""
    units = columns(0, 2, "systemctl", "list-units", "--no-legend", "--plain", "--type=service,socket,timer,mount")
    return {name: state for name, state in units.items() if not name.startswith(PASSING_UNITS)}


def collected() -> dict[str, dict[str, str]]:
    """Everything, by kind."""
    listening = columns(4, 0, "ss", "-Hlntu")
    accounts = {line.split(":")[0]: line for name in ("passwd", "group") for line in lines("getent", name)}
    return {
        "files": files(),
        "units": columns(0, 1, "systemctl", "list-unit-files", "--no-legend"),
        "active_units": active_units(),
        "packages": pairs("dpkg-query", "-W", "-f", "${Package}\t${Version}\n"),
        "accounts": accounts,
        "listening": listening,
        "containers": pairs("docker", "ps", "-a", "--format", "{{.Names}}\t{{.Image}} {{.State}}"),
        "networks": pairs("docker", "network", "ls", "--format", "{{.Name}}\t{{.Driver}}"),
        "volumes": pairs("docker", "volume", "ls", "--format", "{{.Name}}\t{{.Driver}}"),
        "images": pairs("docker", "images", "--format", "{{.Repository}}:{{.Tag}}\t{{.ID}}"),
    }


if __name__ == "__main__":
    print(json.dumps(collected()))
