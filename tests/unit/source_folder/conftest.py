"""Folders made from a few words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from godploy_desktop.remote.source_folder.listing import list_folder
from godploy_desktop.remote.source_folder.rules import Rules

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """`make_folder("a/b", **{"c.txt": "content"})`: files named are made, with their name as content or as given."""

    def make(*paths: str, **contents: str) -> Path:
        top = tmp_path / "source"
        top.mkdir(exist_ok=True)
        for path, content in {**dict(zip(paths, paths, strict=True)), **contents}.items():
            file = top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return top

    return make


def listed(top: Path, rules: Rules | None = None) -> list[str]:
    """The paths of the files and links that count."""
    return [entry.path for entry in list_folder(top, rules) if not entry.is_folder]
