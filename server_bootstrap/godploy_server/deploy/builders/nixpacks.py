"""Nixpacks: its own program looks at the source and writes a Dockerfile; we build it, so that secrets stay secrets.

Source: nixpacks.com/docs, "Configuration" and "CLI reference"; Nixpacks 1.41.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from godploy_server.contract import BadInput, BuildPlan, DeploymentFailed, NixpacksBuilder
from godploy_server.deploy.builders.builder import Way, Work, inside
from godploy_server.deploy.builders.image_build import build_image, read_program
from godploy_server.deploy.builders.nixpacks_dockerfile import described, plan_variables, read_plan, rewritten
from godploy_server.deploy.docker_build import ImageBuild
from godploy_server.deploy.tools import NIXPACKS as NIXPACKS_TOOL
from godploy_server.deploy.tools import ensure_tool

_SIGNS: Final = {
    "nixpacks.toml": "Nixpacks", "nixpacks.json": "Nixpacks", "package.json": "Node.js", "deno.json": "Deno",
    "deno.jsonc": "Deno",
    "requirements.txt": "Python", "pyproject.toml": "Python", "Pipfile": "Python", "setup.py": "Python",
    "go.mod": "Go", "Cargo.toml": "Rust", "Gemfile": "Ruby", "composer.json": "PHP", "index.php": "PHP",
    "pom.xml": "Java", "build.gradle": "Java", "build.gradle.kts": "Java", "build.sbt": "Scala", "mix.exs": "Elixir",
    "pubspec.yaml": "Dart", "Package.swift": "Swift", "project.clj": "Clojure", "build.zig": "Zig",
    "gleam.toml": "Gleam",
    "shard.yml": "Crystal", "main.py": "Python", "main.go": "Go", "index.js": "Node.js",
}  # fmt: skip
_SUFFIXES: Final = {".csproj": "C#", ".fsproj": "F#", ".cabal": "Haskell"}


def detect(names: frozenset[str]) -> tuple[NixpacksBuilder, str] | None:
    """A file by which Nixpacks knows a language, in the order of how much it says."""
    for name, language in _SIGNS.items():
        if name in names:
            return NixpacksBuilder(), f"there is a {name} at the top of the source ({language})"
    for name in sorted(names):
        for suffix, language in _SUFFIXES.items():
            if "/" not in name and name.endswith(suffix):
                return NixpacksBuilder(), f"there is a {name} at the top of the source ({language})"
    return None


async def plan(work: Work, reason: str) -> BuildPlan:
    """Ask Nixpacks what it would do. Raises DeploymentFailed if it finds nothing to do."""
    _, found = await _ask(work)
    return BuildPlan("nixpacks", reason, described(found, work.variables.secret))


async def build(work: Work) -> None:
    """Let Nixpacks write its Dockerfile and build that. Raises BadInput, DeploymentFailed."""
    result = work.wanted()
    program, found = await _ask(work)
    work.log.say("-- nixpacks writes the Dockerfile --")
    arguments = [str(program), *write_arguments(_builder(work), list(work.variables.plain), work.service_id)]
    ended, text = await read_program(arguments, _environment(work), folder=work.folder)
    written = work.folder / ".nixpacks" / "Dockerfile"
    if ended.code != 0 or not written.is_file():
        raise DeploymentFailed(
            "Nixpacks could not write a Dockerfile", ended.last, "Correct the source, or choose another builder"
        )
    work.log.write(text.encode())
    made = rewritten(written.read_text(encoding="utf-8"), plan_variables(found), work.variables.secret)
    written.write_text(made.text, encoding="utf-8")
    work.log.say("-- docker builds the image --")
    await build_image(
        work,
        ImageBuild(
            work.folder,
            written,
            result.tag,
            result.labels,
            result.id_file,
            arguments=made.arguments,
            secrets=work.variables.secret,
        ),
        needs_buildkit=True,
    )


NIXPACKS: Final = Way(
    "nixpacks",
    detect,
    "a file of a language, such as package.json, requirements.txt, go.mod",
    plan,
    build,
)


def plan_arguments(builder: NixpacksBuilder, variables: list[str]) -> list[str]:
    """Give the arguments of `nixpacks` that print the plan of the current folder."""
    return ["plan", ".", "--format", "json", *_options(builder, variables)]


def write_arguments(builder: NixpacksBuilder, variables: list[str], cache_key: str) -> list[str]:
    """Give the arguments of `nixpacks` that write `.nixpacks/Dockerfile` into the current folder."""
    return ["build", ".", "--out", ".", "--cache-key", cache_key, *_options(builder, variables)]


def _options(builder: NixpacksBuilder, variables: list[str]) -> list[str]:
    options: list[str] = []
    for name in variables:
        options += ["--env", name]  # by name: the value comes from the environment
    for option, value in (
        ("--config", builder.configuration),
        ("--install-cmd", builder.install_command),
        ("--build-cmd", builder.build_command),
        ("--start-cmd", builder.start_command),
    ):
        if value:
            options.append(f"{option}={value}")
    return options


async def _ask(work: Work) -> tuple[Path, dict[str, Any]]:
    builder = _builder(work)
    if builder.configuration:
        inside(work.folder, builder.configuration, "The Nixpacks configuration")
    refuse_links_out(work.folder)
    program = await ensure_tool(NIXPACKS_TOOL, work.tools_folder, work.settings.tools, work.log)
    arguments = [str(program), *plan_arguments(builder, list(work.variables.plain))]
    ended, text = await read_program(arguments, _environment(work), folder=work.folder)
    if ended.code != 0:
        raise DeploymentFailed(
            "Nixpacks could not plan the build",
            ended.last,
            "Add what it looks for (such as a start command), or choose another builder",
        )
    found = read_plan(text)
    if not found.get("phases") and not found.get("start"):
        raise DeploymentFailed(
            "Nixpacks does not know how to build this source",
            "it found no language that it knows",
            "Add a Dockerfile or a nixpacks.toml, or choose another builder",
        )
    return program, found


def refuse_links_out(folder: Path) -> None:
    """Raise BadInput for a symbolic link that leads out of the source: Nixpacks, which the agent runs as root, would
    read what it leads to."""
    top = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink() and not path.resolve().is_relative_to(top):
                raise BadInput(
                    f"The link “{path.relative_to(folder)}” leads out of the source",
                    f"it points to {path.readlink()}, which is not part of what is built",
                    "Replace it with the file, or choose the builder dockerfile",
                )


def _environment(work: Work) -> dict[str, str]:
    return {**work.variables.plain, "NO_COLOR": "1"}


def _builder(work: Work) -> NixpacksBuilder:
    assert isinstance(work.builder, NixpacksBuilder)
    return work.builder
