"""What of a template has to fit together: one value against another, by the same paths as the schema's own errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from godploy_desktop.core.templates import placeholders
from godploy_desktop.core.templates.reading import Lines
from godploy_desktop.core.templates.schema import (
    Generated,
    Parameter,
    ParameterType,
    Template,
    TemplateOutput,
    TemplateRotation,
    TemplateService,
    Upgrade,
)
from godploy_desktop.core.templates.values import check_value, size_in_bytes
from godploy_server.contract import FILTERS, PLACE_NAMES, PLACEHOLDER, BadInput

_LEAST_GENERATED: Final = 16
_TEXT_TYPES: Final = (ParameterType.TEXT, ParameterType.PASSWORD)


def check(template: Template, lines: Lines) -> None:
    """Refuse a template that could not be rendered or whose parts contradict each other. Raises TemplateBroken."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", template.icon):
        raise lines.broken("icon", "the name of an icon: lower-case letters, digits and dashes")
    if template.homepage and not template.homepage.startswith(("https://", "http://")):
        raise lines.broken("homepage", "an address that begins with https://")
    _check_versions(template, lines)
    _require_unique([each.name for each in template.parameters], "parameters", "name", lines)
    for index, parameter in enumerate(template.parameters):
        _check_parameter(parameter, f"parameters/{index}", lines)
    if len(template.services) != 1:
        raise lines.broken("services", "one service: this version of Godploy runs no templates of several")
    for name, service in template.services.items():
        _Service(template, service, f"services/{name}", lines).check()


def _check_versions(template: Template, lines: Lines) -> None:
    if not template.versions:
        raise lines.broken("versions", "at least one version")
    known = [each.version for each in template.versions]
    _require_unique(known, "versions", "version", lines)
    for key, steps in (("upgrades", template.upgrades), ("downgrades", template.downgrades)):
        for index, step in enumerate(steps):
            _check_step(step, known, f"{key}/{index}", lines)


def _check_step(step: Upgrade, known: Sequence[str], path: str, lines: Lines) -> None:
    for key, version in (("from", step.from_), ("to", step.to)):
        # an upgrade may begin at a version that is offered no longer: services that run it still exist
        if key == "to" and version not in (*known, "*"):
            raise lines.broken(f"{path}/{key}", f"one of {', '.join(known)}, or *")


def _check_parameter(parameter: Parameter, path: str, lines: Lines) -> None:
    if parameter.type is ParameterType.CHOICE and not parameter.choices:
        raise lines.broken(f"{path}/choices", "given: a choice needs values to choose from")
    if parameter.choices and parameter.type is not ParameterType.CHOICE:
        raise lines.broken(f"{path}/choices", "absent, or the type should be choice")
    if parameter.minimum is not None and parameter.maximum is not None and parameter.minimum > parameter.maximum:
        raise lines.broken(f"{path}/minimum", "at most the maximum")
    if parameter.pattern:
        try:
            re.compile(parameter.pattern)
        except re.error as error:
            raise lines.broken(f"{path}/pattern", f"a regular expression ({error})") from None
    if parameter.generated is not None:
        _check_generated(parameter, parameter.generated, f"{path}/generated", lines)
    if parameter.default:
        if parameter.type is ParameterType.PASSWORD:
            raise lines.broken(f"{path}/default", "absent: a password that everyone knows is none")
        _check_default(parameter, path, lines)


def _check_generated(parameter: Parameter, generated: Generated, path: str, lines: Lines) -> None:
    if parameter.type not in _TEXT_TYPES:
        raise lines.broken(path, "absent, or the type should be password or text")
    least = _LEAST_GENERATED if parameter.type is ParameterType.PASSWORD else 4
    if not least <= generated.length <= 200:
        raise lines.broken(f"{path}/length", f"from {least} to 200")
    characters = set(generated.alphabet)
    is_usable = len(characters) == len(generated.alphabet) >= 10 and all("!" <= each <= "~" for each in characters)
    if not is_usable:
        raise lines.broken(f"{path}/alphabet", "at least 10 different printable ASCII characters, each once")
    try:
        check_value(parameter, (generated.alphabet * generated.length)[: generated.length])
    except BadInput as error:
        raise lines.broken(path, f"such that its values can be used ({error.problem.why})") from None


def _check_default(parameter: Parameter, path: str, lines: Lines) -> None:
    try:
        check_value(parameter, parameter.default)
    except BadInput as error:
        raise lines.broken(f"{path}/default", error.problem.why.partition("should be ")[2]) from None


