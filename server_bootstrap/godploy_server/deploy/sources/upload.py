"""Files of a folder that was sent: written out of the blobs."""

from __future__ import annotations

from pathlib import Path

from godploy_server.contract import DeploymentFailed
from godploy_server.deploy.sources.blobs import BlobDamaged, BlobStore
from godploy_server.deploy.sources.manifest import Manifest, check_file
from godploy_server.deploy.sources.stoppable import Stop
from godploy_server.deploy.sources.tree import make_parents, refused, write_links


def write_upload(manifest: Manifest, store: BlobStore, folder: Path, stop: Stop) -> tuple[int, int]:
    """Write an upload's files below `folder`; gives their number and size in bytes. Links come last.

    Raises BadInput for a file that may not be there, DeploymentFailed if a content is gone or damaged.
    """
    count = size = 0
    links = []
    for file in manifest:
        stop.check()
        check_file(file)
        count, size = count + 1, size + file.size_bytes
        if file.link:
            links.append((file.path, file.link))
            continue
        place = make_parents(folder, file.path)
        try:
            store.copy(file.sha256, place, 0o755 if file.is_executable else 0o644)
        except BlobDamaged:
            raise DeploymentFailed(
                "The files that were sent are not whole any more",
                f"the content of {file.path} is gone from the server, or changed",
                "Send the folder again: godploy deploy SERVICE",
            ) from None
        except (FileExistsError, IsADirectoryError):
            raise refused(file.path, "something else has the same path") from None
    write_links(folder, links)
    return count, size
