"""`.gitignore` as git reads it: git itself is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from godploy_desktop.remote.source_folder.git_ignore import GitIgnore
from tests.unit.source_folder.conftest import MakeFolder, listed

TREE = (
    "main.py",
    "main.pyc",
    "build/out.bin",
    "src/build/out.bin",
    "src/keep.log",
    "src/other.log",
    "src/deep/a/b/c.tmp",
    "logs/2026/day.log",
    "logs/2026/keep.log",
    "node_modules/x/index.js",
    "web/node_modules/y/index.js",
    "web/dist/app.js",
    "web/dist/keep/app.js",
    "foo/a/bar/file",
    "foo/bar/file",
    "name with space",
    "#hash",
    "!bang",
    "doc/frotz/a",
    "frotz/a",
    "x/frotz",
)

CASES: dict[str, dict[str, str]] = {
    "extensions": {".gitignore": "*.pyc\n*.log\n!keep.log\n"},
    "anchored": {".gitignore": "/build/\n"},
    "any depth": {".gitignore": "build/\nnode_modules/\n"},
    "folders alone": {".gitignore": "frotz/\n"},
    "with a slash it is anchored": {".gitignore": "doc/frotz\n"},
    "stars": {".gitignore": "foo/**/bar\n**/dist\n"},
    "all below": {".gitignore": "logs/**\n!logs/2026/\n!logs/2026/keep.log\n"},
    "nothing comes back from an ignored folder": {".gitignore": "web/dist/\n!web/dist/keep/\n"},
    "all but one": {".gitignore": "/*\n!/src\n!/.gitignore\n"},
    "nested says more": {".gitignore": "*.bin\n", "src/.gitignore": "*.tmp\n!build/out.bin\n"},
    "nested takes back": {".gitignore": "*.log\n", "logs/.gitignore": "!keep.log\n"},
    "nested is anchored there": {"web/.gitignore": "/dist\n"},
    "escaped": {".gitignore": "\\#hash\n\\!bang\nname\\ with\\ space\n"},
    "trailing spaces and comments": {".gitignore": "# *.py\nmain.pyc   \n"},
    "characters": {".gitignore": "main.py[co]\nsrc/[ko]*.log\n"},
}


def git(top: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.excludesFile=", "-c", "core.quotePath=off", "-C", str(top), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", CASES)
def test_the_same_files_count_as_for_git(name: str, make_folder: MakeFolder) -> None:
    top = make_folder(*TREE, **CASES[name])
    git(top, "init", "-q")
    expected = sorted(path for path in git(top, "ls-files", "-z", "-o", "--exclude-standard").split("\0") if path)
    assert sorted(listed(top, GitIgnore.of(top, top))) == expected


def test_a_folder_within_a_repository_obeys_the_files_above_it(make_folder: MakeFolder) -> None:
    top = make_folder(*TREE, **{".gitignore": "node_modules/\n/web/dist/keep\n"})
    git(top, "init", "-q")
    (top / ".git/info").mkdir(exist_ok=True)
    (top / ".git/info/exclude").write_text("*.tmp\n")
    assert listed(top / "web", GitIgnore.of(top / "web", top / "web")) == ["dist/app.js"]
    assert "deep/a/b/c.tmp" not in listed(top / "src", GitIgnore.of(top / "src", top / "src"))


def test_git_itself_never_counts_nor_does_a_submodules(make_folder: MakeFolder) -> None:
    top = make_folder("a", ".git/config", "module/.git", "module/b")
    assert listed(top, GitIgnore.of(top, top)) == ["a", "module/b"]


def test_the_root_of_a_folder_without_a_repository_obeys_the_folders_own_file(make_folder: MakeFolder) -> None:
    top = make_folder("web/a.log", "web/b", **{".gitignore": "*.log\n"})
    assert listed(top / "web", GitIgnore.of(top / "web", top)) == ["b"]
