"""How a process starts another of the same program."""

from __future__ import annotations

import sys
from pathlib import Path


def own_program() -> list[str]:
    """Give the words that start this very program, to be followed by a verb: the bundle, or the package."""
    bundle = Path(__file__).resolve().parent.parent.parent
    return [sys.executable, *([str(bundle)] if bundle.is_file() else ["-m", "godploy_server"])]
