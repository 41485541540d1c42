"""What is said when a server has no disk space or no memory left: the cause, not the system call."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from godploy_server.contract.problem import GodployError, NotReady, internal_error

_LEAST_FREE_BYTES: Final = 256 * 1024  # below this neither a row nor a log can be relied on


def is_disk_full(error: BaseException) -> bool:
    """Whether something failed because the disk (or its quota) is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)


def has_no_space(folder: Path) -> bool:
    """Whether the file system of `folder` is full."""
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES


def disk_full(doing: str) -> GodployError:
    """Give the error for something that needed disk space; `doing` is what was being done ("Starting ...")."""
    return NotReady(
        f"{doing} failed",
        "the server's disk is full",
        "Free some space on the server (`df -h` shows where; old images: `docker image prune`), then try again",
    )


def explained(doing: str, error: BaseException) -> GodployError:
    """Give the error that a person reads for an exception that nobody expected."""
    if is_disk_full(error):
        return disk_full(doing)
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        why = "the server has no memory left"
        return NotReady(
            f"{doing} failed", why, "Stop or limit what uses it (`free -h`, `docker stats`), then try again"
        )
    return internal_error(doing, error)
