"""The list of a folder's files: read from a request as it comes, kept as one JSON object a line.

A folder may have a hundred thousand files. Neither the request nor the list is ever held as a whole.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from godploy_server.contract import BadInput, UploadFile, from_json
from godploy_server.deploy.sources.tree import MOST_FILES, check_link, check_path, refused

_LONGEST_VALUE: Final = 256 * 1024
_LARGEST_FILE_BYTES: Final = 1 << 40
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()


def check_file(file: UploadFile) -> UploadFile:
    """Give back a file that may be part of an upload. Raises BadInput with its path."""
    check_path(file.path)
    if file.link:
        check_link(file.path, file.link)
        if file.sha256 or file.size_bytes or file.is_executable:
            raise refused(file.path, "a link has no content of its own")
    elif not _SHA256.fullmatch(file.sha256):
        raise refused(file.path, "sha256: should be 64 lower-case hexadecimal digits")
    elif not 0 <= file.size_bytes <= _LARGEST_FILE_BYTES:
        raise refused(file.path, f"size_bytes: should be from 0 to {_LARGEST_FILE_BYTES}")
    return file


class ManifestReader:
    """Reads the JSON of a PrepareUpload from pieces of it. Raises BadInput for anything else."""

    def __init__(self) -> None:
        self.name = ""
        self._characters = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._found: list[UploadFile] = []
        self._paths: set[str] = set()
        self._is_over = False
        self._has_files = False
        self._is_done = False
        self._parser = self._parse()

    def feed(self, piece: bytes) -> list[UploadFile]:
        """Take the next piece of the body, b"" for its end; gives the files that are complete with it."""
        self._is_over = not piece
        try:
            self._text = self._text[self._at :] + self._characters.decode(piece, final=not piece)
        except UnicodeDecodeError:
            self._refuse("it is not UTF-8")
        self._at = 0
        if not self._is_done:
            self._is_done = next(self._parser, "done") == "done"
        if self._is_done and self._text[self._at :].strip(_SPACE):
            self._refuse("something follows the object")
        if self._is_over and not self._has_files:
            self._refuse("files: should be present")
        found, self._found = self._found, []
        return found

    def _parse(self) -> Generator[None, None, None]:
        yield from self._expect("{")
        seen: set[object] = set()
        while not (yield from self._skip("}" if not seen else "")):
            key = yield from self._value()
            if key in seen or key not in ("files", "name"):
                self._refuse(f"{str(key)[:50]}: should be there once or not at all")
            seen.add(key)
            yield from self._expect(":")
            if key == "name":
                self.name = from_json(str, (yield from self._value()), "name")
            else:
                self._has_files = True
                yield from self._files()
            if (yield from self._skip("}")):
                break
            yield from self._expect(",")

    def _files(self) -> Generator[None, None, None]:
        yield from self._expect("[")
        if (yield from self._skip("]")):
            return
        while True:
            place = f"files/{len(self._paths)}"
            self._add(from_json(UploadFile, (yield from self._value()), place))
            if (yield from self._skip("]")):
                return
            yield from self._expect(",")

    def _add(self, file: UploadFile) -> None:
        check_file(file)
        if file.path in self._paths:
            raise refused(file.path, "it is there twice")
        if len(self._paths) >= MOST_FILES:
            raise BadInput(
                "The folder has too many files",
                f"at most {MOST_FILES} files can be sent",
                "Leave out what a build does not need, with a .gitignore or .dockerignore",
            )
        self._paths.add(file.path)
        self._found.append(file)

    def _expect(self, character: str) -> Generator[None, None, None]:
        if not (yield from self._skip(character)):
            self._refuse(f"{character} is missing in its JSON")

    def _skip(self, character: str) -> Generator[None, None, bool]:
        """Go past `character` if it comes next; whether it did."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                break
            if self._is_over:
                self._refuse("its JSON is not whole")
            yield
        if not character or self._text[self._at] != character:
            return False
        self._at += 1
        return True

    def _value(self) -> Generator[None, None, Any]:
        yield from self._skip("")
        while True:
            try:
                value, self._at = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):  # noqa: PERF203  once a piece, where a value goes on in the next
                if self._is_over or len(self._text) - self._at > _LONGEST_VALUE:
                    self._refuse("its JSON is not whole")
                yield
            else:
                return value

    def _refuse(self, why: str) -> NoReturn:
        raise BadInput("The request cannot be used", f"body: {why}", "Send a list of files as JSON")


def line_of(file: UploadFile) -> str:
    """Give the line that keeps a file."""
    kept = [file.path, file.size_bytes, file.sha256, int(file.is_executable), file.link]
    return json.dumps(kept, separators=(",", ":")) + "\n"


@dataclass(frozen=True)
class Manifest:
    """The files of an upload, in a file."""

    path: Path

    def __iter__(self) -> Iterator[UploadFile]:
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                path, size_bytes, sha256, is_executable, link = json.loads(line)
                yield UploadFile(path, size_bytes, sha256, bool(is_executable), link)

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give SHA-256 (hexadecimal) and size in bytes of every file's content, one as often as it occurs."""
        return ((file.sha256, file.size_bytes) for file in self if not file.link)
