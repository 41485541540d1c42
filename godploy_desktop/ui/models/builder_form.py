"""Builders as text fields, and back. Pure functions.

Every builder's fields are always there, so that what was typed for one stays while another is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from godploy_desktop.ui.models.forms import YES, parse_relative_path
from godploy_server.contract import (
    AutoBuilder,
    BadInput,
    Builder,
    BuildpacksBuilder,
    DockerfileBuilder,
    NixpacksBuilder,
    StaticBuilder,
    check_build_argument,
)

BUILDERS: Final = {
    "auto": "Automatic",
    "dockerfile": "Dockerfile",
    "nixpacks": "Nixpacks",
    "buildpacks": "Buildpacks",
    "static": "Static site",
}
"""Kind of builder to what a person reads."""

BUILDER_HINTS: Final = {
    "auto": "Looks at the source: a Dockerfile wins, else the language that is found",
    "dockerfile": "Builds with a Dockerfile of the source",
    "nixpacks": "Finds the language out and installs what it needs; no Dockerfile wanted",
    "buildpacks": "Cloud Native Buildpacks, as on Heroku or Paketo",
    "static": "Files behind a small web server, built first where a command is given",
}
"""One sentence on each."""

BUILDPACK_IMAGES: Final = (
    "paketobuildpacks/builder-jammy-base",
    "paketobuildpacks/builder-jammy-full",
    "heroku/builder:24",
)
"""Builder images that are usual; any other may be typed."""


def builder_fields(builder: Builder) -> dict[str, str]:
    """Give back every field's text; those of the other builders hold what a new one begins with."""
    dockerfile = builder if isinstance(builder, DockerfileBuilder) else DockerfileBuilder()
    nixpacks = builder if isinstance(builder, NixpacksBuilder) else NixpacksBuilder()
    buildpacks = builder if isinstance(builder, BuildpacksBuilder) else BuildpacksBuilder()
    static = builder if isinstance(builder, StaticBuilder) else StaticBuilder()
    return {
        "builder": builder.kind,
        "dockerfile": dockerfile.path,
        "target": dockerfile.target,
        "arguments": "\n".join(f"{name}={value}" for name, value in dockerfile.arguments.items()),
        "install_command": nixpacks.install_command,
        "build_command": nixpacks.build_command,
        "start_command": nixpacks.start_command,
        "configuration": nixpacks.configuration,
        "builder_image": buildpacks.image,
        "buildpacks": "\n".join(buildpacks.buildpacks),
        "process": buildpacks.process,
        "static_command": static.build_command,
        "output": static.output,
        "build_image": static.build_image,
        "single_page": YES if static.single_page else "",
    }


def builder_of(fields: Mapping[str, str]) -> Builder:
    """Give back the chosen builder; what stands in the fields of the others is not looked at. Raises BadInput."""
    match fields["builder"]:
        case "dockerfile":
            path = parse_relative_path(fields["dockerfile"]) or "Dockerfile"
            return DockerfileBuilder(path, fields["target"].strip(), parse_arguments(fields["arguments"]))
        case "nixpacks":
            return NixpacksBuilder(
                fields["install_command"].strip(),
                fields["build_command"].strip(),
                fields["start_command"].strip(),
                parse_relative_path(fields["configuration"]),
            )
        case "buildpacks":
            return BuildpacksBuilder(
                check_builder_image(fields["builder_image"]),
                tuple(fields["buildpacks"].split()),
                fields["process"].strip(),
            )
        case "static":
            command, output = fields["static_command"].strip(), parse_relative_path(fields["output"])
            image = check_builder_image(fields["build_image"]) if command else fields["build_image"].strip()
            return StaticBuilder(command, output, image or StaticBuilder().build_image, fields["single_page"] == YES)
        case _:
            return AutoBuilder()


def parse_arguments(text: str) -> dict[str, str]:
    """Give back the build arguments of lines `NAME=value`; raises BadInput naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise BadInput(f"Line {number} cannot be used", f"line {number} has no “=”", "Write NAME=value")
        found[check_build_argument(name.strip())] = value.strip()
    return found


def check_builder_image(text: str) -> str:
    """Give back the name of an image that builds."""
    image = text.strip()
    if not image or any(sign.isspace() for sign in image):
        raise BadInput(
            f"“{text}” is not an image", f"an image looks like {BUILDPACK_IMAGES[0]} or node:22-slim", "Correct it"
        )
    return image
