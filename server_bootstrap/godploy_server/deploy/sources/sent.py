"""What of a folder or an archive is deployed: what was sent last, unless a deployment names something else."""

from __future__ import annotations

from dataclasses import dataclass

from godploy_server.contract import ArchiveSource, Conflict, FolderSource
from godploy_server.runtime.engine import Engine
from godploy_server.state import releases, uploads
from godploy_server.state.services import ServiceRow


@dataclass(frozen=True)
class Sent:
    """An upload, or an image that the desktop built from the folder: one of the two, neither for other sources."""

    upload: str = ""
    image_id: str = ""


def what_was_sent(engine: Engine, service: ServiceRow, upload: str = "", image_id: str = "") -> Sent:
    """Give what a deployment is made from: what it names, else what was sent last.

    An image of an earlier deployment counts as sent: so a service that the desktop builds can be deployed again,
    with other variables, while that computer is off. Raises Conflict if there is nothing, NotFound.
    """
    source = service.settings.source
    if image_id:
        return Sent(image_id=image_id)
    if not isinstance(source, (FolderSource, ArchiveSource)):
        return Sent()
    row = uploads.find(engine.connection, service.id, upload) if upload else None
    row = row or uploads.newest(engine.connection, service.id)
    if row is not None and not row.is_whole:
        raise Conflict(
            "The upload cannot be deployed", "some of its contents did not arrive yet", "Send what is missing first"
        )
    built = None if upload else releases.newest_handed_over(engine.connection, service.id)
    if built is not None and (row is None or built.created_at > row.created_at):
        return Sent(image_id=built.image_id)
    if row is None:
        raise Conflict(
            "There is nothing to deploy",
            "no files were sent for this service yet",
            "Send them from the computer that has them: godploy deploy SERVICE",
        )
    if row.is_archive is not isinstance(source, ArchiveSource):
        raise Conflict(
            "There is nothing to deploy",
            f"what was sent last is {'an archive' if row.is_archive else 'a folder'}, the source is {source.kind}",
            "Send the files again: godploy deploy SERVICE",
        )
    return Sent(upload=row.id)
