"""The one refusal of a value that cannot be used: with its path, and what it should be."""

from __future__ import annotations

from godploy_server.contract.problem import BadInput


def require(is_right: bool, path: str, expected: str) -> None:
    """Raise BadInput naming the value's path and what is expected there, unless it is right."""
    if not is_right:
        raise bad(path, expected)


def bad(path: str, expected: str) -> BadInput:
    """Give the error for a value at `path` that should be something else."""
    return BadInput("The request cannot be used", f"{path}: should be {expected}", "Correct the value")
