"""Asking for a deployment of what is on this computer: the sending and the build are shown on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import LogPrinter
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_server.contract import ArchiveSource, Deploy, Deployment, FolderSource, Service


@dataclass(frozen=True)
class Asked:
    """What of a service is to be deployed."""

    commit: str = ""
    archive: Path | None = None
    is_last_upload: bool = False


async def ask_for_deployment(
    context: Context, server: Server, service: Service, asked: Asked
) -> tuple[Deployment, int]:
    """Send what has to be sent and ask; gives the deployment, and how much of its log was printed already (bytes).
    Ctrl-C ends the sending, or the build that goes on from here."""
    source = service.settings.source
    is_sent = isinstance(source, FolderSource) and not asked.is_last_upload
    if not is_sent and asked.archive is None and not asked.is_last_upload:
        return await server.deploy(service.id, Deploy(commit=asked.commit)), 0
    from godploy_desktop.core.uploading import BuildLog, deploy_archive, deploy_service

    printer = LogPrinter(context.output)
    log = BuildLog(printer.feed)

    async def work(progress: Progress) -> Deployment:
        if asked.archive is not None:
            return await deploy_archive(server, service, asked.archive, progress)
        return await deploy_service(server, service, progress, log=log, is_last_upload=asked.is_last_upload)

    try:
        deployment = await context.run_task(f"Deploy {context.full_name(service)}", work)
    finally:
        printer.close()
    return deployment, log.size_bytes


async def send(context: Context, server: Server, service: Service, archive: Path) -> None:
    """Send the archive of a service, to be deployed later."""
    from godploy_desktop.core.uploading import send_archive

    assert isinstance(service.settings.source, ArchiveSource)
    await context.run_task(f"Send {archive.name}", lambda progress: send_archive(server, service, archive, progress))
