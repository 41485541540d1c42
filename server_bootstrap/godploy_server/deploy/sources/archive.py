"""An archive that was sent: looked at by its first bytes, unpacked into a folder of its own, or not at all."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import lzma
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from godploy_server.deploy.sources.archive_tar import unpack_tar
from godploy_server.deploy.sources.archive_zip import unpack_zip
from godploy_server.deploy.sources.stoppable import Stop
from godploy_server.deploy.sources.tree import make_anew
from godploy_server.deploy.sources.unpacking import USUAL, Limits, Readable, Unpacker, broken

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_TAR_MAGIC_AT: Final = 257
_XZ_MEMORY_BYTES: Final = 256 << 20
_PIECE_BYTES: Final = 1 << 18
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, struct.error)
_SURPRISES: Final = (ValueError, ArithmeticError, LookupError, RuntimeError)
"""What the standard library's readers raise for damage that they did not foresee."""


def extract_archive(archive: Path, folder: Path, stop: Stop, limits: Limits = USUAL) -> tuple[int, int]:
    """Unpack a zip or tar archive to `folder`, which is made; gives the number of files and their size in bytes.

    A single folder at its top is stepped into. On any failure nothing of it stays. Raises BadInput for what is no
    archive, is damaged or encrypted, leads out, or holds too much; Stopped.
    """
    beside = folder.with_name(f"{folder.name}.unpacked")
    make_anew(beside)
    try:
        unpacker = Unpacker(beside, archive.stat().st_size, stop, limits)
        try:
            _unpack(archive, unpacker)
        except (*_DAMAGE, *_SURPRISES) as error:
            raise broken(str(error)[:200] or "it ends early") from None
        except OSError as error:
            if error.errno in (None, errno.EINVAL):  # bad bzip2 data; an offset that is none
                raise broken(str(error)[:200]) from None
            raise
        unpacker.finish()
        if not unpacker.file_count:
            raise broken("there is no file in it")
        shutil.rmtree(folder, ignore_errors=True)
        _top(beside).rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return unpacker.file_count, unpacker.size_bytes


def _unpack(archive: Path, unpacker: Unpacker) -> None:
    with archive.open("rb") as file:
        head = file.read(_TAR_MAGIC_AT + 8)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        unpack_zip(archive, unpacker)
        return
    with _opened(archive, head) as source:
        unpack_tar(source, unpacker)


@contextlib.contextmanager
def _opened(archive: Path, head: bytes) -> Iterator[Readable]:
    """Open what is inside the compression that the first bytes tell."""
    if head.startswith(_ZSTD):
        with _unzstd(archive) as plain:
            yield plain
    elif head.startswith(b"\x1f\x8b"):
        with gzip.open(archive) as plain:
            yield plain
    elif head.startswith(b"BZh"):
        with bz2.open(archive) as plain:
            yield plain
    elif head.startswith(b"\xfd7zXZ\0"):
        with archive.open("rb") as packed:
            yield _Xz(packed)
    elif head[_TAR_MAGIC_AT:].startswith(b"ustar"):
        with archive.open("rb") as plain:
            yield plain
    else:
        raise broken("it is neither a zip nor a tar archive (plain, .gz, .bz2, .xz or .zst)")


@contextlib.contextmanager
def _unzstd(archive: Path) -> Iterator[Readable]:
    program = shutil.which("zstd")
    if program is None:
        raise broken("it is compressed with zstd, which is not installed on the server (`apt install zstd`)")
    with archive.open("rb") as packed:
        child = subprocess.Popen(
            [program, "--decompress", "--stdout", "--quiet", "--memory=256MB"],
            stdin=packed,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    assert child.stdout is not None
    try:
        with child.stdout:
            yield child.stdout
    finally:
        child.kill()
        child.wait()


class _Xz:
    """Reads an xz file in bounded memory: its header alone says how much `lzma.open` would take."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._unpacker = lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)

    def read(self, size: int) -> bytes:
        rest = b""
        while True:
            if self._unpacker.eof:
                rest = self._unpacker.unused_data or self._packed.read(_PIECE_BYTES)
                if not rest.strip(b"\0"):
                    return b""
                self._unpacker = lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)
            elif self._unpacker.needs_input:
                rest = self._packed.read(_PIECE_BYTES)
                if not rest:
                    raise EOFError("it ends early")
            if piece := self._unpacker.decompress(rest, size):
                return piece
            rest = b""


def _top(folder: Path) -> Path:
    """Give the folder that holds the source: the single one at the top of the archive, or the archive's own top."""
    entries = [each for each in folder.iterdir() if each.name != ".DS_Store"]
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return entries[0]
    return folder
