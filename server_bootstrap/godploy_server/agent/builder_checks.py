"""Which builders a service, and which build settings a server may have: pure checks, with the value's path.

Much of it ends up in a Dockerfile or in a command line: what could mean something else there is refused here.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from godploy_server.agent.requiring import require
from godploy_server.contract.building import (
    AutoBuilder,
    Builder,
    BuildpacksBuilder,
    DockerfileBuilder,
    NixpacksBuilder,
    StaticBuilder,
    ToolSource,
)
from godploy_server.contract.requests import ChangeSettings, check_build_argument

IMAGE: Final = re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}")
_STAGE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,199})?")
_BUILDPACK: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/@:+-]{0,254}")
_PROCESS: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,62})?")
_FOLDER: Final = re.compile(r"[A-Za-z0-9._/@+-]{0,300}")
_TOOL_URL: Final = re.compile(r"https?://[^\s/@\"'`]+/[^\s@\"'`]{1,500}")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_TOOLS: Final = ("nixpacks", "pack")
_LEAST_BUILD_MEMORY: Final = 64 << 20
_LONGEST_COMMAND: Final = 4000
_MOST_BUILDPACKS: Final = 50


def check_builder(builder: Builder) -> None:
    """Raise BadInput for a builder that no service may have."""
    match builder:
        case AutoBuilder():
            pass
        case DockerfileBuilder():
            _check_dockerfile(builder)
        case NixpacksBuilder():
            for name in ("install_command", "build_command", "start_command"):
                _check_command(getattr(builder, name), f"settings/builder/{name}")
            check_relative(builder.configuration, "settings/builder/configuration")
        case BuildpacksBuilder():
            _check_buildpacks(builder)
        case StaticBuilder():
            _check_command(builder.build_command, "settings/builder/build_command")
            check_relative(builder.output, "settings/builder/output")
            is_plain = bool(_FOLDER.fullmatch(builder.output))
            require(is_plain, "settings/builder/output", "a folder of letters, digits and . _ - + @ /")
            _check_image(builder.build_image, "settings/builder/build_image")


def check_build_settings(wanted: ChangeSettings) -> None:
    """Raise BadInput for build settings that no server may have."""
    if wanted.build_memory_bytes is not None:
        is_enough = wanted.build_memory_bytes == 0 or _LEAST_BUILD_MEMORY <= wanted.build_memory_bytes < 2**50
        require(is_enough, "build_memory_bytes", f"0 (three quarters) or at least {_LEAST_BUILD_MEMORY} (64 MiB)")
    if wanted.build_cpus is not None:
        is_share = wanted.build_cpus == 0 or 0.1 <= wanted.build_cpus <= 1024
        require(is_share, "build_cpus", "0 (all but half of one) or from 0.1 to 1024")
    if wanted.kept_build_days is not None:
        require(1 <= wanted.kept_build_days <= 3650, "kept_build_days", "from 1 to 3650")
    if wanted.static_image is not None:
        _check_image(wanted.static_image, "static_image")
    for index, tool in enumerate(wanted.tools or ()):
        _check_tool(tool, f"tools/{index}")
    names = [each.name for each in wanted.tools or ()]
    require(len(names) == len(set(names)), "tools", "one source for each tool")


def check_relative(path: str, where: str) -> None:
    """Raise BadInput for a path that is none inside the source."""
    parts = PurePosixPath(path)
    is_inside = not parts.is_absolute() and ".." not in parts.parts and path.isprintable() and len(path) <= 500
    require(is_inside, where, "a path inside the source, without ..")


def _check_dockerfile(builder: DockerfileBuilder) -> None:
    require(bool(builder.path), "settings/builder/path", "the path of a Dockerfile")
    check_relative(builder.path, "settings/builder/path")
    require(bool(_STAGE.fullmatch(builder.target)), "settings/builder/target", "the name of a build stage")
    for name, value in builder.arguments.items():
        check_build_argument(name)
        require("\0" not in value, f"settings/builder/arguments/{name}", "without NUL characters")


def _check_buildpacks(builder: BuildpacksBuilder) -> None:
    _check_image(builder.image, "settings/builder/image")
    require(len(builder.buildpacks) <= _MOST_BUILDPACKS, "settings/builder/buildpacks", f"at most {_MOST_BUILDPACKS}")
    for index, each in enumerate(builder.buildpacks):
        is_name = bool(_BUILDPACK.fullmatch(each))
        require(is_name, f"settings/builder/buildpacks/{index}", "an id (paketo-buildpacks/python@2.0.0) or an image")
    is_process = bool(_PROCESS.fullmatch(builder.process))
    require(is_process, "settings/builder/process", "the name of a process type, such as web")


def _check_tool(tool: ToolSource, path: str) -> None:
    require(tool.name in _TOOLS, f"{path}/name", " or ".join(_TOOLS))
    is_url = bool(_TOOL_URL.fullmatch(tool.url))
    require(is_url, f"{path}/url", "an https:// or http:// address of an archive, without a password in it")
    require(bool(_SHA256.fullmatch(tool.sha256)), f"{path}/sha256", "64 hexadecimal digits")


def _check_command(command: str, path: str) -> None:
    is_line = len(command) <= _LONGEST_COMMAND and not any(each in command for each in "\0\n\r")
    require(is_line, path, f"one line of at most {_LONGEST_COMMAND} characters")


def _check_image(image: str, path: str) -> None:
    require(bool(IMAGE.fullmatch(image)), path, "an image such as nginx:1.29-alpine")
