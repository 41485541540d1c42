"""The builder options of `godploy service create` and `change`: what they make, and what does not fit together."""

from __future__ import annotations

import argparse

import pytest

from godploy_desktop.commands import builder_settings
from godploy_server.contract import (
    AutoBuilder,
    BadInput,
    Builder,
    BuildpacksBuilder,
    DockerfileBuilder,
    NixpacksBuilder,
    StaticBuilder,
)


def changed(before: Builder, *words: str) -> Builder:
    parser = argparse.ArgumentParser()
    builder_settings.add_arguments(parser)
    return builder_settings.changed_builder(before, parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "builder"),
    [
        ([], AutoBuilder()),
        (["--builder", "nixpacks"], NixpacksBuilder()),
        (["--dockerfile", "ops/Dockerfile", "--build-arg", "A=1", "--build-arg", "B=x=y"],
         DockerfileBuilder(path="ops/Dockerfile", arguments={"A": "1", "B": "x=y"})),
        (["--target", "web"], DockerfileBuilder(target="web")),
        (["--start-command", "./run", "--build-command", "make"],
         NixpacksBuilder(start_command="./run", build_command="make")),
        (["--nixpacks-config", "ci/nixpacks.toml"], NixpacksBuilder(configuration="ci/nixpacks.toml")),
        (["--builder-image", "heroku/builder:24", "--buildpack", "a@1", "--buildpack", "b", "--process", "worker"],
         BuildpacksBuilder("heroku/builder:24", ("a@1", "b"), "worker")),
        (["--output", "dist", "--build-command", "make", "--no-single-page", "--build-image", "alpine:3"],
         StaticBuilder("make", "dist", "alpine:3", single_page=False)),
    ],
)  # fmt: skip
def test_options_choose_the_builder_that_knows_them(words: list[str], builder: Builder) -> None:
    assert changed(AutoBuilder(), *words) == builder


def test_a_change_touches_nothing_else() -> None:
    before = NixpacksBuilder(start_command="./run", install_command="./install")
    assert changed(before, "--start-command", "") == NixpacksBuilder(install_command="./install")
    assert changed(before) == before
    assert changed(BuildpacksBuilder(buildpacks=("a",)), "--buildpack", "") == BuildpacksBuilder()
    assert changed(before, "--builder", "static") == StaticBuilder()
    assert changed(before, "--builder", "auto") == AutoBuilder()


@pytest.mark.parametrize(
    ("before", "words", "says"),
    [
        (DockerfileBuilder(), ["--start-command", "x"], "--start-command does not fit the builder dockerfile"),
        (AutoBuilder(), ["--builder", "static", "--process", "web"], "--process does not fit the builder static"),
        (AutoBuilder(), ["--build-command", "make"], "not clear which builder"),
        (AutoBuilder(), ["--output", "dist", "--process", "web"], "not clear which builder"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_with_the_way_out(before: Builder, words: list[str], says: str) -> None:
    with pytest.raises(BadInput) as refused:
        changed(before, *words)
    assert says in refused.value.problem.what + refused.value.problem.why
    assert "--builder" in refused.value.problem.next_step


def test_every_builder_is_described_in_a_few_words() -> None:
    assert "auto" in builder_settings.described(AutoBuilder())
    assert builder_settings.described(DockerfileBuilder(target="web")) == "dockerfile Dockerfile, stage web"
    assert "heroku/builder:24" in builder_settings.described(BuildpacksBuilder("heroku/builder:24", process="web"))
    assert builder_settings.described(StaticBuilder(output="dist")) == "static site of dist"
    assert builder_settings.described(NixpacksBuilder(configuration="n.toml")) == "nixpacks with n.toml"
