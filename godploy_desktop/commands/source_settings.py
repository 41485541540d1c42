"""The options that say where a service's files come from, and the source that they make."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Final

from godploy_server.contract import (
    ArchiveSource,
    BadInput,
    FolderSource,
    GitSource,
    ImageSource,
    Source,
)

SOURCES: Final = ("git", "folder", "archive", "image")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options. Each is absent unless given, so that a change touches nothing else."""
    source = parser.add_argument_group("source (one of --git, --folder, --archive, --image)")
    source.add_argument("--git", metavar="URL", help="git repository: ssh://, user@host:path or https://")
    source.add_argument("--branch", help="branch to deploy (default: main)")
    source.add_argument("--tag", help="deploy this tag instead of a branch")
    source.add_argument(
        "--at-commit", metavar="HASH", help="stay at this commit (whole hash), whatever is pushed; '' ends that"
    )
    source.add_argument(
        "--submodules", action=argparse.BooleanOptionalAction, help="fetch the repository's submodules too"
    )
    source.add_argument(
        "--lfs", action=argparse.BooleanOptionalAction, help="fetch the repository's large files (Git LFS) too"
    )
    source.add_argument(
        "--folder", metavar="PATH", help="a folder on this computer; what .gitignore and .dockerignore name stays here"
    )
    source.add_argument("--archive", metavar="FILE", help="a zip or tar archive on this computer, which is sent")
    source.add_argument("--root", metavar="FOLDER", help="folder inside the repository, folder or archive")
    source.add_argument("--image", help="a prebuilt image: name[:tag]")


def new_source(given: argparse.Namespace) -> Source:
    """The source of a new service; raises BadInput unless exactly one is given."""
    source = given_source(given, None)
    if source is None:
        raise BadInput(
            "A service needs one source",
            "give a git repository, a folder, an archive or an image",
            "Add --git URL, --folder PATH, --archive FILE or --image NAME",
        )
    return source


def changed_source(source: Source, given: argparse.Namespace) -> Source:
    """The source with what was given; raises BadInput for options that do not fit it."""
    return given_source(given, source) or source


def described(source: Source) -> str:
    """Where a service comes from, in a few words."""
    match source:
        case GitSource():
            return f"{source.url} ({source.commit or source.tag or source.branch})"
        case FolderSource():
            return f"{source.path} on {source.computer}"
        case ArchiveSource():
            return source.name
        case ImageSource():
            return source.image


def given_source(given: argparse.Namespace, before: Source | None) -> Source | None:
    """The source that the options make of the one before; None where there is none at all."""
    named = [each for each in SOURCES if getattr(given, each)]
    if len(named) > 1:
        both = " and ".join(f"--{each}" for each in named)
        raise BadInput("A service has one source", f"both {both} are given", "Leave all but one of them out")
    source = _named(given, named[0], before) if named else before
    if source is None:
        return None
    if isinstance(source, GitSource):
        source = _changed_git(source, given)
    elif wrong := [option for option, value in _git_options(given).items() if value is not None]:
        raise BadInput("Only a git repository has that", f"the source is {source.kind}", f"Leave {wrong[0]} out")
    if given.root is None:
        return source
    if isinstance(source, ImageSource):
        raise BadInput("An image has no folder", "the source is an image", "Leave --root out")
    return replace(source, root=given.root)


def _git_options(given: argparse.Namespace) -> dict[str, object]:
    """What of a repository was asked for; None for what was not."""
    return {
        "--branch": given.branch,
        "--tag": given.tag,
        "--at-commit": given.at_commit,
        "--submodules": given.submodules,
        "--lfs": given.lfs,
    }


def _changed_git(source: GitSource, given: argparse.Namespace) -> GitSource:
    """A branch that is given ends the tag and the commit of before, a tag the commit: else they would win over it."""
    if given.branch is not None:
        source = replace(source, branch=given.branch, tag="", commit="")
    if given.tag is not None:
        source = replace(source, tag=given.tag, commit="")
    if given.at_commit is not None:
        source = replace(source, commit=given.at_commit.lower())
    return replace(
        source,
        submodules=source.submodules if given.submodules is None else given.submodules,
        lfs=source.lfs if given.lfs is None else given.lfs,
    )


def _named(given: argparse.Namespace, kind: str, before: Source | None) -> Source:
    from godploy_desktop.core.sources import archive_source, folder_source

    root = before.root if before is not None and before.kind == kind and not isinstance(before, ImageSource) else ""
    match kind:
        case "git" if isinstance(before, GitSource):
            return replace(before, url=given.git)
        case "git":
            return GitSource(given.git)
        case "folder":
            return folder_source(given.folder, root if given.root is None else given.root)
        case "archive":
            return archive_source(given.archive, root)
        case _:
            return ImageSource(given.image)
