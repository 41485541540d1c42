"""A parser that refuses as everything else here does: one line that says what is wrong, then the next step."""

from __future__ import annotations

import argparse
from typing import NoReturn

from godploy_server.contract import BadInput


class Parser(argparse.ArgumentParser):
    """Raises BadInput where argparse would print the whole usage and end the program."""

    def error(self, message: str) -> NoReturn:
        """Refuse; `message` is argparse's own, which names the option or the value."""
        raise BadInput(f"“{self.prog}” was not understood", message, f"See: {self.prog} --help")
