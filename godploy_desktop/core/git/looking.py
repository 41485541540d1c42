"""Looking into a repository before there is a service of it: through an account, or by the server for any address.

What is found decides nothing by itself: the agent says which builder fits and why, by what it is told of the files.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from godploy_desktop.core.env_files import variables_of_example
from godploy_desktop.core.server import Server
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Repository
from godploy_server.contract import (
    EXAMPLE,
    DetectBuilder,
    Detection,
    LookAtRepository,
    NotFound,
    Variable,
)

_LONGEST_FILE: Final = 256 << 10
"""Of what is asked for to choose a builder; a Dockerfile is much smaller."""


@dataclass(frozen=True)
class Look:
    """What a repository has in the folder `root` of a branch. `branches` begin with the default one and may not be
    all; `folders` are those right in `root`; `variables` are those that its example names."""

    default_branch: str
    branches: tuple[str, ...]
    branch: str
    root: str
    folders: tuple[str, ...]
    detection: Detection
    variables: tuple[Variable, ...]


async def look_through_account(
    server: Server, host: GitHost, repository: Repository, branch: str = "", root: str = ""
) -> Look:
    """Look with what an account may read. `branch` "": the default one. Raises GodployError."""
    branch, root = branch or repository.default_branch, root.strip("/")
    names, branches = await asyncio.gather(
        _names(host, repository.full_name, branch, root), host.branches(repository.full_name)
    )
    detection = await _detect(server, host, repository.full_name, branch, DetectBuilder(names, root))
    example = await example_of(host, repository.full_name, branch, root) if EXAMPLE in names else ""
    others = (each.name for each in branches.items if each.name != repository.default_branch)
    return Look(
        repository.default_branch,
        (repository.default_branch, *others),
        branch,
        root,
        folders_of(names),
        detection,
        variables_of_example(example),
    )


async def look_by_server(server: Server, url: str, branch: str = "", root: str = "") -> Look:
    """Let the server look at any address, without a key. Raises GodployError: NotAllowed for what is private,
    HostKeyUnknown before anything is sent to a host that nobody confirmed."""
    found = await server.agent.look_at_repository(LookAtRepository(url, branch, root.strip("/")))
    return Look(
        found.default_branch,
        found.branches,
        found.branch,
        root.strip("/"),
        folders_of(found.names),
        found.detection,
        variables_of_example(found.example),
    )


async def example_of(host: GitHost, full_name: str, ref: str, root: str = "") -> str:
    """Give the text of the example of variables in a folder, "" where there is none. Raises GodployError."""
    try:
        content = await host.file(full_name, ref, f"{root.strip('/')}/{EXAMPLE}".lstrip("/"))
    except NotFound:
        return ""
    return content.decode("utf-8", "replace")


def folders_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the folders among names, sorted, hidden ones last."""
    found = [each.rstrip("/") for each in names if each.endswith("/")]
    return tuple(sorted(found, key=lambda name: (name.startswith("."), name.lower())))


async def _names(host: GitHost, full_name: str, ref: str, folder: str) -> tuple[str, ...]:
    """Give the names in a folder; folders end in "/"."""
    entries = await host.tree(full_name, ref, folder)
    beginning = f"{folder}/" if folder else ""
    return tuple(each.path.removeprefix(beginning) + ("/" if each.is_folder else "") for each in entries)


async def _detect(server: Server, host: GitHost, full_name: str, ref: str, known: DetectBuilder) -> Detection:
    """Ask the agent, and once more with what it says would tell more."""
    found = await server.agent.detect_builder(known)
    if not found.wants:
        return found
    names, contents = list(known.names), {}
    for wanted in found.wants:
        path = f"{known.root}/{wanted}".strip("/")
        if wanted.endswith("/"):
            names += [f"{wanted}{name}" for name in await _names(host, full_name, ref, path)]
        else:
            contents[wanted] = (await host.file(full_name, ref, path))[:_LONGEST_FILE].decode("utf-8", "replace")
    return await server.agent.detect_builder(replace(known, names=tuple(names), contents=contents))
