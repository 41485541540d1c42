"""Taking in what is sent for a service: the list of a folder's files, their contents, an archive.

Runs in the agent, on its loop: everything is written as it comes and no more than a piece is held. What arrived
whole stays, so that a broken upload goes on with what is missing; what is half goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput, Conflict, ServiceId, Upload
from godploy_server.deploy.disk import FREE_BESIDE_BYTES, require_space
from godploy_server.deploy.locking import alone_in
from godploy_server.deploy.sources.blobs import BlobStore
from godploy_server.deploy.sources.manifest import Manifest, ManifestReader, line_of
from godploy_server.deploy.sources.tree import printable
from godploy_server.runtime.engine import Engine
from godploy_server.state import uploads
from godploy_server.state.database import new_id
from godploy_server.state.uploads import UploadRow

MANIFEST: Final = "manifest"
ARCHIVE: Final = "archive"
_HEAD_BYTES: Final = 40  # SHA-256 and length
_LARGEST_LIST_BYTES: Final = 128 << 20
_LARGEST_ARCHIVE_BYTES: Final = 16 << 30
_FILES_AT_ONCE: Final = 500  # between two looks at what else the loop has to do

Pieces = AsyncGenerator[bytes, None]


async def take_list(engine: Engine, service_id: ServiceId, pieces: Pieces) -> Upload:
    """Take the files that a folder has; gives the upload with what is still to be sent. Raises BadInput, NotReady."""
    upload_id = new_id()
    reader = ManifestReader()
    size = received = 0
    with _new_folder(engine, upload_id) as folder:
        with (folder / MANIFEST).open("x", encoding="utf-8") as lines:
            async for piece in pieces:
                received += len(piece)
                if received > _LARGEST_LIST_BYTES:
                    raise BadInput(
                        "The list of files is too long", f"it has more than {_LARGEST_LIST_BYTES} bytes", "Send fewer"
                    )
                for file in reader.feed(piece):
                    size += file.size_bytes
                    lines.write(line_of(file))
                await asyncio.sleep(0)
            reader.feed(b"")
        # Not while contents that nobody needs are removed: this list may need some of them.
        async with alone_in(engine.paths.blobs):
            missing = await _missing(engine, upload_id)
        require_space(engine.paths.blobs, sum(missing.values()) + FREE_BESIDE_BYTES, "The upload")
        name = printable(reader.name) or "folder"
        row = uploads.create(
            engine.connection, upload_id, service_id, name, size, is_archive=False, is_whole=not missing
        )
    await _trim(engine, service_id)
    return _described(row, missing)


async def take_contents(engine: Engine, row: UploadRow, pieces: Pieces, length: int | None) -> Upload:
    """Take contents of an upload's files, sent as frames (contract/api.py); gives it with what is missing still."""
    if row.is_archive:
        raise BadInput("The upload has no files of its own", "it is an archive", "Send a new archive instead")
    wanted = {bytes.fromhex(sha256): size for sha256, size in (await _missing(engine, row.id)).items()}
    require_space(engine.paths.blobs, min(length or 0, sum(wanted.values())) + FREE_BESIDE_BYTES, "What was announced")
    known = dict(wanted)
    store = BlobStore(engine.paths.blobs)
    source = _Pull(pieces)
    while head := await source.head():
        digest, size = head[:32], int.from_bytes(head[32:], "big")
        if digest not in known:  # another request, perhaps a broken one of before, may have brought it meanwhile
            known |= await _announced(engine, row.id)
        if digest not in known:
            raise BadInput(
                "A content was sent that nobody asked for",
                f"SHA-256 {digest.hex()[:12]}... is not missing in this upload",
                "Send what the upload names as missing",
            )
        if size != known[digest]:
            raise Conflict(
                "A content is not as long as it was announced",
                f"{digest.hex()[:12]}... has {size} bytes instead of {known[digest]}",
                "Send the folder again: the file changed meanwhile",
            )
        with store.taking(digest.hex()) as blob:
            while size:
                piece = await source.some(size)
                blob.write(piece)
                size -= len(piece)
        wanted.pop(digest, None)
    missing = await _missing(engine, row.id)
    if not missing and not row.is_whole:
        uploads.set_whole(engine.connection, row.id)
        await _trim(engine, row.service_id)
    return _described(row, missing)


