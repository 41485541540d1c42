"""The docker command of a build: what is named, what is handed over unseen, what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from godploy_server.contract import BadInput, DockerfileBuilder, Variable
from godploy_server.deploy.builders.builder import BuildVariables, inside
from godploy_server.deploy.builders.dockerfile import described, passed_secrets, passed_variables, warn_of_unused
from godploy_server.deploy.docker_build import (
    ImageBuild,
    build_arguments,
    build_environment,
    declared_arguments,
    is_integrated,
    mounted_secrets,
)

DOCKERFILE = """# syntax=docker/dockerfile:1
ARG BASE=python:3.12-slim PORT
FROM ${BASE}
arg VERSION \\
    REVISION=none
RUN --mount=type=secret,id=TOKEN,target=/token --mount=type=cache,id=pip,target=/c pip install x
RUN --mount=id=NPM,type=secret,required=true true
"""


class Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def write(self, output: bytes) -> None:
        self.lines.append(output.decode())


def a_build(**more: object) -> ImageBuild:
    return ImageBuild(Path("/s"), Path("/s/Dockerfile"), "godploy/s1:2", {"a": "b"}, Path("/id"), **more)  # type: ignore[arg-type]  # passed on as given


def test_a_build_names_its_arguments_and_hands_their_values_over_unseen() -> None:
    build = a_build(target="web", arguments={"MIRROR": "hub.test"}, cgroup_parent="group")
    assert build_arguments(build) == [
        "docker", "build", "--file", "/s/Dockerfile", "--tag", "godploy/s1:2", "--iidfile", "/id",
        "--label", "a=b", "--build-arg", "MIRROR", "--target", "web", "--cgroup-parent", "group", "/s",
    ]  # fmt: skip
    environment = build_environment(build, Path("/run/docker.sock"), buildkit=True)
    assert environment["MIRROR"] == "hub.test"
    assert environment["DOCKER_HOST"] == "unix:///run/docker.sock"
    assert environment["DOCKER_BUILDKIT"] == "1"


def test_a_secret_is_named_in_the_command_and_its_value_is_in_the_environment_alone() -> None:
    build = a_build(secrets={"TOKEN": "t0ps3cret", "PATH": "/evil"})
    words = build_arguments(build)
    assert words[words.index("--secret") + 1] == "id=TOKEN,env=GODPLOY_SECRET_0"
    assert "t0ps3cret" not in " ".join(words)
    environment = build_environment(build, Path("/d"), buildkit=True)
    assert environment["GODPLOY_SECRET_0"] == "t0ps3cret"
    assert environment["GODPLOY_SECRET_1"] == "/evil"
    assert "PATH" not in environment


def test_a_build_argument_cannot_steer_the_docker_command() -> None:
    build = a_build(arguments={"DOCKER_HOST": "tcp://elsewhere"})
    assert build_environment(build, Path("/d"), buildkit=True)["DOCKER_HOST"] == "unix:///d"
    for name in ("DOCKER_CONFIG", "LD_PRELOAD", "PATH", "HOME", "Path", "XDG_CONFIG_HOME"):
        with pytest.raises(BadInput):
            build_arguments(a_build(arguments={name: "x"}))


def test_only_docker_before_23_has_buildkit_inside() -> None:
    assert [is_integrated(each) for each in ("20.10.24+dfsg1", "23.0.1", "26.1.5", "")] == [True, False, False, False]


def test_nothing_outside_the_source_is_built(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "app").mkdir(parents=True)
    (source / "link").symlink_to("/etc/passwd")
    assert inside(source, "app", "The folder") == source / "app"
    assert inside(source, "", "The folder") == source
    for bad in ("..", "/etc", "link", "app/../../x", "missing"):
        with pytest.raises(BadInput):
            inside(source, bad, "The folder")


def test_the_arguments_that_a_dockerfile_declares_are_found() -> None:
    assert declared_arguments(DOCKERFILE) == {"BASE", "PORT", "VERSION", "REVISION"}
    assert declared_arguments("FROM x\nRUN echo ARG NO\n# ARG NO\n") == frozenset()


def test_the_secrets_that_a_dockerfile_mounts_are_found() -> None:
    assert mounted_secrets(DOCKERFILE) == {"TOKEN", "NPM"}


def test_a_build_gets_the_variables_that_it_declares_and_the_rest_is_said() -> None:
    variables = BuildVariables({"VERSION": "7", "COLOUR": "red"}, {"TOKEN": "t", "OTHER": "o"})
    builder = DockerfileBuilder(arguments={"BASE": "x", "UNUSED": "y"})
    assert passed_variables(DOCKERFILE, variables) == {"VERSION": "7"}
    assert passed_secrets(DOCKERFILE, variables) == {"TOKEN": "t"}
    log = Lines()
    warn_of_unused(log, builder, DOCKERFILE, variables)
    said = "\n".join(log.lines)
    assert "UNUSED" in said
    assert "COLOUR" in said
    assert "id=OTHER" in said
    assert "VERSION" not in said


def test_a_plan_tells_names_and_no_values() -> None:
    text = described(
        DockerfileBuilder(target="web", arguments={"BASE": "hidden-value"}),
        DOCKERFILE,
        BuildVariables({"VERSION": "hidden-too"}, {"TOKEN": "hidden-most"}),
    )
    assert text.splitlines() == [
        "Dockerfile: Dockerfile", "Stage: web", "Build arguments: BASE, VERSION", "Build secrets: TOKEN",
    ]  # fmt: skip


def test_what_no_plain_variable_accounts_for_counts_as_secret() -> None:
    known = [Variable("A", "1"), Variable("B", None, is_secret=True), Variable("C", None, reference="db.url")]
    sorted_out = BuildVariables.sorted_out({"A": "1", "B": "2", "C": "3", "GONE": "4"}, known)
    assert sorted_out == BuildVariables({"A": "1"}, {"B": "2", "C": "3", "GONE": "4"})
