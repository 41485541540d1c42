"""Sources of this computer: a folder, an archive. What of them there is, and who makes an image of a folder."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from godploy_server.contract import (
    ArchiveSource,
    AutoBuilder,
    BadInput,
    Builder,
    BuildPlan,
    Conflict,
    DockerfileBuilder,
    FolderSource,
    NotFound,
    Registry,
    Variable,
)

DOCKERFILE: Final = "Dockerfile"
ARCHIVE_ENDINGS: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""By which an archive is known when it is chosen; what it really is the server looks at."""


class Way(Enum):
    """Who makes the image of a folder."""

    BUILD_HERE = "build"  # this computer, with the server's BuildKit, which asks for what changed
    SEND = "send"  # the server's agent, from the files that it is sent


@dataclass(frozen=True)
class FolderLook:
    """What a folder is, before anything is sent. `plan` None: the server decides when it has the files."""

    path: Path
    has_dockerfile: bool
    file_count: int
    size_bytes: int
    reason: str  # one sentence on who builds it, and why
    plan: BuildPlan | None


def this_computer() -> str:
    """The name by which a service remembers whose folder it is deployed from."""
    return platform.node() or "localhost"


def is_on_this_computer(source: FolderSource) -> bool:
    """Whether the folder is one of this computer's, so that newer files can be sent from here."""
    return source.computer == this_computer()


def folder_source(path: str | Path, root: str = "") -> FolderSource:
    """Give the source of a folder of this computer. Raises NotFound, or BadInput for what is no folder."""
    folder = Path(path).expanduser().absolute()
    _require_folder(folder, root)
    return FolderSource(str(folder), this_computer(), root)


def archive_source(path: str | Path, root: str = "") -> ArchiveSource:
    """Give the source of an archive of this computer. Raises NotFound, or BadInput for what is no file."""
    return ArchiveSource(readable_archive(path).name, root)


def readable_archive(path: str | Path) -> Path:
    """Give an archive's path. Raises NotFound, or BadInput for what is no archive by its name."""
    archive = Path(path).expanduser().absolute()
    if not archive.exists():
        raise NotFound(f"There is no file {archive}", "nothing is at that path", "Check the path")
    if not archive.is_file() or not archive.name.lower().endswith(ARCHIVE_ENDINGS):
        raise BadInput(
            f"{archive.name} is no archive", f"its name ends in none of {', '.join(ARCHIVE_ENDINGS)}", "Choose another"
        )
    return archive


def folder_of(source: FolderSource) -> Path:
    """Give the folder of a source. Raises Conflict if it is on another computer, NotFound if it is gone."""
    if not is_on_this_computer(source):
        raise Conflict(
            "The newest files are not on this computer",
            f"the service is deployed from {source.path} on {source.computer}, and this is {this_computer()}",
            f"Deploy from {source.computer}, deploy again what was sent last (--last-upload), or choose a folder of "
            "this computer in the service's settings",
        )
    folder = Path(source.path)
    _require_folder(folder, source.root)
    return folder


def dockerfile_of(folder: Path, root: str, builder: Builder) -> str:
    """Give the Dockerfile that builds, relative to the root; "" where another builder does. Blocking.

    Raises NotFound for one that is named and missing, BadInput for one outside the folder.
    """
    if isinstance(builder, AutoBuilder):
        return DOCKERFILE if (folder / root / DOCKERFILE).is_file() else ""
    if not isinstance(builder, DockerfileBuilder):
        return ""
    path = folder / root / builder.path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"The Dockerfile “{builder.path}” cannot be used", "it is not in the folder", "Correct the path")
    if not path.is_file():
        raise NotFound(
            f"There is no Dockerfile “{builder.path}”",
            f"{folder / root} has no such file",
            "Correct the path in the service's settings, or choose another builder",
        )
    return builder.path


def way_of(dockerfile: str, variables: Sequence[Variable], registries: Sequence[Registry]) -> tuple[Way, str]:
    """Give who makes the image, and why in one sentence."""
    if not dockerfile:
        return Way.SEND, "no Dockerfile builds it, so the server's builders need the files"
    if any(each.at_build and (each.is_secret or each.reference) for each in variables):
        return Way.SEND, "its build needs secrets, and those never leave the server"
    if registries:
        return Way.SEND, "its build may need the server's registry logins, and those never leave the server"
    return Way.BUILD_HERE, f"{dockerfile} builds it, and the server's BuildKit asks for what changed alone"


async def look_at_folder(path: str | Path, root: str = "", builder: Builder | None = None) -> FolderLook:
    """Give what of a folder would be deployed. Raises NotFound, BadInput."""
    # pathspec, and regular expressions by the dozen: only where a folder is looked at
    from godploy_desktop.remote.source_folder.folder_rules import folder_rules
    from godploy_desktop.remote.source_folder.listing import list_folder
    from godploy_desktop.remote.workers import Workers

    source = folder_source(path, root)

    def look() -> FolderLook:
        folder = Path(source.path)
        dockerfile = dockerfile_of(folder, root, builder or AutoBuilder())
        files = [each for each in list_folder(folder, folder_rules(folder, root, dockerfile)) if not each.is_folder]
        _, reason = way_of(dockerfile, (), ())
        plan = BuildPlan("dockerfile", f"{dockerfile} is in the folder") if dockerfile else None
        return FolderLook(folder, bool(dockerfile), len(files), sum(each.size_bytes for each in files), reason, plan)

    return await Workers("look").call(look)


def _require_folder(folder: Path, root: str) -> None:
    if not folder.exists():
        raise NotFound(
            f"There is no folder {folder}", "nothing is at that path", "Check the path, or choose the folder anew"
        )
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", "a file is at that path", "Choose the folder, or send an archive")
    inner = (folder / root).resolve()
    if not inner.is_relative_to(folder.resolve()) or not inner.is_dir():
        raise BadInput(f"The root “{root}” cannot be used", f"{folder} has no such folder", "Correct the root")
