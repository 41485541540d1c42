"""Which template uses a service may have: what a desktop sends is checked here as everything else is."""

from __future__ import annotations

import re
from typing import Final

from godploy_server.agent.requiring import require
from godploy_server.contract import FILTERS, TemplateUse, check_variable_name

_OUTPUT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_PLACEHOLDER: Final = re.compile(r"\$\{[^}|]*\|([^}]*)\}")
_LONGEST_TEXT: Final = 4000


def check_template(template: TemplateUse | None) -> None:
    """Refuse a template use that could not work later; raises BadInput with the path of what is wrong."""
    if template is None:
        return
    require(bool(_NAME.fullmatch(template.name)), "template/name", "lower-case letters, digits and dashes")
    names = [each.name for each in template.outputs]
    for index, output in enumerate(template.outputs):
        path = f"template/outputs/{index}"
        require(bool(_OUTPUT.fullmatch(output.name)), f"{path}/name", "letters, digits, _ and -")
        require(names.count(output.name) == 1, f"{path}/name", "a name of its own")
        require(0 <= output.port <= 65535, f"{path}/port", "from 0 to 65535")
        _check_text(output.text, f"{path}/text")
    if template.rotation is not None:
        check_variable_name(template.rotation.variable)
        _check_text(template.rotation.input, "template/rotation/input")
        is_whole = all("\0" not in each for each in template.rotation.command)
        require(is_whole, "template/rotation/command", "without NUL characters")


def _check_text(text: str, path: str) -> None:
    require(len(text) <= _LONGEST_TEXT, path, f"of at most {_LONGEST_TEXT} characters")
    for found in _PLACEHOLDER.findall(text):
        require(found in FILTERS, path, f"with filters that exist ({', '.join(FILTERS)}), not |{found}")
