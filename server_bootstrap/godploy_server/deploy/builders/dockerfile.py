"""Dockerfile: what the source says itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from godploy_server.contract import BuildPlan, DockerfileBuilder
from godploy_server.deploy.builders.builder import BuildLog, BuildVariables, Way, Work, inside
from godploy_server.deploy.builders.image_build import build_image
from godploy_server.deploy.docker_build import ImageBuild, declared_arguments, is_used, mounted_secrets

_NAMES: Final = ("Dockerfile", "Containerfile")


def detect(names: frozenset[str]) -> tuple[DockerfileBuilder, str] | None:
    """A Dockerfile at the top: whoever wrote it wants it used."""
    for name in _NAMES:
        if name in names:
            return DockerfileBuilder(path=name), f"there is a {name} at the top of the source"
    return None


async def plan(work: Work, reason: str) -> BuildPlan:
    """Give the path, the stage and what the build gets. Raises BadInput for a path that is not there."""
    builder = _builder(work)
    text = _dockerfile(work, builder).read_text(encoding="utf-8", errors="replace")
    return BuildPlan("dockerfile", reason, described(builder, text, work.variables))


async def build(work: Work) -> None:
    """Build it. Raises BadInput, DeploymentFailed."""
    builder, result = _builder(work), work.wanted()
    path = _dockerfile(work, builder)
    text = path.read_text(encoding="utf-8", errors="replace")
    warn_of_unused(work.log, builder, text, work.variables)
    arguments = {**passed_variables(text, work.variables), **builder.arguments}
    await build_image(
        work,
        ImageBuild(
            work.folder,
            path,
            result.tag,
            result.labels,
            result.id_file,
            target=builder.target,
            arguments=arguments,
            secrets=passed_secrets(text, work.variables),
        ),
    )


DOCKERFILE: Final = Way("dockerfile", detect, "a Dockerfile", plan, build)


def passed_variables(text: str, variables: BuildVariables) -> dict[str, str]:
    """Give the plain build variables that the Dockerfile declares with ARG."""
    used, _ = is_used(variables.plain, declared_arguments(text))
    return {name: variables.plain[name] for name in used}


def passed_secrets(text: str, variables: BuildVariables) -> dict[str, str]:
    """Give the secrets that the Dockerfile mounts."""
    used, _ = is_used(variables.secret, mounted_secrets(text))
    return {name: variables.secret[name] for name in used}


def warn_of_unused(log: BuildLog, builder: DockerfileBuilder, text: str, variables: BuildVariables) -> None:
    """Say what the Dockerfile takes no notice of."""
    declared = declared_arguments(text)
    for name in is_used(builder.arguments, declared | _PREDEFINED)[1]:
        log.say(f"The build argument {name} is not used: the Dockerfile has no ARG {name}")
    for name in is_used(variables.plain, declared)[1]:
        log.say(f"The build does not see the variable {name}: the Dockerfile has no ARG {name}")
    for name in is_used(variables.secret, mounted_secrets(text))[1]:
        log.say(f"The build does not see the secret {name}: no RUN of the Dockerfile has --mount=type=secret,id={name}")


def described(builder: DockerfileBuilder, text: str, variables: BuildVariables) -> str:
    """Give the plan's detail: names only, never a value."""
    lines = [f"Dockerfile: {builder.path}"]
    if builder.target:
        lines.append(f"Stage: {builder.target}")
    given = sorted({*builder.arguments, *passed_variables(text, variables)})
    if given:
        lines.append(f"Build arguments: {', '.join(given)}")
    if secrets := sorted(passed_secrets(text, variables)):
        lines.append(f"Build secrets: {', '.join(secrets)}")
    return "\n".join(lines)


# Source: Dockerfile reference, "Predefined ARGs".
_PREDEFINED: Final = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
) | {"BUILDKIT_INLINE_CACHE", "SOURCE_DATE_EPOCH"}


def _builder(work: Work) -> DockerfileBuilder:
    assert isinstance(work.builder, DockerfileBuilder)
    return work.builder


def _dockerfile(work: Work, builder: DockerfileBuilder) -> Path:
    return inside(work.folder, builder.path, "The Dockerfile")
