"""What the overview says of a service: what runs, what it is made from. Pure functions."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.builder_form import BUILDERS
from godploy_server.contract import (
    ArchiveSource,
    DockerfileBuilder,
    FolderSource,
    GitSource,
    ImageSource,
    MountKind,
    Service,
    ServiceSettings,
    Strategy,
)


@dataclass(frozen=True)
class Fact:
    """A name with its value; `key` tells facts apart."""

    key: str
    name: str
    value: str
    mono: bool = False


def running_facts(service: Service) -> tuple[Fact, ...]:
    """Give back what is true of what runs."""
    settings = service.settings
    facts = [
        Fact("release", "Release", str(service.release) if service.release is not None else "none yet"),
        Fact("state", "State", service.state_detail or words.service_state(service.state)[0]),
    ]
    source = settings.source
    if isinstance(source, ImageSource) and service.serving_image not in ("", source.image):
        facts.append(Fact("serving", "Image", f"{service.serving_image}; the settings say {source.image}"))
    if service.template is None:
        facts.append(Fact("domains", "Domains", ", ".join(each.host for each in service.domains) or "none"))
        facts.append(Fact("port", "Port", str(settings.port) if settings.port else "serves nothing"))
    facts.append(Fact("limits", "Each instance", limit_words(settings)))
    if settings.mounts:
        facts.append(Fact("mounts", "Keeps", ", ".join(_mounts(settings)), mono=True))
    if settings.published:
        ports = ", ".join(f"{each.host_port} → {each.container_port}/{each.protocol}" for each in settings.published)
        facts.append(Fact("published", "Published", ports))
    if settings.rollout.strategy is Strategy.RECREATE:
        facts.append(Fact("strategy", "A deployment", "stops the old release before it starts the new one"))
    return tuple(facts)


def source_facts(service: Service) -> tuple[Fact, ...]:
    """Give back what a deployment of it is made from."""
    settings = service.settings
    return (*_source(settings), *_builder(settings), Fact("health", "Health check", health_words(settings)))


def limit_words(settings: ServiceSettings) -> str:
    """Give back what one instance may use."""
    limits = settings.limits
    memory = words.size(limits.memory_bytes) if limits.memory_bytes else "no memory limit"
    cpus = f"{limits.cpus:g} {'core' if limits.cpus == 1 else 'cores'}" if limits.cpus else "no CPU limit"
    return f"{memory}, {cpus}"


def health_words(settings: ServiceSettings) -> str:
    """Give back how it is judged healthy."""
    health = settings.health
    if health.command:
        return f"{shlex.join(health.command)}, within {health.timeout_s} s"
    if settings.port is None:
        return "its containers run"
    return f"GET {health.path}, within {health.timeout_s} s"


def _source(settings: ServiceSettings) -> list[Fact]:
    source = settings.source
    match source:
        case GitSource():
            which = "Commit" if source.commit else "Tag" if source.tag else "Branch"
            return [
                Fact("repository", "Repository", source.url, mono=True),
                Fact("branch", which, words.git_target(source)),
                Fact("root", "Folder", source.root or "the top"),
            ]
        case FolderSource():
            below = [Fact("root", "Below it", source.root)] if source.root else []
            return [
                Fact("folder", "Folder", source.path, mono=True),
                Fact("computer", "On", source.computer),
                *below,
            ]
        case ArchiveSource():
            return [
                Fact("archive", "Archive", source.name, mono=True),
                Fact("root", "Folder", source.root or "the top"),
            ]
        case ImageSource():
            return [Fact("image", "Image", source.image, mono=True)]


def _builder(settings: ServiceSettings) -> list[Fact]:
    if isinstance(settings.source, ImageSource):
        return []
    builder = settings.builder
    facts = [Fact("builder", "Builder", BUILDERS[builder.kind])]
    if isinstance(builder, DockerfileBuilder):
        facts.append(Fact("dockerfile", "Dockerfile", builder.path, mono=True))
    return facts


def _mounts(settings: ServiceSettings) -> list[str]:
    return [
        f"{each.source if each.kind is MountKind.FOLDER else 'volume ' + each.source} → {each.target}"
        for each in settings.mounts
    ]
