"""Which builder auto picks, for sources of many kinds, and what it says where none fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from godploy_server.contract import (
    AutoBuilder,
    BuildpacksBuilder,
    DeploymentFailed,
    DockerfileBuilder,
    NixpacksBuilder,
    StaticBuilder,
)
from godploy_server.deploy.builders.auto import chosen
from godploy_server.deploy.builders.builder import top_of


@pytest.mark.parametrize(
    ("names", "builder", "because"),
    [
        ({"Dockerfile", "package.json", "index.html"}, DockerfileBuilder(), "Dockerfile"),
        ({"Containerfile"}, DockerfileBuilder(path="Containerfile"), "Containerfile"),
        ({"project.toml", "package.json"}, BuildpacksBuilder(), "project.toml"),
        ({"package.json", "index.html", "src/", "src/main.ts"}, NixpacksBuilder(), "Node.js"),
        ({"requirements.txt", "main.py"}, NixpacksBuilder(), "requirements.txt"),
        ({"pyproject.toml"}, NixpacksBuilder(), "Python"),
        ({"go.mod", "main.go"}, NixpacksBuilder(), "Go"),
        ({"Cargo.toml"}, NixpacksBuilder(), "Rust"),
        ({"Gemfile", "config.ru"}, NixpacksBuilder(), "Ruby"),
        ({"composer.json", "index.php"}, NixpacksBuilder(), "PHP"),
        ({"pom.xml"}, NixpacksBuilder(), "Java"),
        ({"mix.exs"}, NixpacksBuilder(), "Elixir"),
        ({"deno.json", "main.ts"}, NixpacksBuilder(), "Deno"),
        ({"Shop.csproj"}, NixpacksBuilder(), "C#"),
        ({"nixpacks.toml", "run.sh"}, NixpacksBuilder(), "nixpacks.toml"),
        ({"index.html", "style.css"}, StaticBuilder(), "index.html"),
        ({"index.html", "about.html"}, StaticBuilder(single_page=False), "index.html"),
        ({"README.md", "public/", "public/index.html"}, StaticBuilder(output="public"), "public/"),
        (
            {"dist/", "dist/index.html", "dist/404.html"},
            StaticBuilder(output="dist", single_page=False),
            "dist/",
        ),
    ],
)
def test_auto_picks_by_what_lies_at_the_top(names: set[str], builder: object, because: str) -> None:
    way, picked, reason = chosen(AutoBuilder(), frozenset(names))
    assert picked == builder
    assert way.kind == picked.kind
    assert because in reason


def test_what_a_person_chose_is_taken_whatever_the_source_holds() -> None:
    wanted = NixpacksBuilder(start_command="./run")
    way, picked, reason = chosen(wanted, frozenset({"Dockerfile"}))
    assert (way.kind, picked) == ("nixpacks", wanted)
    assert "settings" in reason


def test_a_source_that_nothing_fits_is_told_what_was_looked_for() -> None:
    with pytest.raises(DeploymentFailed) as failed:
        chosen(AutoBuilder(), frozenset({"README.md", "src/", "src/package.json"}), "apps/web")
    problem = failed.value.problem
    for word in ("apps/web", "Dockerfile", "project.toml", "package.json", "index.html"):
        assert word in problem.why
    assert "root" in problem.next_step


def test_a_source_is_looked_at_one_folder_deep_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "public" / "deep").mkdir(parents=True)
    (tmp_path / "public" / "index.html").touch()
    (tmp_path / "public" / "deep" / "x").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").touch()
    (tmp_path / "out").symlink_to("/etc")
    assert top_of(tmp_path) == {"public/", "public/index.html", "public/deep/", ".git/", "out/"}
