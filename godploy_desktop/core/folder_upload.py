"""Sending a folder to the agent: the list of its files first, then only the contents that the server lacks."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from godploy_desktop.core.sending import Meter, size_words
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_desktop.remote.source_folder.folder_rules import folder_rules
from godploy_desktop.remote.source_folder.hashes import HashCache, cache_file
from godploy_desktop.remote.source_folder.listing import list_folder
from godploy_desktop.remote.source_folder.manifest import Manifest, frames, make_manifest
from godploy_desktop.remote.source_folder.reading import SourceChanged
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import BadInput, Conflict, NotFound, PrepareUpload, Service, ServiceId, Unreachable, Upload

TRIES: Final = 3
"""How often a folder that changes while it is read is looked at anew, and a broken upload is taken up without any
content having arrived since."""


async def send_folder(
    server: Server, service: Service, folder: Path, root: str, dockerfile: str, progress: Progress
) -> Upload:
    """Send what counts of a folder; gives the upload, whole. Raises SourceChanged when it never holds still, BadInput
    for what cannot be read, and what the agent says."""
    workers = Workers("folder")
    for attempt in range(TRIES):
        try:
            manifest = await _look(server, folder, root, dockerfile, workers, progress)
            return await _send(server, service.id, manifest, workers, progress)
        except SourceChanged:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the last try raises")


async def _look(
    server: Server, folder: Path, root: str, dockerfile: str, workers: Workers, progress: Progress
) -> Manifest:
    progress.begin("look", "Look at the folder")
    is_over = threading.Event()
    skipped: list[str] = []

    def look() -> Manifest:
        rules = folder_rules(folder, root, dockerfile)

        def is_wanted() -> bool:
            return not is_over.is_set()

        entries = list_folder(folder, rules, lambda path, what: skipped.append(f"{path} is {what}"), is_wanted)
        if server.cache_folder is not None:
            hashes = HashCache(cache_file(server.cache_folder, folder), folder)
            return make_manifest(folder, entries, hashes, is_wanted=is_wanted)
        with TemporaryDirectory() as nowhere:
            return make_manifest(folder, entries, HashCache(Path(nowhere, "none"), folder), is_wanted=is_wanted)

    try:
        manifest = await workers.call(look)
    finally:
        is_over.set()
    if not manifest.files:
        raise BadInput(
            "The folder has nothing to deploy",
            "it is empty, or .gitignore leaves everything out",
            "Choose another folder, or correct what is ignored",
        )
    left_out = f"; left out: {', '.join(skipped[:3])}{' ...' if len(skipped) > 3 else ''}" if skipped else ""
    size = size_words(manifest.size_bytes)
    progress.end("look", detail=f"{len(manifest.files)} files, {size}{left_out}")
    return manifest


async def _send(
    server: Server, service_id: ServiceId, manifest: Manifest, workers: Workers, progress: Progress
) -> Upload:
    progress.begin("send", "Send what the server lacks")
    prepare = PrepareUpload(manifest.files, manifest.top.name)
    upload = await server.when_reachable(lambda: server.agent.prepare_upload(service_id, prepare))
    total = sum(manifest.contents[each].size_bytes for each in upload.missing)
    meter = Meter(progress, "send", total)
    count = len(upload.missing)
    meter.note = f"{count} of {len(manifest.files)} files" if count else "the server has all of it"
    tries = 0
    try:
        while upload.missing:
            before = len(upload.missing)
            try:
                pieces = _counted(frames(manifest, upload.missing, workers.call), meter)
                upload = await server.agent.send_contents(service_id, upload.id, pieces)
            except Unreachable:
                tries += 1
                if tries >= TRIES:
                    raise
                upload = await _where_it_stands(server, service_id, upload, prepare)
            if len(upload.missing) < before:
                tries = 0
            elif tries == 0:  # it took everything and misses as much as before
                raise Conflict(
                    "The server does not keep what it is sent",
                    f"{before} contents are still missing after they were sent",
                    "Look at the disk of the server, then deploy again",
                )
            left = sum(manifest.contents[each].size_bytes for each in upload.missing)
            meter.done_bytes = total - left
    finally:
        progress.at(None)
    meter.show(is_last=True)
    progress.end("send")
    return upload


async def _where_it_stands(server: Server, service_id: ServiceId, upload: Upload, prepare: PrepareUpload) -> Upload:
    """What an upload misses now that the connection is back; begun again if the server forgot it."""
    known = await server.when_reachable(lambda: server.agent.uploads(service_id))
    found = next((each for each in known if each.id == upload.id), None)
    if found is not None:
        return found
    try:
        return await server.agent.prepare_upload(service_id, prepare)
    except NotFound as error:
        raise NotFound("The service is gone", error.problem.why, "Create it again") from error


async def _counted(pieces: AsyncGenerator[bytes], meter: Meter) -> AsyncGenerator[bytes]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece
            meter.add(len(piece))
