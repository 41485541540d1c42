"""Sources as text fields, and back. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from godploy_desktop.core.sources import ARCHIVE_ENDINGS
from godploy_desktop.ui.models.forms import YES, check_git_url, check_image, parse_relative_path
from godploy_server.contract import ArchiveSource, BadInput, FolderSource, GitSource, ImageSource, Source

FOLLOWS: Final = {"branch": "A branch", "tag": "A tag", "commit": "One commit"}
"""What of a repository is built: key to what a person reads."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def source_fields(source: Source) -> dict[str, str]:
    """Give back the text of the fields that this kind of source has."""
    match source:
        case GitSource():
            return {
                "url": source.url,
                "follows": "commit" if source.commit else "tag" if source.tag else "branch",
                "branch": source.branch,
                "tag": source.tag,
                "commit": source.commit,
                "root": source.root,
                "submodules": YES if source.submodules else "",
                "lfs": YES if source.lfs else "",
            }
        case FolderSource():
            return {"folder": source.path, "root": source.root}
        case ArchiveSource():
            return {"archive": source.name, "root": source.root}
        case ImageSource():
            return {"image": source.image}


def source_of(before: Source, fields: Mapping[str, str], computer: str = "") -> Source:
    """Give back `before` with what the fields say; its kind stays. `computer` is what this computer is called: a
    folder that was chosen anew is one of it. Raises BadInput for the first field that cannot be used."""
    match before:
        case GitSource():
            return git_source(fields)
        case FolderSource():
            path = check_folder(fields["folder"])
            root = parse_relative_path(fields["root"])
            is_other = path != before.path
            return FolderSource(path, computer if is_other and computer else before.computer, root)
        case ArchiveSource():
            return replace(before, name=fields["archive"].strip(), root=parse_relative_path(fields["root"]))
        case ImageSource():
            return ImageSource(check_image(fields["image"]))


def git_source(fields: Mapping[str, str]) -> GitSource:
    """Give back a repository and what of it is built; only what the person follows is kept of branch, tag, commit."""
    follows = fields.get("follows", "branch")
    return GitSource(
        check_git_url(fields["url"]),
        branch=fields["branch"].strip() or "main",
        root=parse_relative_path(fields["root"]),
        tag=check_tag(fields["tag"]) if follows == "tag" else "",
        commit=check_commit(fields["commit"]) if follows == "commit" else "",
        submodules=fields.get("submodules", "") == YES,
        lfs=fields.get("lfs", "") == YES,
    )


def check_tag(text: str) -> str:
    """Give back the name of a tag."""
    if not text.strip() or any(sign.isspace() for sign in text.strip()):
        raise BadInput(f"“{text}” is not a tag", "a tag is a name such as v1.4.0", "Correct the tag")
    return text.strip()


def check_commit(text: str) -> str:
    """Give back the full hash of a commit in lower case."""
    commit = text.strip().lower()
    if not _COMMIT.fullmatch(commit):
        raise BadInput(
            f"“{text}” is not a commit", "a commit is its full hash of 40 hexadecimal digits", "Paste the full hash"
        )
    return commit


def check_folder(text: str) -> str:
    """Give back the path of a folder as typed; that it is there is looked at later."""
    if not text.strip():
        raise BadInput("No folder is chosen", "a folder of this computer is wanted", "Choose a folder")
    return text.strip()


def check_archive_name(text: str) -> str:
    """Give back the path or name of an archive that can be unpacked: zip or tar, also compressed."""
    name = text.strip()
    if not name.lower().endswith(ARCHIVE_ENDINGS):
        raise BadInput(f"“{text}” is not an archive", "an archive is a .zip, .tar, .tar.gz or .tgz", "Choose another")
    return name
