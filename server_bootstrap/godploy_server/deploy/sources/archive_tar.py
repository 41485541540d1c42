"""Members of a tar archive, read once from front to back in little memory."""

from __future__ import annotations

import tarfile
from typing import IO, Final, cast

from godploy_server.deploy.sources.tree import refused
from godploy_server.deploy.sources.unpacking import Readable, Unpacker, broken, too_much

_LARGEST_HEADER_BYTES: Final = 1 << 20
_KEPT_BYTES: Final = 4096
_BLOCK_BYTES: Final = 512
_SKIPPED_AT_ONCE: Final = 1 << 18
_MOST_AFTER_END_BYTES: Final = 16 << 20
_SETS_ID: Final = 0o6000


def unpack_tar(source: Readable, unpacker: Unpacker) -> None:
    """Hand every member over. Raises BadInput for one that is no file, folder or link, or that sets a user id."""
    forward = _Forward(source)
    try:
        with tarfile.open(fileobj=cast(IO[bytes], forward), mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would remember every one; typeshed hides it
                _hand_over(archive, member, unpacker)
    except tarfile.TarError as error:
        raise broken(str(error)[:200] or "it is no tar archive") from None
    if not forward.ended_with_zeros():  # a header that is damaged or cut off is an end for tarfile
        raise broken("it ends early, or one of its headers is damaged")
    forward.read_to_end()


def _hand_over(archive: tarfile.TarFile, member: tarfile.TarInfo, unpacker: Unpacker) -> None:
    name = member.name
    if unpacker.skips(name):
        return
    if member.isdir():
        unpacker.add_folder(name)
    elif member.issym():
        unpacker.add_link(name, member.linkname)
    elif member.islnk():
        unpacker.add_copy(name, member.linkname)
    elif member.isreg():
        if member.mode & _SETS_ID:
            raise refused(name, "it would run as another user (setuid or setgid)")
        content = archive.extractfile(member)
        if content is None:
            raise broken(f"{name} has no content")
        unpacker.add_file(name, member.size, bool(member.mode & 0o100), content.read)
    else:
        kinds = {tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a named pipe"}
        raise refused(name, f"it is {kinds.get(member.type, 'neither a file, a folder nor a link')}")


class _Forward:
    """What tarfile reads from: a stream that goes forward only, but for the few bytes that it looks back at.

    A header that claims to be huge would be held in memory as a whole: it is refused.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._position = 0
        self._recent = b""  # ends at `_end`, how far the source was read
        self._end = 0

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER_BYTES:
            raise too_much("one of its headers is larger than 1 MiB")
        back = self._end - self._position
        again = self._recent[len(self._recent) - back :][:size] if back else b""
        fresh = self._take(size - len(again)) if size > len(again) else b""
        self._position += len(again) + len(fresh)
        return again + fresh

    def seek(self, position: int, whence: int = 0) -> int:
        if whence != 0 or position < self._end - len(self._recent):
            raise broken("its members are not in order")
        while self._end < position:
            if not self._take(min(position - self._end, _SKIPPED_AT_ONCE)):
                break
        self._position = min(position, self._end)
        return self._position

    def ended_with_zeros(self) -> bool:
        """Whether what was read last is the block of zeros that ends an archive."""
        return len(self._recent) >= _BLOCK_BYTES and not any(self._recent[-_BLOCK_BYTES:])

    def read_to_end(self) -> None:
        """Read what follows, so that a compressed archive's own checksum is looked at. Raises BadInput for much."""
        most = self._end + _MOST_AFTER_END_BYTES
        while self._take(_SKIPPED_AT_ONCE):
            if self._end > most:
                raise broken("something follows its end")

    def _take(self, size: int) -> bytes:
        pieces = []
        while size and (piece := self._source.read(size)):
            pieces.append(piece)
            size -= len(piece)
        fresh = b"".join(pieces)
        self._end += len(fresh)
        self._recent = (self._recent + fresh[-_KEPT_BYTES:])[-_KEPT_BYTES:]
        return fresh
