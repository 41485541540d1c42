"""Which Linux capabilities a lab server's container gets."""

from pathlib import Path

# In the order of their bits: capabilities(7).
_NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
)  # fmt: skip
# Never handed on, whatever the machine has: they reach past the container into the machine.
_WITHHELD = {"SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "WAKE_ALARM", "BLOCK_SUSPEND"}


def capabilities() -> list[str]:
    """All that this process may hand on and Docker 20.10 knows, less the withheld ones.

    `--privileged` asks for every one and fails on a machine that itself lacks one.
    """
    status = Path("/proc/self/status").read_text()
    bounding = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd")), 16)
    return [name for bit, name in enumerate(_NAMES) if bounding >> bit & 1 and name not in _WITHHELD]
