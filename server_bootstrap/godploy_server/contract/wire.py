"""Frozen dataclasses to JSON values and back, checked strictly, with the path of what is wrong.

Known field types: str, int, float, bool, None, Enum, datetime (ISO 8601 with zone), NewType of those, tuples
`tuple[X, ...]`, `dict[str, X]`, unions with None, unions of dataclasses told apart by a literal field `kind`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from godploy_server.contract.problem import BadInput

T = TypeVar("T")

_LARGEST = 2**63 - 1  # what SQLite and every 64-bit program hold
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell them, UTF-8 and so every file cannot hold them


def to_json(value: object) -> Any:
    """Give back plain JSON values (dict, list, str, int, float, bool, None) for a contract value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    return value


def from_json(kind: type[T], data: object, path: str = "") -> T:
    """Build a value of `kind` from JSON values.

    Unknown keys, missing keys without a default and wrong types raise BadInput whose `why` begins with the path
    (`source/url: should be text`).
    """
    return typing.cast(T, _decode(kind, data, path))


def _bad(path: str, expected: str) -> BadInput:
    return BadInput("The request cannot be used", f"{path or 'body'}: should be {expected}", "Correct the value")


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, data: object, path: str) -> object:  # noqa: PLR0912  one branch a type, on purpose
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return data
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), data, path)
    if origin is typing.Literal:
        if data not in typing.get_args(kind):
            raise _bad(path, " or ".join(map(repr, typing.get_args(kind))))
        return data
    if origin is tuple:
        if not isinstance(data, list):
            raise _bad(path, "a list")
        item = typing.get_args(kind)[0]
        return tuple(_decode(item, each, f"{path}/{index}") for index, each in enumerate(data))
    if origin is dict:
        if not isinstance(data, Mapping):
            raise _bad(path, "an object")
        item = typing.get_args(kind)[1]
        return {str(key): _decode(item, each, f"{path}/{key}") for key, each in data.items()}
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), data, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError:
            raise _bad(path, "one of " + ", ".join(str(each.value) for each in kind)) from None
    if kind is datetime:
        return _decode_datetime(data, path)
    return _decode_plain(kind, data, path)


def _decode_plain(kind: Any, data: object, path: str) -> object:
    if kind is type(None) and data is None:
        return None
    if kind is bool and isinstance(data, bool):
        return data
    if kind is int and isinstance(data, int) and not isinstance(data, bool):
        if abs(data) > _LARGEST:
            raise _bad(path, "a whole number of at most 63 bits")
        return data
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if kind is str and isinstance(data, str):
        if not data.isascii() and _LONE_SURROGATE.search(data):
            raise _bad(path, "text of whole Unicode characters")
        return data
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
    raise _bad(path, names.get(kind, str(kind)))


def _decode_datetime(data: object, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(typing.cast(str, data))
    except (TypeError, ValueError):
        raise _bad(path, "a date and time in ISO 8601") from None
    if moment.tzinfo is None:
        raise _bad(path, "a date and time with a zone")
    return moment


def _decode_union(options: tuple[Any, ...], data: object, path: str) -> object:
    if data is None and type(None) in options:
        return None
    rest = [each for each in options if each is not type(None)]
    if len(rest) == 1:
        return _decode(rest[0], data, path)
    wanted = data.get("kind") if isinstance(data, Mapping) else None
    for option in rest:
        if wanted is not None and wanted in typing.get_args(_hints(option).get("kind")):
            return _decode(option, data, path)
    raise _bad(f"{path}/kind", "one of " + ", ".join(str(typing.get_args(_hints(each)["kind"])[0]) for each in rest))


def _decode_dataclass(kind: type, data: object, path: str) -> object:
    if not isinstance(data, Mapping):
        raise _bad(path, "an object")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise _bad(f"{path}/{unknown[0]}".lstrip("/"), "absent (unknown key)")
    values = {}
    for name, field in fields.items():
        here = f"{path}/{name}".lstrip("/")
        if name in data:
            values[name] = _decode(_hints(kind)[name], data[name], here)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise _bad(here, "present")
    return kind(**values)
