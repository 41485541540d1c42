"""What a handler gets and what it gives back."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from godploy_server.access.actor import Actor
from godploy_server.contract.problem import BadInput
from godploy_server.contract.wire import from_json, to_json

T = TypeVar("T")

NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"


class BodyBroken(ConnectionResetError):
    """A body ended before it was whole, or stood still for too long. Nobody is there to be answered."""


@dataclass(frozen=True)
class BodyStream:
    """A body that its handler reads piece by piece; `length` in bytes where the client said it."""

    pieces: AsyncGenerator[bytes, None]
    length: int | None = None


@dataclass(frozen=True)
class Request:
    """One request, parsed: `ids` are the parts of the path that the route left open.

    A route that takes its body as a stream gets `stream` and an empty `body`.
    """

    method: str
    path: str
    actor: Actor
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    contract_version: str = ""
    ids: tuple[str, ...] = ()
    stream: BodyStream | None = None

    @property
    def id(self) -> str:
        """The one id in the path."""
        return self.ids[0]

    def value(self, kind: type[T]) -> T:
        """Give the body as a contract value. Raises BadInput."""
        return from_json(kind, parse_json(self.body))

    def content(self) -> BodyStream:
        """Give the body of a route that takes a stream."""
        assert self.stream is not None
        return self.stream

    def number(self, name: str, default: int, highest: int) -> int:
        """Give a whole number of the query, from 0 to `highest`. Raises BadInput."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > highest:
            raise _bad_query(name, f"a whole number from 0 to {highest}")
        return int(text)

    def flag(self, name: str, default: bool) -> bool:
        """Give a 0 or 1 of the query. Raises BadInput."""
        text = self.query.get(name)
        if text is None:
            return default
        if text not in ("0", "1"):
            raise _bad_query(name, "0 or 1")
        return text == "1"


@dataclass(frozen=True)
class Json:
    """An answer of one contract value, or a list of it."""

    value: object
    status: int = 200

    def encode(self) -> bytes:
        """Give the body."""
        return json_bytes(self.value)


@dataclass(frozen=True)
class Stream:
    """An answer that goes on until it ends or the client closes. Everything that may fail was checked before."""

    chunks: AsyncGenerator[bytes, None]
    content_type: str = NDJSON


Answer = Json | Stream


def json_bytes(value: object) -> bytes:
    """Give a contract value as compact JSON."""
    return json.dumps(to_json(value), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def json_line(value: object) -> bytes:
    """Give a contract value as one line of NDJSON."""
    return json_bytes(value) + b"\n"


def parse_json(body: bytes) -> object:
    """Give the JSON value that `body` holds; an empty body is an empty object. Raises BadInput.

    A key given twice is refused: parsers disagree on which one counts.
    """
    if not body:
        return {}
    try:
        return json.loads(body.decode(), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput("The request cannot be used", f"its body is not JSON: {str(error)[:200]}", "Send JSON") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _bad_query(name: str, expected: str) -> BadInput:
    return BadInput("The request cannot be used", f"?{name}= should be {expected}", "Correct the value")
