"""What there is: asked of Docker at once, read from the rows and the state folder.

Source: Docker Engine API 1.41, `GET /system/df`.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from godploy_server.contract import DeploymentState, ImageSource
from godploy_server.deploy.builders.buildpacks import CACHE_LABEL
from godploy_server.deploy.cleanup.blob_waste import find_blob_waste
from godploy_server.deploy.cleanup.waste import GRACE, ContainerFacts, Facts, FolderFacts, ImageFacts, VolumeFacts
from godploy_server.deploy.locking import alone_in
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import INSTANCE_LABEL, RELEASE_LABEL, ROLE_LABEL, SERVICE_LABEL
from godploy_server.state import deployments, releases, services, settings, uploads
from godploy_server.state.database import now

_OWN_TAG: Final = re.compile(r"godploy/([0-9a-z]+):[A-Za-z0-9._-]+")
_DOCKER_TIMEOUT_S: Final = 300.0
_FRACTION: Final = re.compile(r"\.\d+")


async def gather(engine: Engine, blob_age: timedelta = GRACE) -> Facts:
    """Look at everything that may be waste, of contents at those older than `blob_age`. Raises NotReady if Docker does
    not answer."""
    at = now()
    kept = timedelta(days=settings.read(engine.connection).kept_build_days)
    rows = services.every(engine.connection)
    known = {row.id: releases.of_service(engine.connection, row.id) for row in rows}
    active = [
        *deployments.in_state(engine.connection, DeploymentState.RUNNING),
        *deployments.in_state(engine.connection, DeploymentState.QUEUED),
    ]
    usage = await engine.docker.request("GET", "/system/df", timeout_s=_DOCKER_TIMEOUT_S)
    repositories = {
        _repository(row.settings.source.image): str(row.id)
        for row in rows
        if isinstance(row.settings.source, ImageSource)
    }
    used = {each["ImageID"] for each in usage.get("Containers") or ()}
    tagged = await _tag_times(engine, usage)
    async with alone_in(engine.paths.blobs):
        blobs = find_blob_waste(engine.paths, at - blob_age)
    cache = _unused_cache(usage, at - kept)
    state = engine.paths.state_dir
    return Facts(
        now=at,
        kept=kept,
        is_alone=not engine.instance.is_embedded,
        releases={str(each): {release.number for release in found} for each, found in known.items()},
        images_of_releases={str(each): {release.image_id for release in found} for each, found in known.items()},
        busy_services={str(each.service_id) for each in active},
        running_deployments={str(each.id) for each in active},
        uploads=uploads.ids(engine.connection),
        images=list(_images(usage, engine.instance.prefix, repositories, used, tagged)),
        containers=list(_containers(usage, engine.instance.prefix)),
        volumes=list(_volumes(usage, engine.instance.prefix)),
        builds=_folders(engine.paths.state_dir / "builds"),
        git_caches=_folders(state / "git", "FETCH_HEAD"),
        keys=_folders(state / "keys"),
        upload_folders=_folders(engine.paths.uploads),
        unused_blobs=len(blobs.paths),
        unused_blob_bytes=blobs.size_bytes,
        blobs_changed_at=blobs.changed_at,
        build_cache_bytes=sum(each["Size"] for each in cache),
        build_cache_used_at=max((_time(each.get("LastUsedAt") or each["CreatedAt"]) for each in cache), default=None),
    )


def _images(
    usage: dict[str, Any], prefix: str, repositories: dict[str, str], used: set[str], tagged: dict[str, datetime]
) -> Iterator[ImageFacts]:
    for each in usage.get("Images") or ():
        labels = each.get("Labels") or {}
        is_labelled = labels.get(INSTANCE_LABEL) == prefix
        own = each["Size"] - max(0, each.get("SharedSize", 0))
        tags = [tag for tag in each.get("RepoTags") or () if tag != "<none>:<none>"]
        facts = (each["Id"], tagged.get(each["Id"]) or _seconds(each["Created"]), is_labelled, each["Id"] in used)
        for tag in tags:
            if found := _OWN_TAG.fullmatch(tag):
                yield _image(facts, tag, found[1], own if len(tags) == 1 else 0)
        if tags:
            continue
        if is_labelled and SERVICE_LABEL in labels:
            yield _image(facts, "", labels[SERVICE_LABEL], own)
            continue
        origins = {digest.partition("@")[0] for digest in each.get("RepoDigests") or ()}
        service = next((repositories[name] for name in origins if name in repositories), None)
        if service is not None:  # an older one that a service's pulls left behind
            yield _image(facts, "", service, own)


def _image(facts: tuple[str, datetime, bool, bool], tag: str, service_id: str, own_bytes: int) -> ImageFacts:
    image_id, tagged_at, is_labelled, is_used = facts
    return ImageFacts(image_id, tag, service_id, own_bytes, tagged_at, is_labelled, is_used)


def _containers(usage: dict[str, Any], prefix: str) -> Iterator[ContainerFacts]:
    for each in usage.get("Containers") or ():
        labels = each.get("Labels") or {}
        if labels.get(INSTANCE_LABEL) != prefix or SERVICE_LABEL not in labels or ROLE_LABEL in labels:
            continue
        if each["State"] not in ("running", "paused", "restarting"):
            release = labels.get(RELEASE_LABEL, "")
            yield ContainerFacts(
                each["Id"],
                each["Names"][0].lstrip("/"),
                labels[SERVICE_LABEL],
                int(release) if release.isdigit() else None,
                each.get("SizeRw") or 0,
                _seconds(each["Created"]),
            )


def _volumes(usage: dict[str, Any], prefix: str) -> Iterator[VolumeFacts]:
    for each in usage.get("Volumes") or ():
        labels = each.get("Labels") or {}
        owner = labels.get(CACHE_LABEL) or labels.get(SERVICE_LABEL)
        used = each.get("UsageData") or {}
        if labels.get(INSTANCE_LABEL) == prefix and owner and used.get("RefCount", 1) == 0:
            yield VolumeFacts(
                each["Name"], owner, max(0, used.get("Size", 0)), _time(each["CreatedAt"]), CACHE_LABEL in labels
            )


def _unused_cache(usage: dict[str, Any], before: datetime) -> list[dict[str, Any]]:
    return [
        each
        for each in usage.get("BuildCache") or ()
        if not each.get("InUse")
        and not each.get("Shared")
        and _time(each.get("LastUsedAt") or each["CreatedAt"]) < before
    ]


async def _tag_times(engine: Engine, usage: dict[str, Any]) -> dict[str, datetime]:
    """Give when the images that may be waste got their names: one that was built from a cache looks old."""
    times = {}
    for each in usage.get("Images") or ():
        if any(_OWN_TAG.fullmatch(tag) for tag in each.get("RepoTags") or ()):
            found = await engine.docker.request("GET", f"/images/{each['Id']}/json")
            last = (found.get("Metadata") or {}).get("LastTagTime") or ""
            if last and not last.startswith("0001"):
                times[each["Id"]] = _time(last)
    return times


def _folders(folder: Path, newest: str = "") -> list[FolderFacts]:
    """Give the folders in a folder; `newest` names the file in each whose time tells when it was last used."""
    found = []
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not each.is_dir() or each.is_symlink():
            continue
        told = each / newest if newest and (each / newest).exists() else each
        changed = datetime.fromtimestamp(told.stat().st_mtime, timezone.utc)
        found.append(FolderFacts(str(each), each.name, size_of(each), changed))
    return found


def size_of(folder: Path) -> int:
    """Give what the files below a folder take on the disk, in bytes."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(FileNotFoundError):  # it went meanwhile
                total += os.lstat(f"{root}/{name}").st_blocks * 512
    return total


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    return name[: name.rfind(":")] if ":" in name.rpartition("/")[2] else name


def _seconds(created: int) -> datetime:
    return datetime.fromtimestamp(created, timezone.utc)


def _time(text: str) -> datetime:
    """Give a time of Docker's (RFC 3339 with nanoseconds)."""
    return datetime.fromisoformat(_FRACTION.sub("", text).replace("Z", "+00:00"))
