"""Which templates the gallery shows for what is typed, and how they read. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from godploy_desktop.core.templates import Template


def matching(templates: Sequence[Template], text: str) -> tuple[Template, ...]:
    """Give back those in which every word of `text` is found: in name, title or keywords first, then those that have
    it in their description."""
    wanted = text.lower().split()
    if not wanted:
        return tuple(templates)
    by_name = [each for each in templates if _holds(wanted, _names(each))]
    by_description = [each for each in templates if each not in by_name and _holds(wanted, _all(each))]
    return (*by_name, *by_description)


def origin_words(origin: Path) -> str:
    """Give back where a person's own file is kept, its name first: what is cut off is the end."""
    return f"{origin.name} in {origin.parent}"


def _names(template: Template) -> str:
    return " ".join((template.name, template.title, *template.keywords)).lower()


def _all(template: Template) -> str:
    return f"{_names(template)} {template.description.lower()}"


def _holds(wanted: list[str], text: str) -> bool:
    return all(each in text for each in wanted)
