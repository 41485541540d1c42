"""Which files are deployed where both kinds of ignore file have a say."""

from __future__ import annotations

from godploy_desktop.remote.source_folder.folder_rules import context_rules, folder_rules
from tests.unit.source_folder.conftest import MakeFolder, listed


def test_without_a_dockerfile_only_gitignore_counts(make_folder: MakeFolder) -> None:
    top = make_folder("a.py", "a.log", "b.md", **{".gitignore": "*.log\n", ".dockerignore": "*.md\n"})
    assert listed(top, folder_rules(top)) == [".dockerignore", ".gitignore", "a.py", "b.md"]


def test_with_a_dockerfile_both_count_and_what_the_build_needs_stays(make_folder: MakeFolder) -> None:
    top = make_folder(
        "Dockerfile", "a.py", "a.log", "b.md", **{".gitignore": "*.log\n", ".dockerignore": "*.md\n*ocker*\n.git*\n"}
    )
    assert listed(top, folder_rules(top, dockerfile="Dockerfile")) == [".dockerignore", "Dockerfile", "a.py"]


def test_dockerignore_takes_back_what_git_ignores(make_folder: MakeFolder) -> None:
    top = make_folder(
        "Dockerfile", "dist/app.js", "dist/app.map", "node_modules/x.js", ".git/config",
        **{".gitignore": "dist/\nnode_modules/\n", ".dockerignore": "!dist/*.js\n"},
    )  # fmt: skip
    expected = [".dockerignore", ".gitignore", "Dockerfile", "dist/app.js"]
    assert listed(top, folder_rules(top, dockerfile="Dockerfile")) == expected
    assert listed(top, context_rules(top, "", "Dockerfile")) == expected


def test_a_dockerfiles_own_ignore_file_takes_the_place_of_the_general_one(make_folder: MakeFolder) -> None:
    top = make_folder(
        "build/web.Dockerfile", "a.py", "b.md",
        **{"build/web.Dockerfile.dockerignore": "*.py\n", ".dockerignore": "*.md\n"},
    )  # fmt: skip
    assert "b.md" in listed(top, folder_rules(top, dockerfile="build/web.Dockerfile"))
    assert "a.py" not in listed(top, folder_rules(top, dockerfile="build/web.Dockerfile"))
    assert "a.py" in listed(top, folder_rules(top, dockerfile="Dockerfile"))


def test_the_dockerignore_of_a_root_speaks_of_the_root_alone(make_folder: MakeFolder) -> None:
    top = make_folder(
        "lib/x.md", "web/Dockerfile", "web/y.md", "web/z.py", **{"web/.dockerignore": "*.md\n", ".gitignore": "*.pyc\n"}
    )
    rules = folder_rules(top, "web", "Dockerfile")
    assert listed(top, rules) == [".gitignore", "lib/x.md", "web/.dockerignore", "web/Dockerfile", "web/z.py"]
    assert listed(top / "web", context_rules(top, "web", "Dockerfile")) == [".dockerignore", "Dockerfile", "z.py"]
