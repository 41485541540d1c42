"""Reading what a host answered: every field may be missing or of another type, and nothing breaks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from godploy_server.contract import NotFound


def text(found: Any, *path: str) -> str:
    """Give the text at a path of keys, "" where there is none; a number as text."""
    value = at(found, *path)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, (str, int)) else ""


def flag(found: Any, *path: str) -> bool:
    """Give whether there is a true at a path of keys."""
    return at(found, *path) is True


def at(found: Any, *path: str) -> Any:
    """Give what is at a path of keys, None where it leads nowhere."""
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def items(found: Any) -> Iterable[Mapping[str, Any]]:
    """Give the objects of a list."""
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def moment(found: Any, *path: str) -> datetime | None:
    """Give the moment at a path of keys, from ISO 8601."""
    try:
        value = datetime.fromisoformat(text(found, *path))
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def key_without_comment(key: str) -> str:
    """Give type and content of an OpenSSH public key, without its comment."""
    return " ".join(key.split()[:2])


def base64_content(found: Any, path: str) -> bytes:
    """Give the content of a file as an API gives it, in base64. Raises NotFound for what is no file, or too large."""
    if text(found, "encoding") == "base64":
        try:
            return base64.b64decode(text(found, "content"))
        except binascii.Error:
            pass
    raise NotFound(f"{path} cannot be read", "the repository has no small file there", "Choose a file below 1 MB")


def names(found: Any, *path: str) -> tuple[str, ...]:
    """Give the texts of a list at a path of keys."""
    value = at(found, *path)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def part(text_of_path: str) -> str:
    """Give a text as one part of a path."""
    return quote(text_of_path, safe="")
