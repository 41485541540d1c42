"""The options that say how a service is built, and the builder that they make: a pure function of both."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any, Final

from godploy_desktop.commands import options
from godploy_server.contract import (
    AutoBuilder,
    BadInput,
    Builder,
    BuildpacksBuilder,
    DockerfileBuilder,
    NixpacksBuilder,
    StaticBuilder,
)

_KINDS: Final[dict[str, type[Any]]] = {
    "auto": AutoBuilder,
    "dockerfile": DockerfileBuilder,
    "nixpacks": NixpacksBuilder,
    "buildpacks": BuildpacksBuilder,
    "static": StaticBuilder,
}
# each option's name in the namespace, and the field that it sets of each builder that knows it
_FIELDS: Final[dict[str, dict[str, str]]] = {
    "dockerfile": {"dockerfile": "path"},
    "target": {"dockerfile": "target"},
    "build_arg": {"dockerfile": "arguments"},
    "install_command": {"nixpacks": "install_command"},
    "build_command": {"nixpacks": "build_command", "static": "build_command"},
    "start_command": {"nixpacks": "start_command"},
    "nixpacks_config": {"nixpacks": "configuration"},
    "builder_image": {"buildpacks": "image"},
    "buildpack": {"buildpacks": "buildpacks"},
    "process": {"buildpacks": "process"},
    "output": {"static": "output"},
    "build_image": {"static": "build_image"},
    "single_page": {"static": "single_page"},
}
OPTIONS: Final = ("builder", *_FIELDS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options. Each is None unless given, so that a change touches nothing else."""
    build = parser.add_argument_group("build")
    build.add_argument("--builder", choices=tuple(_KINDS), help="what makes the image (default: auto)")
    build.add_argument("--build-timeout", type=int, metavar="SECONDS", help="longest build (default: 3600)")
    own = parser.add_argument_group("builder dockerfile")
    own.add_argument("--dockerfile", metavar="PATH", help="relative to the root (default: Dockerfile)")
    own.add_argument("--target", metavar="STAGE", help="stage of the Dockerfile to build")
    own.add_argument("--build-arg", action="append", type=options.pair, metavar="NAME=VALUE", help="may be repeated")
    nixpacks = parser.add_argument_group("builder nixpacks (an empty command: what Nixpacks chooses)")
    nixpacks.add_argument("--install-command", metavar="COMMAND", help="installs what the program needs")
    nixpacks.add_argument("--build-command", metavar="COMMAND", help="builds it; of a static site too")
    nixpacks.add_argument("--start-command", metavar="COMMAND", help="starts it")
    nixpacks.add_argument("--nixpacks-config", metavar="PATH", help="nixpacks.toml or .json, relative to the root")
    buildpacks = parser.add_argument_group("builder buildpacks")
    buildpacks.add_argument("--builder-image", metavar="IMAGE", help="such as heroku/builder:24")
    buildpacks.add_argument(
        "--buildpack", action="append", metavar="ID", help="may be repeated; “” for the image's own"
    )
    buildpacks.add_argument("--process", metavar="TYPE", help="process type to run (default: web)")
    static = parser.add_argument_group("builder static")
    static.add_argument("--output", metavar="FOLDER", help="where the site is, or where the build command writes it")
    static.add_argument("--build-image", metavar="IMAGE", help="what the build command runs in (default: node:22-slim)")
    static.add_argument(
        "--single-page",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a path that is no file gets index.html (default: yes)",
    )


def changed_builder(builder: Builder, given: argparse.Namespace) -> Builder:
    """Give the builder with what was given. Raises BadInput for an option that the builder does not know.

    Without --builder an option chooses the builder of a service that has none of its own (auto).
    """
    wanted = {name: getattr(given, name) for name in _FIELDS if getattr(given, name) is not None}
    kind = given.builder or _implied(builder.kind, list(wanted))
    for name in wanted:
        if kind not in _FIELDS[name]:
            raise BadInput(
                f"{_option(name)} does not fit the builder {kind}",
                f"it belongs to {' and '.join(_FIELDS[name])}",
                f"Leave it out, or add --builder {next(iter(_FIELDS[name]))}",
            )
    before = builder if builder.kind == kind else _KINDS[kind]()
    changes = {_FIELDS[name][kind]: _value(name, value) for name, value in wanted.items()}
    changed: Builder = dataclasses.replace(before, **changes)
    return changed


def described(builder: Builder) -> str:
    """How a service is built, in a few words."""
    match builder:
        case AutoBuilder():
            return "auto (by looking at the source)"
        case DockerfileBuilder():
            return f"dockerfile {builder.path}" + (f", stage {builder.target}" if builder.target else "")
        case NixpacksBuilder():
            return "nixpacks" + (f" with {builder.configuration}" if builder.configuration else "")
        case BuildpacksBuilder():
            return f"buildpacks of {builder.image}" + (f", process {builder.process}" if builder.process else "")
        case StaticBuilder():
            return "static site" + (f" of {builder.output}" if builder.output else "")


def _implied(kind: str, names: list[str]) -> str:
    if kind != "auto" or not names:
        return kind
    fitting = [each for each in _KINDS if all(each in _FIELDS[name] for name in names)]
    if len(fitting) == 1:
        return fitting[0]
    raise BadInput(
        "It is not clear which builder is meant",
        f"{', '.join(map(_option, names))} {'belong' if len(names) > 1 else 'belongs'} to "
        + (" and ".join(fitting) if fitting else "different builders"),
        "Say it with --builder",
    )


def _value(name: str, value: Any) -> Any:
    match name:
        case "build_arg":
            return dict(value)
        case "buildpack":
            return tuple(each for each in value if each)
        case _:
            return value


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
