"""A template file's tree as the values of the schema; what does not fit is named by its path and line."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from godploy_desktop.core.templates.problems import TemplateBroken, broken
from godploy_desktop.core.templates.schema import FORMAT, Template, Written
from godploy_desktop.core.templates.yaml_tree import Branch, Leaf, Row, Tree, parse

_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True)
class Lines:
    """In which line each value of a file stands, by its path; a path that is absent has its parent's."""

    name: str
    of_path: Mapping[str, int]

    def broken(self, path: str, expected: str) -> TemplateBroken:
        """The error for the value at a path."""
        at = path
        while at not in self.of_path and at:
            at = at.rpartition("/")[0]
        return broken(self.name, path, expected, self.of_path.get(at))


def read(text: str, name: str) -> tuple[Template, Lines]:
    """Give what a file says, checked by itself (not yet one value against another), and where it says it.

    `name` is what errors call the file. Raises TemplateBroken.
    """
    tree = parse(text, name)
    lines: dict[str, int] = {}
    _collect_lines(tree, "", lines)
    places = Lines(name, lines)
    given = tree.values.get("format") if isinstance(tree, Branch) else None
    if isinstance(given, Leaf) and given.text != str(FORMAT):
        raise places.broken("format", f"{FORMAT}: this version of Godploy knows no other")
    return typing.cast(Template, _decode(Template, tree, "", places)), places


def _collect_lines(tree: Tree, path: str, lines: dict[str, int]) -> None:
    lines[path] = tree.line
    prefix = f"{path}/" if path else ""
    match tree:
        case Branch():
            for key, value in tree.values.items():
                _collect_lines(value, prefix + key, lines)
                lines[prefix + key] = tree.keys[key]
        case Row():
            for index, value in enumerate(tree.items):
                _collect_lines(value, f"{prefix}{index}", lines)
        case Leaf():
            pass


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _decode(kind: Any, tree: Tree, path: str, lines: Lines) -> Any:
    written = None
    if typing.get_origin(kind) is Annotated:
        kind, written = typing.get_args(kind)[:2]
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        # every union of the schema is "X | None"
        chosen = next(each for each in typing.get_args(kind) if each is not type(None))
        return None if isinstance(tree, Leaf) and tree.is_null else _decode(chosen, tree, path, lines)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), tree, path, lines)
    if origin is tuple:
        if not isinstance(tree, Row):
            raise lines.broken(path, "a list")
        item = typing.get_args(kind)[0]
        return tuple(_decode(item, each, _below(path, str(index)), lines) for index, each in enumerate(tree.items))
    if origin is Mapping:
        return _decode_mapping(kind, tree, path, lines)
    return _decode_leaf(kind, written, tree, path, lines)


def _decode_mapping(kind: Any, tree: Tree, path: str, lines: Lines) -> Any:
    if not isinstance(tree, Branch):
        raise lines.broken(path, "a mapping of names to values")
    key_kind, value_kind = typing.get_args(kind)
    found = {}
    for key, value in tree.values.items():
        here = _below(path, key)
        found[_decode(key_kind, Leaf(key, tree.keys[key]), here, lines)] = _decode(value_kind, value, here, lines)
    return found


def _decode_dataclass(kind: type, tree: Tree, path: str, lines: Lines) -> Any:
    if not isinstance(tree, Branch):
        raise lines.broken(path, "a mapping of keys to values")
    fields = {each.name.rstrip("_"): each for each in dataclasses.fields(kind) if each.name != "origin"}
    for key in tree.values:
        if key not in fields:
            raise lines.broken(_below(path, key), f"one of {', '.join(fields)}: there is no such key")
    values = {}
    for key, each in fields.items():
        here = _below(path, key)
        if key in tree.values:
            values[each.name] = _decode(_hints(kind)[each.name], tree.values[key], here, lines)
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise lines.broken(here, "given: it is missing")
    return kind(**values)


def _decode_leaf(kind: Any, written: Written | None, tree: Tree, path: str, lines: Lines) -> Any:
    if not isinstance(tree, Leaf):
        raise lines.broken(path, written.expected if written else "one value")
    text = tree.text
    if written is not None and not written.fits(text):
        raise lines.broken(path, written.expected)
    if kind is str:
        return text
    if kind is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise lines.broken(path, "true or false")
        return text.lower() in _TRUE
    if kind is int:
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()) or len(text) > 15:
            raise lines.broken(path, "a whole number")
        return int(text)
    assert isinstance(kind, type)
    assert issubclass(kind, Enum)
    try:
        return kind(text)
    except ValueError:
        raise lines.broken(path, "one of " + ", ".join(str(each.value) for each in kind)) from None


def _below(path: str, key: str) -> str:
    return f"{path}/{key}" if path else key
