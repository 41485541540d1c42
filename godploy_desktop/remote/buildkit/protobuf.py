"""Protocol Buffers on the wire, as much of it as BuildKit's messages need.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED_64: Final = 1
LENGTH: Final = 2
FIXED_32: Final = 5

_LONGEST_VARINT: Final = 10


class Malformed(ValueError):
    """The bytes are not a message."""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give each field of a message in order: its number, and an unsigned int or bytes. Raises Malformed."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == LENGTH:
            size, at = _varint(message, at)
        elif kind == FIXED_64:
            size = 8
        elif kind == FIXED_32:
            size = 4
        else:
            raise Malformed(f"wire type {kind}")
        if at + size > end:
            raise Malformed("a field is cut")
        yield number, message[at : at + size]
        at += size


def known(message: bytes) -> dict[int, int | bytes]:
    """Give the fields by number; of a repeated one the last."""
    return dict(fields(message))


def text(value: int | bytes | None) -> str:
    """Read a field as text, "" where it is absent or no text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def number(value: int | bytes | None) -> int:
    """Read a field as a signed 64-bit number, 0 where it is absent or no number."""
    if not isinstance(value, int):
        return 0
    return value - (1 << 64) if value >= 1 << 63 else value


def content(value: int | bytes | None) -> bytes:
    """Read a field as bytes, empty where it is absent or no bytes."""
    return value if isinstance(value, bytes) else b""


def bytes_field(field: int, value: bytes | str) -> bytes:
    """Write a field of bytes, text or an inner message."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | LENGTH) + varint(len(raw)) + raw


def number_field(field: int, value: int) -> bytes:
    """Write a number; 0 is left out, as proto3 has it."""
    return varint(field << 3 | VARINT) + varint(value) if value else b""


def varint(value: int) -> bytes:
    """Write a 64-bit number in two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    result = 0
    for place in range(_LONGEST_VARINT):
        if at >= len(message):
            raise Malformed("a number is cut")
        byte = message[at]
        at += 1
        result |= (byte & 127) << 7 * place
        if byte < 128:
            return result & (1 << 64) - 1, at
    raise Malformed("a number is too long")
