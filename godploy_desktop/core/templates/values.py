"""Values of parameters: checking what a person gave, and making what nobody gave."""

from __future__ import annotations

import re
import secrets
from typing import Final

from godploy_desktop.core.templates.schema import Parameter, ParameterType
from godploy_server.contract import BadInput

_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_LONGEST: Final = 4000
LEAST_PASSWORD: Final = 8


def size_in_bytes(text: str) -> int | None:
    """Read a size as people write it (512M, 1.5G, 0; binary units); None if it is none."""
    match = _SIZE.fullmatch(text.strip())
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " ")) if match else None


def check_value(parameter: Parameter, text: str) -> str:
    """Give a parameter's value as it is filled in: sizes as bytes, yes as true. Raises BadInput, which names the
    parameter by its title and never repeats a password."""
    match parameter.type:
        case ParameterType.TEXT:
            value = _text(parameter, text.strip())
        case ParameterType.PASSWORD:
            value = _text(parameter, text)
        case ParameterType.NUMBER | ParameterType.PORT:
            value = _number(parameter, text.strip())
        case ParameterType.SIZE:
            value = _size(parameter, text)
        case ParameterType.BOOLEAN:
            value = _boolean(parameter, text.strip().lower())
        case ParameterType.CHOICE:
            value = text.strip()
            if value not in parameter.choices and (value or parameter.required):
                raise _bad(parameter, f"one of {', '.join(parameter.choices)}")
    if value and parameter.pattern and not re.fullmatch(parameter.pattern, value):
        raise _bad(parameter, parameter.expected or f"written as {parameter.pattern}")
    return value


def generate(parameter: Parameter) -> str:
    """Give a new random value for a parameter that says how its values are made."""
    assert parameter.generated is not None
    return "".join(secrets.choice(parameter.generated.alphabet) for _ in range(parameter.generated.length))


def value_or_default(parameter: Parameter, given: str | None) -> str:
    """Give the value to fill in: the one given, else a generated one, else the default. Raises BadInput."""
    if given is None or (given == "" and (parameter.is_generated or parameter.default)):
        return generate(parameter) if parameter.is_generated else check_value(parameter, parameter.default)
    return check_value(parameter, given)


def _text(parameter: Parameter, value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise _bad(parameter, "text on one line, without control characters")
    least = parameter.minimum or (LEAST_PASSWORD if parameter.type is ParameterType.PASSWORD else 1)
    most = parameter.maximum or _LONGEST
    if not value and not parameter.required:
        return value
    if not value:
        raise _bad(parameter, "given: it is empty")
    if not least <= len(value) <= most:
        raise _bad(parameter, f"{least} to {most} characters long")
    return value


def _number(parameter: Parameter, text: str) -> str:
    if not text and not parameter.required:
        return ""
    lowest, highest = parameter.minimum, parameter.maximum
    if parameter.type is ParameterType.PORT:
        lowest, highest = lowest or 1, highest or 65535
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        raise _bad(parameter, "a whole number")
    _require_between(parameter, int(text), lowest, highest)
    return str(int(text))


def _size(parameter: Parameter, text: str) -> str:
    if not text.strip() and not parameter.required:
        return ""
    found = size_in_bytes(text)
    if found is None:
        raise _bad(parameter, "a size such as 512M or 2G")
    _require_between(parameter, found, parameter.minimum, parameter.maximum)
    return str(found)


def _boolean(parameter: Parameter, text: str) -> str:
    if text not in _TRUE | _FALSE:
        raise _bad(parameter, "true or false")
    return "true" if text in _TRUE else "false"


def _require_between(parameter: Parameter, value: int, lowest: int | None, highest: int | None) -> None:
    if lowest is not None and value < lowest:
        raise _bad(parameter, f"at least {lowest}")
    if highest is not None and value > highest:
        raise _bad(parameter, f"at most {highest}")


def _bad(parameter: Parameter, expected: str) -> BadInput:
    return BadInput(
        f"“{parameter.title}” cannot be used", f"{parameter.name}: should be {expected}", "Correct the value"
    )
