"""What the pages of a database say: its connections, a new password, another version. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from godploy_desktop.core.templates import Risk, Template, serving_version, version_steps
from godploy_desktop.ui.models.words import counted
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import Connection, ImageSource, Rotated, Service

_HIDDEN: Final = "•"
_RISK: Final[dict[Risk, tuple[str, State]]] = {
    Risk.SAFE: ("Keeps the data", "ok"),
    Risk.ONE_WAY: ("No way back", "warn"),
    Risk.UNREADABLE: ("Cannot read the data", "err"),
}


def hides_something(connection: Connection) -> bool:
    """Whether dots stand in place of a password."""
    return _HIDDEN in connection.value


def reach_words(connection: Connection) -> tuple[str, State]:
    """Give back (words, tone): from where a connection works."""
    if connection.problem is not None:
        return "not available", "text3"
    return ("from everywhere", "warn") if connection.is_public else ("inside the project", "text3")


def public_warning(service: Service, server: str) -> str:
    """Give back what to know of published ports; "" where none is published."""
    ports = ", ".join(str(each.host_port) for each in service.settings.published)
    if not ports:
        return ""
    which = f"port {ports}" if len(service.settings.published) == 1 else f"ports {ports}"
    return (
        f"Everyone who reaches {server} can try passwords on {which}, and nothing is encrypted on the way. Allow only "
        "known addresses in the server's firewall, or take the port away in the settings."
    )


def dependents_words(dependents: Sequence[str]) -> str:
    """Give back who refers to a service, in a sentence."""
    if not dependents:
        return "No service refers to it."
    return f"{counted(len(dependents), 'service')} {'refers' if len(dependents) == 1 else 'refer'} to it:"


def redeploy_words(dependents: Sequence[str]) -> str:
    """Give back the text of the choice to deploy the dependents again."""
    return f"Deploy {listed(dependents)} again with it"


def rotation_words(service: Service) -> str:
    """Give back what changing the password does to the service itself."""
    rotation = service.template.rotation if service.template else None
    if rotation is not None and rotation.command:
        return "The password is changed while it runs; nothing is interrupted in the database itself."
    return "It starts anew with the new password: for some seconds it does not answer."


def rotated_words(rotated: Rotated) -> str:
    """Give back how a change of password ended."""
    if not rotated.dependents:
        return "The password is changed. No other service refers to it."
    names = listed(rotated.dependents)
    if rotated.deployments:
        return f"The password is changed; {names} {'is' if len(rotated.dependents) == 1 else 'are'} being deployed."
    verb = "has" if len(rotated.dependents) == 1 else "have"
    return f"The password is changed; {names} {verb} the old one until deployed again."


def listed(names: Sequence[str]) -> str:
    """Give back names as a part of a sentence: `api, worker and web`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


@dataclass(frozen=True)
class VersionOption:
    """One version that a database could have. `is_possible`: it is not refused."""

    version: str
    notes: str
    risk: str
    tone: State
    warning: str
    is_risky: bool
    is_possible: bool

    @property
    def title(self) -> str:
        """What a list of versions shows."""
        return f"{self.version} · {self.risk}" if self.is_possible else f"{self.version} · not possible"


def version_options(template: Template, service: Service) -> tuple[VersionOption, ...]:
    """Give back the versions of a template that a service's settings do not name, newest first, with what going there
    does to the data that the one that runs has written."""
    current = service.template.version if service.template else ""
    serving = serving_version(template, service)
    notes = {each.version: each.notes for each in template.versions}
    return tuple(
        VersionOption(
            step.version,
            notes.get(step.version, ""),
            *(("Runs now", "ok") if step.version == serving else _RISK[step.risk]),
            step.warning,
            step.is_risky,
            not step.is_refused,
        )
        for step in version_steps(template, current, serving)
    )


def current_words(service: Service) -> str:
    """Give back which version a service has; where what runs is another than its settings say, both."""
    use, source = service.template, service.settings.source
    if use is None:
        return ""
    named = source.image if isinstance(source, ImageSource) else ""
    if service.serving_image in ("", named):
        return f"It has {use.title} {use.version}."
    return f"Its settings say {use.title} {use.version}; what runs is {service.serving_image}."
