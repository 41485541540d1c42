"""Deploying whatever a service's source is: files of this computer are sent, or built from here, first."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from godploy_desktop.core.folder_build import BuildLog, build_here, forget
from godploy_desktop.core.folder_upload import send_folder
from godploy_desktop.core.sending import Meter
from godploy_desktop.core.server import Server
from godploy_desktop.core.sources import (
    FolderLook,
    Way,
    archive_source,
    dockerfile_of,
    folder_of,
    folder_source,
    is_on_this_computer,
    look_at_folder,
    readable_archive,
    way_of,
)
from godploy_desktop.core.tasks import Progress
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import (
    ArchiveSource,
    ChangeService,
    Conflict,
    Deploy,
    Deployment,
    FolderSource,
    GodployError,
    Service,
    ServiceId,
    Trigger,
    Unreachable,
    Upload,
)

__all__ = [
    "BuildLog",
    "FolderLook",
    "archive_source",
    "deploy_archive",
    "deploy_folder",
    "deploy_service",
    "folder_source",
    "is_on_this_computer",
    "look_at_folder",
    "send_archive",
]

_BLOCK_BYTES = 1 << 20


async def deploy_service(
    server: Server,
    service: Service,
    progress: Progress,
    *,
    log: BuildLog | None = None,
    is_last_upload: bool = False,
    commit: str = "",
    trigger: Trigger = Trigger.MANUAL,
) -> Deployment:
    """Ask for a deployment of the newest there is; gives it back queued. With `is_last_upload` nothing is sent: what
    the server has of a folder is deployed again. Cancelling ends the sending or the build."""
    if isinstance(service.settings.source, FolderSource):
        if is_last_upload:
            request = await last_sent(server, service.id)
            return await server.deploy(service.id, replace(request, trigger=trigger))
        return await deploy_folder(server, service, progress, log, trigger)
    return await server.deploy(service.id, Deploy(commit=commit, trigger=trigger))


async def deploy_folder(
    server: Server,
    service: Service,
    progress: Progress,
    log: BuildLog | None = None,
    trigger: Trigger = Trigger.MANUAL,
) -> Deployment:
    """Deploy the folder of this computer that is the service's source.

    Raises Conflict for a folder of another computer, NotFound for one that is gone, DeploymentFailed when the build
    from here fails, and what `send_folder` raises.
    """
    source, log = service.settings.source, log or BuildLog()
    if not isinstance(source, FolderSource):
        raise _another_source(service, "a folder")
    workers = Workers("folder")

    def look() -> tuple[Path, str]:
        folder = folder_of(source)
        return folder, dockerfile_of(folder, source.root, service.settings.builder)

    folder, dockerfile = await workers.call(look)
    variables = await server.agent.variables(service.id)
    way, reason = way_of(dockerfile, variables, await server.agent.registries())
    if way is Way.SEND:
        upload = await send_folder(server, service, folder, source.root, dockerfile, progress)
        return await server.deploy(service.id, Deploy(upload=upload.id, trigger=trigger))
    log.add(f"-- built by {source.computer} from {folder}: {reason} --")
    built = await build_here(server, service, folder, source.root, dockerfile, variables, log, progress)
    progress.end("image")
    try:
        return await server.deploy(service.id, Deploy(image_id=built.image_id, build_log=log.text, trigger=trigger))
    except Unreachable:  # it may have been asked for all the same
        raise
    except GodployError:
        await forget(server, built)
        raise


async def deploy_archive(server: Server, service: Service, archive: Path, progress: Progress) -> Deployment:
    """Send an archive and deploy it. The service's source takes its name."""
    upload = await send_archive(server, service, archive, progress)
    source = service.settings.source
    if isinstance(source, ArchiveSource) and source.name != upload.name:
        settings = replace(service.settings, source=replace(source, name=upload.name))
        await server.change_service(service.id, ChangeService(settings))
    return await server.deploy(service.id, Deploy(upload=upload.id))


async def send_archive(server: Server, service: Service, archive: Path, progress: Progress) -> Upload:
    """Send an archive, which the server keeps until it is deployed. Raises NotFound, BadInput, Conflict."""
    if not isinstance(service.settings.source, ArchiveSource):
        raise _another_source(service, "an archive")
    workers = Workers("archive")
    archive = await workers.call(lambda: readable_archive(archive))
    size_bytes = (await workers.call(archive.stat)).st_size
    progress.begin("send", "Send the archive", archive.name)
    meter = Meter(progress, "send", size_bytes)
    try:
        content = _blocks(archive, workers, meter)
        upload = await server.agent.send_archive(service.id, archive.name, size_bytes, content)
    finally:
        progress.at(None)
    meter.show(is_last=True)
    progress.end("send")
    return upload


async def last_sent(server: Server, service_id: ServiceId) -> Deploy:
    """Give the request that deploys again what the server has of a folder: its newest upload, or the image that was
    built from here, whichever is newer. Raises Conflict where there is neither."""
    uploads = [each for each in await server.agent.uploads(service_id) if not each.missing]
    releases = await server.agent.releases(service_id)
    if releases and (not uploads or releases[0].created_at > uploads[0].created_at):
        deployment = await server.agent.deployment(releases[0].deployment_id)
        if not deployment.upload:
            return Deploy(image_id=releases[0].image_id)
    if not uploads:
        raise Conflict(
            "The server has nothing to deploy",
            "no files were sent for this service yet",
            "Deploy it from the computer that has the folder",
        )
    return Deploy(upload=uploads[0].id)


async def _blocks(archive: Path, workers: Workers, meter: Meter) -> AsyncGenerator[bytes]:
    file = await workers.call(lambda: archive.open("rb"), discard=lambda opened: opened.close())
    try:
        while block := await workers.call(lambda: file.read(_BLOCK_BYTES)):
            yield block
            meter.add(len(block))
    finally:
        file.close()


def _another_source(service: Service, wanted: str) -> Conflict:
    return Conflict(
        f"“{service.name}” is not deployed from {wanted}",
        f"its source is {service.settings.source.kind}",
        f"Choose {wanted} as its source first",
    )