class _Service:
    def __init__(self, template: Template, service: TemplateService, path: str, lines: Lines) -> None:
        self._service = service
        self._path = path
        self._lines = lines
        self._parameters = {each.name: each for each in template.parameters}
        self._secret_variables = {
            name
            for name, text in service.variables.items()
            if any(self._is_password(each) for each in placeholders.names_in(text))
        }

    def check(self) -> None:
        service, path, lines = self._service, self._path, self._lines
        for name, text in service.variables.items():
            self._check_filled(text, f"{path}/variables/{name}", may_be_secret=True)
        for index, text in enumerate(service.command):
            self._check_filled(text, f"{path}/command/{index}")
        self._check_limits()
        volumes = [each.partition(":") for each in service.volumes]
        _require_unique([each[0] for each in volumes], f"{path}/volumes", "", lines)
        _require_unique([each[2] for each in volumes], f"{path}/volumes", "", lines)
        for key, seconds in (("stop_grace_s", service.stop_grace_s),):
            if seconds > 3600:
                raise lines.broken(f"{path}/{key}", "from 1 to 3600 seconds")
        if service.health is not None:
            if not service.health.command:
                raise lines.broken(f"{path}/health/command", "a list of words, the program first")
            if not 1 <= service.health.successes <= 100:
                raise lines.broken(f"{path}/health/successes", "from 1 to 100")
        _require_unique([each.name for each in service.connections], f"{path}/connections", "name", lines)
        for index, output in enumerate(service.connections):
            self._check_output(output, f"{path}/connections/{index}")
        if service.rotation is not None:
            self._check_rotation(service.rotation, f"{path}/rotation")

    def _is_password(self, name: str) -> bool:
        return name in self._parameters and self._parameters[name].type is ParameterType.PASSWORD

    def _check_filled(self, text: str, path: str, *, may_be_secret: bool = False) -> None:
        for name in placeholders.names_in(text):
            if name not in self._parameters:
                raise self._lines.broken(
                    path, f"without ${{{name}}}: there is no such parameter ($${{ stands for ${{ itself)"
                )
            if self._is_password(name) and not may_be_secret:
                raise self._lines.broken(
                    path, f"without ${{{name}}}: a password belongs into a variable, where not everyone can read it"
                )

    def _check_limits(self) -> None:
        limits, path = self._service.limits, f"{self._path}/limits"
        self._check_filled(limits.memory, f"{path}/memory")
        self._check_filled(limits.cpus, f"{path}/cpus")
        if not placeholders.names_in(limits.memory) and size_in_bytes(limits.memory) is None:
            raise self._lines.broken(f"{path}/memory", "a size such as 512M, or 0 for no limit")
        if not placeholders.names_in(limits.cpus) and not re.fullmatch(r"\d{1,4}(\.\d{1,2})?", limits.cpus):
            raise self._lines.broken(f"{path}/cpus", "a number of cores such as 0.5, or 0 for no limit")

    def _check_output(self, output: TemplateOutput, path: str) -> None:
        names = self._check_text(output.text, f"{path}/text", (*self._service.variables, *PLACE_NAMES))
        if "port" in names and output.port is None:
            raise self._lines.broken(f"{path}/port", "given, because the text holds ${port}")
        public = self._service.public
        if output.public and (public is None or output.port != public.port):
            raise self._lines.broken(f"{path}/port", f"the port of {self._path}/public")
        if not output.public and {"public_host", "public_port"} & names:
            raise self._lines.broken(f"{path}/public", "true, because the text leads in from outside")

    def _check_rotation(self, rotation: TemplateRotation, path: str) -> None:
        if rotation.variable not in self._secret_variables:
            raise self._lines.broken(f"{path}/variable", "a variable that holds a parameter of type password")
        names = self._check_text(rotation.input, f"{path}/input", (*self._service.variables, "new"))
        if rotation.command and "new" not in names:
            raise self._lines.broken(f"{path}/input", "a text with ${new}, the new password")
        if rotation.input and not rotation.command:
            raise self._lines.broken(f"{path}/command", "given, because there is an input for it")

    def _check_text(self, text: str, path: str, known: Iterable[str]) -> set[str]:
        names = set()
        for match in re.finditer(r"\$\{[^}]*\}?", text):
            whole = re.fullmatch(PLACEHOLDER, match[0])
            if whole is None or (whole[2] and whole[2] not in FILTERS):
                raise self._lines.broken(path, f"without {match[0]}: a placeholder is ${{NAME}} or ${{NAME|filter}}, "
                                               f"with one of the filters {', '.join(FILTERS)}")  # fmt: skip
            if whole[1] not in known:
                raise self._lines.broken(path, f"without {match[0]}: the service has no such variable")
            names.add(whole[1])
        return names


def _require_unique(names: Sequence[str], path: str, key: str, lines: Lines) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            where = f"{path}/{index}/{key}".rstrip("/")
            raise lines.broken(where, f"a name of its own: “{name}” stands above already")
