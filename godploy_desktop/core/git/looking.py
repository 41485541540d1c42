"""Looking into a repository at its host before anything is fetched."""

from __future__ import annotations

from typing import Final

from godploy_desktop.git_hosting.host import GitHost
from godploy_server.contract import NotFound

EXAMPLE: Final = ".env.example"
"""Where a repository names the variables that its application wants."""


async def example_of(host: GitHost, full_name: str, ref: str, root: str = "") -> str:
    """Give the text of the example of variables in a folder, "" where there is none. Raises GodployError."""
    path = f"{root.strip('/')}/{EXAMPLE}".lstrip("/")
    try:
        content = await host.file(full_name, ref, path)
    except NotFound:
        return ""
    return content.decode("utf-8", "replace")
