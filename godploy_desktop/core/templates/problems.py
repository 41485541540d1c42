"""What is wrong with a template file, by the path of the key and the line."""

from __future__ import annotations

from godploy_server.contract import BadInput


class TemplateBroken(BadInput):
    """A template file that cannot be used; `why` begins with the path of what is wrong."""

    code = "template-broken"


def broken(name: str, path: str, expected: str, line: int | None = None, next_step: str = "") -> TemplateBroken:
    """The error for the value at `path` ("services/db/volumes/0") of the file `name`: it “should be `expected`”."""
    return broken_because(name, f"{path or 'the file'}: should be {expected}", line, next_step)


def broken_because(name: str, why: str, line: int | None = None, next_step: str = "") -> TemplateBroken:
    """The error for the file `name`, in words of its own."""
    where = f" (line {line})" if line else ""
    return TemplateBroken(f"The template {name} cannot be used", f"{why}{where}", next_step or "Correct the file")
