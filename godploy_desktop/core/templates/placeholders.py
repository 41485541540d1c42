"""`${parameter}` in a template's variables, command and limits. `$${` stands for `${` itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PARAMETER: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Give the text with its parameters filled in. Raises KeyError for one that is not among the values."""
    return _PARAMETER.sub(lambda match: "${" if match[1] is None else values[match[1]], text)


def names_in(text: str) -> tuple[str, ...]:
    """Give the names of the parameters that a text holds."""
    return tuple(match[1] for match in _PARAMETER.finditer(text) if match[1] is not None)
