"""Naming a repository the same way, however its address is written."""

from __future__ import annotations

import re
from typing import Final

_SCP: Final = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^/:\s]+):(?P<path>[^\s]+)")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^@/\s]*@)?(?P<host>[^/:\s]+)(?::[0-9]+)?/(?P<path>[^\s?#]*)")
_SSH_NAMES: Final = re.compile(r"^(?:ssh|altssh)\.(?=(?:github\.com|gitlab\.com|bitbucket\.org)$)")
"""Where the big hosts take SSH on port 443: ssh.github.com is github.com."""


def repository_of(url: str) -> str:
    """Give `host/path` of a repository in lower case, "" for what is no address of one.

    The same for https://, ssh:// and user@host:path; ports, users and the ending .git do not count. In lower case
    since no git host tells two repositories apart by it.
    """
    found = (_URL if "://" in url else _SCP).fullmatch(url.strip())
    if found is None:
        return ""
    path = found["path"].strip("/").removesuffix(".git").strip("/")
    host = _SSH_NAMES.sub("", found["host"].lower())
    return f"{host}/{path.lower()}" if path else ""
