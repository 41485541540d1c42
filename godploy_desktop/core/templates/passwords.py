"""A new password for a service made from a template, checked as the one that it was made with."""

from __future__ import annotations

from godploy_desktop.core.templates import placeholders
from godploy_desktop.core.templates.schema import Parameter, ParameterType, Template
from godploy_desktop.core.templates.values import check_value

_ANY = Parameter("password", "Password", ParameterType.PASSWORD)


def check_new_password(template: Template | None, password: str) -> str:
    """Give back a password that a rotation may set. `template` None: one that is not installed here, whose own rules
    are not known. Raises BadInput, which does not repeat it."""
    return check_value(_parameter_of(template) or _ANY, password)


def _parameter_of(template: Template | None) -> Parameter | None:
    rotation = template.service.rotation if template else None
    if template is None or rotation is None:
        return None
    names = placeholders.names_in(template.service.variables[rotation.variable])
    return next((each for each in template.parameters if each.name in names and each.type is _ANY.type), None)
