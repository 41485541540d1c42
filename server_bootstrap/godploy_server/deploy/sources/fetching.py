"""The files of a service's source, whatever kind it is, in a folder. Deployments and plans come here."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from godploy_server.contract import ArchiveSource, Conflict, DeploymentFailed, FolderSource, GitSource
from godploy_server.deploy.disk import require_source_space
from godploy_server.deploy.sources.archive import extract_archive
from godploy_server.deploy.sources.blobs import BlobStore
from godploy_server.deploy.sources.fetched import Fetched, SourceLog
from godploy_server.deploy.sources.git import fetch_commit
from godploy_server.deploy.sources.manifest import Manifest
from godploy_server.deploy.sources.receiving import ARCHIVE, MANIFEST
from godploy_server.deploy.sources.sent import what_was_sent
from godploy_server.deploy.sources.stoppable import in_thread
from godploy_server.deploy.sources.tree import make_anew
from godploy_server.deploy.sources.upload import write_upload
from godploy_server.runtime.engine import Engine
from godploy_server.state import uploads
from godploy_server.state.services import ServiceRow
from godploy_server.state.uploads import UploadRow


async def fetch_files(
    engine: Engine, service: ServiceRow, folder: Path, log: SourceLog, *, commit: str = "", upload: str = ""
) -> Fetched:
    """Write the files of a service's source to `folder`, which is made anew; for an upload "" means the newest.

    On any failure the folder is gone again. Raises BadInput, Conflict, NotReady, Unreachable, DeploymentFailed.
    """
    require_source_space(engine)
    try:
        return await _write(engine, service, folder, log, commit, upload)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _write(
    engine: Engine, service: ServiceRow, folder: Path, log: SourceLog, commit: str, upload: str
) -> Fetched:
    source = service.settings.source
    if isinstance(source, GitSource):
        return await fetch_commit(engine, service, source, folder, log, commit)
    if not isinstance(source, (FolderSource, ArchiveSource)):
        raise DeploymentFailed("The source has no files", f"it is of the kind {source.kind}", "Deploy it as it is")
    sent = what_was_sent(engine, service, upload)
    if not sent.upload:
        raise Conflict("There are no files to look at", "an image of the folder was sent, not its files", "Deploy it")
    row = uploads.find(engine.connection, service.id, sent.upload)
    log.say(f"Taking {_kind(row)} “{row.name}”, sent {row.created_at:%Y-%m-%d %H:%M} UTC")
    kept = engine.paths.upload(row.id)
    if row.is_archive:
        count, size = await in_thread(partial(extract_archive, kept / ARCHIVE, folder))
    else:
        make_anew(folder)
        store = BlobStore(engine.paths.blobs)
        count, size = await in_thread(partial(write_upload, Manifest(kept / MANIFEST), store, folder))
    detail = f"{row.name}: {count} files, {size / 1e6:.1f} MB"
    log.say(detail)
    return Fetched(detail, subject=row.name)


def _kind(row: UploadRow) -> str:
    return "the archive" if row.is_archive else "the folder"
