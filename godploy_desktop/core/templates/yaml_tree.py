"""YAML as a tree of texts, lists and mappings that know their lines. Nothing is constructed, nothing repeated.

The safe half of PyYAML only composes; `yes`, `8.0` and `0123` stay the texts that were written. Keys given twice,
anchors and tags are refused: they are what makes a file mean something else than it seems to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from godploy_desktop.core.templates.problems import broken_because

LARGEST_FILE: Final = 256 * 1024
_DEEPEST: Final = 20


@dataclass(frozen=True)
class Leaf:
    """A scalar as it was written. `is_null`: nothing was written, or null."""

    text: str
    line: int
    is_null: bool = False


@dataclass(frozen=True)
class Branch:
    """A mapping; `keys` has the line of each key."""

    values: Mapping[str, Tree]
    keys: Mapping[str, int]
    line: int


@dataclass(frozen=True)
class Row:
    """A list."""

    items: tuple[Tree, ...]
    line: int


Tree = Leaf | Branch | Row


def parse(text: str, name: str) -> Tree:
    """Give the tree of a YAML text. Raises TemplateBroken, which calls the file `name`."""
    if len(text) > LARGEST_FILE:
        raise broken_because(name, f"it is larger than {LARGEST_FILE // 1024} KiB")
    try:
        _refuse_what_surprises(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise broken_because(name, f"it is not YAML: {error.problem or error.context}", line) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise broken_because(name, f"it is not YAML: {str(error).splitlines()[0][:200]}") from None
    if node is None:
        raise broken_because(name, "it is empty")
    return _tree(node, name, "")


def _refuse_what_surprises(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise broken_because(name, "anchors and aliases (& and *) are not taken: write the value out", line)
        if tag := getattr(event, "tag", None):
            raise broken_because(name, f"tags such as {tag} are not taken", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise broken_because(name, f"it is nested deeper than {_DEEPEST} levels", line)


def _tree(node: yaml.Node, name: str, path: str) -> Tree:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        is_null = node.style is None and node.value.lower() in ("", "~", "null")
        return Leaf("" if is_null else node.value, line, is_null)
    if isinstance(node, yaml.SequenceNode):
        return Row(tuple(_tree(each, name, f"{path}/{index}") for index, each in enumerate(node.value)), line)
    assert isinstance(node, yaml.MappingNode)
    values: dict[str, Tree] = {}
    keys: dict[str, int] = {}
    for key, value in node.value:
        key_line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise broken_because(name, f"{path.lstrip('/') or 'the file'}: a key should be a word", key_line)
        here = f"{path}/{key.value}".lstrip("/")
        if key.value in values:
            raise broken_because(name, f"{here}: is given twice, first in line {keys[key.value]}", key_line)
        values[key.value] = _tree(value, name, f"/{here}")
        keys[key.value] = key_line
    return Branch(values, keys, line)