async def take_archive(engine: Engine, service_id: ServiceId, name: str, pieces: Pieces, length: int | None) -> Upload:
    """Take an archive as it is; it is looked into when it is deployed. Raises BadInput, NotReady."""
    upload_id, size = new_id(), 0
    if length is not None:
        _require_archive_size(length)
        require_space(engine.paths.uploads, length + FREE_BESIDE_BYTES, "The archive")
    with _new_folder(engine, upload_id) as folder:
        with (folder / ARCHIVE).open("xb") as file:
            async for piece in pieces:
                size += len(piece)
                _require_archive_size(size)
                if length is None and size % (64 << 20) < len(piece):
                    require_space(engine.paths.uploads, FREE_BESIDE_BYTES, "The archive")
                file.write(piece)
        if not size:
            raise BadInput("The archive is empty", "no byte of it arrived", "Send a zip or tar archive")
        row = uploads.create(
            engine.connection, upload_id, service_id, printable(name), size, is_archive=True, is_whole=True
        )
    await _trim(engine, service_id)
    return _described(row, {})


async def describe(engine: Engine, row: UploadRow) -> Upload:
    """Give an upload with what is missing of it."""
    return _described(row, {} if row.is_whole else await _missing(engine, row.id))


def remove_folders(paths_of: list[Path]) -> None:
    """Remove the folders of uploads that are forgotten; missing ones are fine."""
    for folder in paths_of:
        shutil.rmtree(folder, ignore_errors=True)


async def _trim(engine: Engine, service_id: ServiceId) -> None:
    gone = uploads.trim(engine.connection, service_id)
    if gone:
        await asyncio.to_thread(remove_folders, [engine.paths.upload(each) for each in gone])


async def _missing(engine: Engine, upload_id: str) -> dict[str, int]:
    """Give the contents (SHA-256 to size in bytes) that an upload needs and that are not here."""
    store = BlobStore(engine.paths.blobs)
    missing: dict[str, int] = {}
    for count, (sha256, size) in enumerate(Manifest(engine.paths.upload(upload_id) / MANIFEST).contents()):
        if missing.setdefault(sha256, size) != size:
            raise BadInput(
                "The list of files cannot be used", f"it gives {sha256[:12]}... two lengths", "Send the folder again"
            )
        if store.has(sha256, size):
            del missing[sha256]
        if count % _FILES_AT_ONCE == 0:
            await asyncio.sleep(0)
    return missing


async def _announced(engine: Engine, upload_id: str) -> dict[bytes, int]:
    """Give all contents of an upload, those that are here included: SHA-256 to size in bytes."""
    contents = Manifest(engine.paths.upload(upload_id) / MANIFEST).contents()
    return await asyncio.to_thread(lambda: {bytes.fromhex(sha256): size for sha256, size in contents})


def _described(row: UploadRow, missing: dict[str, int]) -> Upload:
    return Upload(row.id, row.name, row.size_bytes, row.created_at, tuple(missing))


def _require_archive_size(size: int) -> None:
    if size > _LARGEST_ARCHIVE_BYTES:
        raise BadInput("The archive is too large", f"at most {_LARGEST_ARCHIVE_BYTES >> 30} GiB are taken", "Leave out")


@contextlib.contextmanager
def _new_folder(engine: Engine, upload_id: str) -> Iterator[Path]:
    """Make the folder of an upload; it goes again if the block fails."""
    folder = engine.paths.upload(upload_id)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _Pull:
    """Takes bytes out of pieces as many as are wanted."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    async def some(self, most: int) -> bytes:
        """Give from 1 to `most` bytes. Raises BadInput at the end of the body."""
        if not self._rest and not await self._more():
            raise BadInput("The upload is not whole", "the body ends within a content", "Send it again")
        taken, self._rest = self._rest[:most], self._rest[most:]
        return bytes(taken)

    async def head(self) -> bytes:
        """Give the next frame's head, b"" at the end of the body."""
        head = b""
        while len(head) < _HEAD_BYTES:
            if not self._rest and not await self._more():
                if not head:
                    return b""
                raise BadInput("The upload is not whole", "the body ends within a frame's head", "Send it again")
            head += await self.some(_HEAD_BYTES - len(head))
        return head

    async def _more(self) -> bool:
        self._rest = memoryview(await anext(self._pieces, b""))
        return bool(self._rest)
