"""What a person does at GitHub, which is played (tests/unit/git_hosting/fake_github): opens pages with a real browser.

As a program it is that browser: `python -m tests.lab.at_github ADDRESS` opens a page and follows where it leads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab.labkit.browser import browser, ensure_chromium

_ROOT = Path(__file__).parents[2]
_ENDS = ("The app is made", "Installed", "You can close this page")


def browser_variables(folder: Path) -> dict[str, str]:
    """Variables that make a real browser the one that programs open. Raises LabUnavailable where there is none."""
    ensure_chromium()
    program = folder / "open-browser"
    program.write_text(f'#!/bin/sh\ncd "{_ROOT}" && exec "{sys.executable}" -m tests.lab.at_github "$1"\n')
    program.chmod(0o755)
    return {"BROWSER": str(program)}


def follow(address: str) -> None:
    """Open a page in a new browser, and wait until it led to one that ends a step."""
    with browser() as seen:
        seen.go(address)
        seen.see(f"{list(_ENDS)}.some(each => document.body?.innerText.includes(each))", "the end of a step")


if __name__ == "__main__":
    follow(sys.argv[1])
