"""Builders and build settings that are refused: each would mean something else in a Dockerfile or a command line."""

from __future__ import annotations

import pytest

from godploy_server.agent.checks import check_server_settings, check_service_settings
from godploy_server.contract import (
    BadInput,
    Builder,
    BuildpacksBuilder,
    ChangeSettings,
    DockerfileBuilder,
    GitSource,
    NixpacksBuilder,
    ServiceSettings,
    StaticBuilder,
    ToolSource,
)

SHA256 = "a" * 64


def check(builder: Builder) -> None:
    check_service_settings(ServiceSettings(GitSource("https://git.test/shop.git"), builder))


@pytest.mark.parametrize(
    "builder",
    [
        NixpacksBuilder("npm ci", 'make "$A" && make', "./run --port $PORT", "ci/nixpacks.toml"),
        BuildpacksBuilder(
            "heroku/builder:24", ("paketo-buildpacks/python@2.0.0", "docker.io/x/y", "urn:cnb:r:a/b"), "web"
        ),
        StaticBuilder("npm run build", "packages/@shop/web/dist", "node:22-slim", single_page=False),
        DockerfileBuilder("ops/Dockerfile.prod", "web", {"A": "1"}),
    ],
)
def test_what_people_use_is_taken(builder: Builder) -> None:
    check(builder)


@pytest.mark.parametrize(
    ("builder", "path"),
    [
        (NixpacksBuilder(start_command="a\nFROM evil"), "start_command"),
        (NixpacksBuilder(install_command="a\0"), "install_command"),
        (NixpacksBuilder(configuration="../nixpacks.toml"), "configuration"),
        (NixpacksBuilder(configuration="/etc/nixpacks.toml"), "configuration"),
        (BuildpacksBuilder(image="--publish"), "image"),
        (BuildpacksBuilder(buildpacks=("/var/lib/godploy",)), "buildpacks/0"),
        (BuildpacksBuilder(buildpacks=("a", "--volume=/:/x")), "buildpacks/1"),
        (BuildpacksBuilder(buildpacks=("x/../../etc",)), "buildpacks/0"),
        (BuildpacksBuilder(process="-D x"), "process"),
        (StaticBuilder(output="../.."), "output"),
        (StaticBuilder(output="dist /x"), "output"),
        (StaticBuilder(build_image="node\nRUN evil"), "build_image"),
        (StaticBuilder(build_command="x\ny"), "build_command"),
        (DockerfileBuilder(arguments={"LD_PRELOAD": "x"}), ""),
        (DockerfileBuilder(target="a b"), "target"),
    ],
)
def test_what_could_mean_something_else_is_refused(builder: Builder, path: str) -> None:
    with pytest.raises(BadInput) as refused:
        check(builder)
    assert path in refused.value.problem.why


@pytest.mark.parametrize(
    "wanted",
    [
        ChangeSettings(build_memory_bytes=0, build_cpus=0, kept_build_days=1, static_image="hub.test:5000/nginx:1"),
        ChangeSettings(build_memory_bytes=64 << 20, build_cpus=0.5),
        ChangeSettings(
            tools=(
                ToolSource("nixpacks", "http://10.0.0.1/n.tgz", SHA256),
                ToolSource("pack", "https://m.test/p", SHA256),
            )
        ),
        ChangeSettings(tools=()),
    ],
)
def test_build_settings_that_a_server_may_have(wanted: ChangeSettings) -> None:
    assert check_server_settings(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        ChangeSettings(build_memory_bytes=1 << 20),
        ChangeSettings(build_memory_bytes=-1),
        ChangeSettings(build_cpus=0.01),
        ChangeSettings(kept_build_days=0),
        ChangeSettings(static_image="nginx\nRUN evil"),
        ChangeSettings(tools=(ToolSource("curl", "https://m.test/c", SHA256),)),
        ChangeSettings(tools=(ToolSource("pack", "file:///etc/passwd", SHA256),)),
        ChangeSettings(tools=(ToolSource("pack", "https://user:word@m.test/p", SHA256),)),
        ChangeSettings(tools=(ToolSource("pack", "https://m.test/p", "abc"),)),
        ChangeSettings(
            tools=(ToolSource("pack", "https://m.test/p", SHA256), ToolSource("pack", "https://n.test/p", SHA256))
        ),
    ],
)
def test_build_settings_that_no_server_may_have(wanted: ChangeSettings) -> None:
    with pytest.raises(BadInput):
        check_server_settings(wanted)
