"""The head of a request, read strictly. Whoever is out there may send anything; little of it is kept.

Source: RFC 9112 (HTTP/1.1). What the RFC lets a server refuse is refused: obsolete folding, two hosts, lengths that
contradict each other, a length beside chunks, transfer codings other than chunks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_HEAD_BYTES: Final = 8 * 1024

_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,2000}) HTTP/1\.[01]")
FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
"""A field line without its end: name and value."""
_LENGTH: Final = re.compile(r"[0-9]{1,12}")


class Refused(Exception):
    """The request is answered with this status and nothing else; 0: the connection is closed without an answer.

    `reason` is one sentence about the delivery, without anything of it; `retry_after_s`: when it may come again.
    """

    def __init__(self, status: int, reason: str = "", *, retry_after_s: float = 0.0) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Head:
    """What was asked for. `fields` has names in lower case and values as latin-1 text; of several the last counts."""

    method: str
    path: str
    fields: Mapping[str, str]
    length: int | None  # of the body, in bytes; None where the sender does not say
    is_chunked: bool = False

    @property
    def has_body(self) -> bool:
        """Whether something follows the head."""
        return bool(self.length) or self.is_chunked


def parse_head(head: bytes) -> Head:
    """Give the head that these bytes (with the empty line at their end) hold. Raises Refused."""
    line, *lines = head[: -len(b"\r\n\r\n")].split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise Refused(400)
    fields: dict[str, str] = {}
    for each in lines:
        match = FIELD.fullmatch(each)
        if match is None:
            raise Refused(400)
        name, value = match[1].lower().decode("ascii"), match[2].strip().decode("latin-1")
        if name in ("host", "content-length") and fields.get(name, value) != value:
            raise Refused(400)
        if name == "transfer-encoding" and (value.lower() != "chunked" or name in fields):
            raise Refused(411)
        fields[name] = value
    length = fields.get("content-length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise Refused(400)
    is_chunked = "transfer-encoding" in fields
    if is_chunked and (length is not None or not line.endswith(b"HTTP/1.1")):
        raise Refused(400)
    path = request[2].partition(b"?")[0].decode("ascii")
    return Head(request[1].decode("ascii"), path, fields, None if length is None else int(length), is_chunked)
