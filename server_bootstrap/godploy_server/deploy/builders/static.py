"""Static site: the source's own files, or what a command makes of them, behind a small web server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from godploy_server.contract import BadInput, BuildPlan, StaticBuilder
from godploy_server.deploy.builders.builder import SECRETS_FOLDER, Way, Work, inside
from godploy_server.deploy.builders.image_build import build_image
from godploy_server.deploy.builders.static_server import SITE_FOLDER, run_printing, server_configuration
from godploy_server.deploy.docker_build import ImageBuild

OUTPUTS: Final = ("public", "dist", "build", "site", "_site", "www", "docs")
"""Folders where sites usually are."""
_VARIABLE: Final = "GODPLOY_VARIABLE_{}"


def detect(names: frozenset[str]) -> tuple[StaticBuilder, str] | None:
    """An index.html at the top, or in one of the folders where sites usually are."""
    if "index.html" in names:
        return StaticBuilder(single_page=_is_single_page(names)), "there is an index.html at the top of the source"
    for folder in OUTPUTS:
        if f"{folder}/index.html" in names:
            found = StaticBuilder(output=folder, single_page=_is_single_page(names, f"{folder}/"))
            return found, f"there is an index.html in {folder}/"
    return None


async def plan(work: Work, reason: str) -> BuildPlan:
    """Give where the site comes from and what serves it. Raises BadInput if there is nothing to serve."""
    _require_site(work)
    return BuildPlan("static", reason, described(_builder(work), work))


async def build(work: Work) -> None:
    """Build it. Raises BadInput, DeploymentFailed."""
    builder, result = _builder(work), work.wanted()
    path = work.scratch / "Dockerfile"
    path.write_text(_dockerfile(work) + "\n", encoding="utf-8")
    own = work.folder / ".dockerignore"
    ignored = own.read_text(encoding="utf-8", errors="replace") if own.is_file() else ""
    # beside the Dockerfile: BuildKit takes it instead of the source's own
    path.with_name("Dockerfile.dockerignore").write_text(left_out(builder, ignored), encoding="utf-8")
    values = work.variables.plain.values() if builder.build_command else ()
    arguments = {_VARIABLE.format(position): value for position, value in enumerate(values)}
    secrets = work.variables.secret if builder.build_command else {}
    await build_image(
        work,
        ImageBuild(work.folder, path, result.tag, result.labels, result.id_file, arguments=arguments, secrets=secrets),
        needs_buildkit=True,
    )


STATIC: Final = Way("static", detect, "an index.html (at the top or in public, dist, build, site, docs)", plan, build)


def site_dockerfile(
    builder: StaticBuilder,
    image: str,
    port: int,
    cache: str,
    plain: Iterable[str] = (),
    secrets: Iterable[str] = (),
) -> str:
    """Give the Dockerfile of a site served by `image`. `cache` begins the ids of the build's caches; `plain` and
    `secrets` are the names of build variables."""
    output = _folder(builder.output)
    made = f"--from=build /app{output}/" if builder.build_command else f".{output}/"
    return "\n".join(
        [
            *(_build_stage(builder, cache, list(plain), list(secrets)) if builder.build_command else ()),
            f"FROM {image}",
            f"COPY {made} {SITE_FOLDER}/",
            run_printing(server_configuration(port, single_page=builder.single_page), "/etc/nginx/nginx.conf"),
            f"EXPOSE {port}",
            "STOPSIGNAL SIGQUIT",
            "ENTRYPOINT []",
            'CMD ["nginx", "-c", "/etc/nginx/nginx.conf", "-g", "daemon off;"]',
        ]
    )


def left_out(builder: StaticBuilder, ignored: str = "") -> str:
    """Give the .dockerignore of a site: the source's own lines, and of plain files those that begin with a dot."""
    lines = [*ignored.splitlines(), "**/.git"]
    if not builder.build_command:
        lines += ["**/.*", "!**/.well-known"]
        parts = PurePosixPath(builder.output).parts
        if any(part.startswith(".") for part in parts):
            lines.append(f"!{'/'.join(parts)}")
    return "\n".join(lines) + "\n"


def _build_stage(builder: StaticBuilder, cache: str, plain: list[str], secrets: list[str]) -> list[str]:
    mounts = [f"--mount=type=secret,id={name}" for name in secrets]
    mounts += [f"--mount=type=cache,id={cache}{folder},target={folder}" for folder in ("/root/.npm", "/root/.cache")]
    exports = "".join(f'export {name}="$(cat {SECRETS_FOLDER}/{name})" && ' for name in secrets)
    variables = []
    for position, name in enumerate(plain):
        variables += [f"ARG {_VARIABLE.format(position)}", f"ENV {name}=${_VARIABLE.format(position)}"]
    # the form of a list: no character of the command can end the instruction
    command = json.dumps(["/bin/sh", "-c", exports + builder.build_command])
    return [
        f"FROM {builder.build_image} AS build",
        "WORKDIR /app",
        *variables,
        "COPY . .",
        f"RUN {' '.join(mounts)} {command}",
        "",
    ]


def described(builder: StaticBuilder, work: Work) -> str:
    """Give the plan's detail; of variables the names only."""
    lines = []
    if builder.build_command:
        lines += [f"Build command: {builder.build_command}", f"Runs in: {builder.build_image}"]
        if names := sorted(work.variables.plain):
            lines.append(f"Variables: {', '.join(names)}")
        if names := sorted(work.variables.secret):
            lines.append(f"Secrets of the build: {', '.join(names)}")
    lines.append(f"Folder of the site: {_folder(builder.output).lstrip('/') or 'the top of the source'}")
    lines.append(f"Web server: {work.settings.static_image} on port {work.port}")
    lines.append(f"A path that is no file gets: {'index.html' if builder.single_page else '404'}")
    return "\n".join(lines)


def _require_site(work: Work) -> None:
    builder = _builder(work)
    if not builder.build_command:
        site = inside(work.folder, builder.output or ".", "The folder of the site")
        if not (site / "index.html").is_file():
            raise BadInput(
                "The static site has no index.html",
                f"{f'its folder {builder.output}' if builder.output else 'the top of the source'} holds none",
                "Name the folder of the site in the builder's settings (output), or a command that builds it",
            )


def _dockerfile(work: Work) -> str:
    builder = _builder(work)
    return site_dockerfile(
        builder, work.settings.static_image, work.port, work.service_id, work.variables.plain, work.variables.secret
    )


def _folder(relative: str) -> str:
    parts = [part for part in PurePosixPath(relative).parts if part != "."]
    return "".join(f"/{part}" for part in parts)


def _is_single_page(names: frozenset[str], folder: str = "") -> bool:
    """A site with several pages, or an error page of its own, is none that makes its pages in the browser."""
    below = {name[len(folder) :] for name in names if name.startswith(folder)}
    pages = {name for name in below if name.endswith(".html") and "/" not in name}
    return pages <= {"index.html"}


def _builder(work: Work) -> StaticBuilder:
    assert isinstance(work.builder, StaticBuilder)
    return work.builder
