"""Changing the version of a service that was made from a template: what changes, and what that does to the data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from godploy_desktop.core.templates.rendering import template_use, version_of
from godploy_desktop.core.templates.schema import Risk, Template, Upgrade
from godploy_server.contract import BadInput, ChangeService, Conflict, ImageSource, Service


@dataclass(frozen=True)
class VersionStep:
    """What going from one version to another means. `warning` is whole sentences for a person; "" if there is nothing
    to say. `is_refused`: it is not offered at all."""

    version: str
    risk: Risk
    warning: str
    is_refused: bool = False

    @property
    def is_risky(self) -> bool:
        """Whether it needs an explicit confirmation."""
        return self.risk is not Risk.SAFE


@dataclass(frozen=True)
class VersionChange:
    """A change of version, ready to be sent; it takes effect with the next deployment."""

    change: ChangeService
    step: VersionStep

    @property
    def risk(self) -> Risk:
        """What it does to the data."""
        return self.step.risk

    @property
    def is_risky(self) -> bool:
        """Whether it needs an explicit confirmation."""
        return self.step.is_risky

    @property
    def warning(self) -> str:
        """What the person should know before."""
        return self.step.warning


def version_change(template: Template, service: Service, version: str) -> VersionChange:
    """Give what changes when a service goes to another version of its template, everything else left as it is.

    Raises NotFound for an unknown version, BadInput if the service is not of this template or runs that version
    already, Conflict for a step back that its data would not survive.
    """
    if service.template is None or service.template.name != template.name:
        raise BadInput(
            f"{service.name} was not made from the template {template.name}",
            "only a service made from a template has versions to choose from",
            "Change its image in the settings",
        )
    wanted = version_of(template, version)
    settings = replace(service.settings, source=ImageSource(wanted.image))
    if wanted.version == service.template.version and settings == service.settings:
        raise BadInput(
            f"{service.name} is {template.title} {version} already", "there is nothing to change", "Choose another one"
        )
    current = serving_version(template, service)
    step = step_between(template, current, wanted.version)
    if step.is_refused:
        raise Conflict(
            f"{service.name} cannot go back from {template.title} {current} to {wanted.version}",
            step.warning,
            f"Create a new service of version {wanted.version} and import a backup into it",
        )
    return VersionChange(ChangeService(settings=settings, template=template_use(template, wanted)), step)


def serving_version(template: Template, service: Service) -> str:
    """Give the version that wrote the data last: that of the release that serves. The settings may name another one,
    which was not deployed yet or did not become healthy."""
    running = next((each.version for each in template.versions if each.image == service.serving_image), None)
    return running or (service.template.version if service.template else "")


def version_steps(template: Template, current: str, serving: str = "") -> tuple[VersionStep, ...]:
    """Give what each of a template's versions would mean, in the template's order, without `current`: the one that the
    settings name. `serving` is the one that runs, if that is another (`serving_version`)."""
    return tuple(
        step_between(template, serving or current, each.version)
        for each in template.versions
        if each.version != current
    )


def step_between(template: Template, current: str, wanted: str) -> VersionStep:
    """Give what going from one version to another means."""
    if current == wanted:
        return VersionStep(wanted, Risk.SAFE, f"{template.title} {wanted} is what runs: nothing changes.")
    lines = template.downgrades if _is_back(template, current, wanted) else template.upgrades
    line = next((each for each in lines if _fits(each, current, wanted)), None)
    if line is None and lines is template.downgrades and _is_back(template, current, wanted):
        why = f"{template.title} {wanted} cannot read what {current} wrote."
        return VersionStep(wanted, Risk.UNREADABLE, why, is_refused=True)
    line = line or Upgrade()
    return VersionStep(wanted, line.risk, _warning(template, line, current, wanted))


def _fits(line: Upgrade, current: str, wanted: str) -> bool:
    return line.from_ in ("*", current) and line.to in ("*", wanted)


def _is_back(template: Template, current: str, wanted: str) -> bool:
    order = [each.version for each in template.versions]  # the newest first
    if current in order:
        return order.index(wanted) > order.index(current)
    return _numbers(wanted) < _numbers(current)  # it was offered once


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]


def _warning(template: Template, line: Upgrade, current: str, wanted: str) -> str:
    title = template.title
    of_risk = {
        Risk.SAFE: "",
        Risk.ONE_WAY: f"{title} {wanted} converts the data of {current} when it starts, and {current} cannot read it"
        " afterwards: make a backup first.",
        Risk.UNREADABLE: f"{title} {wanted} cannot read the data of {current}.",
    }[line.risk]
    return " ".join(part for part in (of_risk, line.notes.strip()) if part)
