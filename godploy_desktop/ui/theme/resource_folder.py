"""Where fonts and icons lie: beside the packages in a checkout, inside the package once installed."""

from __future__ import annotations

import functools
from pathlib import Path

import godploy_desktop


@functools.cache
def resource_folder() -> Path:
    """Give back the folder that holds `fonts` and `icons`."""
    package = Path(godploy_desktop.__file__).parent
    installed = package / "_assets" / "resources"
    return installed if installed.is_dir() else package.parent / "resources"
