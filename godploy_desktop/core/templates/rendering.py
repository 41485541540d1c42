"""From a template and what a person chose to the request that makes the service: a pure function."""

from __future__ import annotations

from collections.abc import Mapping

from godploy_desktop.core.templates import placeholders
from godploy_desktop.core.templates.schema import ParameterType, Template, TemplateService, Version
from godploy_desktop.core.templates.values import size_in_bytes, value_or_default
from godploy_server.contract import (
    BadInput,
    CreateService,
    HealthCheck,
    ImageSource,
    Limits,
    Mount,
    NotFound,
    Output,
    ProjectId,
    PublishedPort,
    Rollout,
    Rotation,
    ServiceKind,
    ServiceSettings,
    Strategy,
    TemplateUse,
    Variable,
)


def render(
    template: Template,
    project_id: ProjectId,
    name: str,
    version: str = "",
    values: Mapping[str, str] | None = None,
    public_port: int | None = None,
) -> CreateService:
    """Give the request that makes the service `name`.

    `version` "" means the newest. `values`: by parameter, as a person wrote them; what is missing is generated or is
    the default. `public_port`: the server's port that leads to it, None to keep it inside the project. Generated and
    given passwords are secrets of the request. Raises BadInput, and NotFound for an unknown version.
    """
    chosen = version_of(template, version)
    filled = _filled(template, values or {})
    service = template.service
    return CreateService(
        project_id=project_id,
        name=name,
        settings=_settings(template, chosen, filled, public_port),
        kind=ServiceKind.DATABASE,
        variables=_variables(template, service, filled),
        template=template_use(template, chosen),
    )


def version_of(template: Template, version: str) -> Version:
    """Give the version of that name, the newest for "". Raises NotFound."""
    found = next((each for each in template.versions if each.version == version), None)
    if not version:
        return template.newest
    if found is None:
        offered = ", ".join(each.version for each in template.versions)
        raise NotFound(
            f"There is no {template.title} {version}", f"the template offers {offered}", "Choose one of them"
        )
    return found


def template_use(template: Template, version: Version) -> TemplateUse:
    """Give what the server keeps of a template."""
    service = template.service
    rotation = service.rotation
    return TemplateUse(
        name=template.name,
        title=template.title,
        version=version.version,
        icon=template.icon,
        outputs=tuple(
            Output(each.name, each.text, each.port or 0, each.public, each.variable or "")
            for each in service.connections
        ),
        rotation=Rotation(rotation.variable, rotation.command, rotation.input) if rotation else None,
    )


def _filled(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    known = {each.name: each for each in template.parameters}
    for name in values:
        if name not in known:
            offered = ", ".join(known) or "none"
            raise BadInput(
                f"{template.title} has no parameter “{name}”", f"its parameters are: {offered}", "Correct the name"
            )
    return {name: value_or_default(each, values.get(name)) for name, each in known.items()}


def _variables(template: Template, service: TemplateService, filled: Mapping[str, str]) -> tuple[Variable, ...]:
    secret = {each.name for each in template.parameters if each.type is ParameterType.PASSWORD}
    return tuple(
        Variable(name, placeholders.fill(text, filled), is_secret=bool(secret & set(placeholders.names_in(text))))
        for name, text in service.variables.items()
    )


def _settings(
    template: Template, version: Version, filled: Mapping[str, str], public_port: int | None
) -> ServiceSettings:
    service = template.service
    memory = size_in_bytes(placeholders.fill(service.limits.memory, filled))
    health = service.health
    return ServiceSettings(
        source=ImageSource(version.image),
        port=None,
        command=tuple(placeholders.fill(each, filled) for each in service.command),
        health=HealthCheck(timeout_s=health.timeout_s, successes=health.successes, command=health.command)
        if health
        else HealthCheck(),
        limits=Limits(memory_bytes=memory or 0, cpus=_cpus(placeholders.fill(service.limits.cpus, filled))),
        rollout=Rollout(drain_s=0, strategy=Strategy.RECREATE, stop_grace_s=service.stop_grace_s),
        mounts=tuple(Mount(source, target) for source, _, target in (each.partition(":") for each in service.volumes)),
        published=_published(template, public_port),
    )


def _published(template: Template, public_port: int | None) -> tuple[PublishedPort, ...]:
    if public_port is None:
        return ()
    if template.public is None:
        raise BadInput(
            f"{template.title} cannot be reached from outside its project",
            "its template names no port for that",
            "Leave the public port out",
        )
    return (PublishedPort(template.public.port, public_port),)


def _cpus(text: str) -> float:
    try:
        return float(text or "0")
    except ValueError:
        raise BadInput(
            "The limit of cores cannot be used", f"“{text}” is not a number such as 0.5", "Correct the value"
        ) from None
