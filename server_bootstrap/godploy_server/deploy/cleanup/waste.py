"""What of Docker's and our own things nobody needs: a pure function of what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from godploy_server.contract import CleanupItem

GRACE: Final = timedelta(hours=1)
"""What is younger may belong to something that is about to be written down."""


class Kind(Enum):
    """How something is removed."""

    IMAGE = "image"
    CONTAINER = "container"
    VOLUME = "volume"
    FOLDER = "folder"
    GIT_CACHE = "git cache"
    BLOBS = "blobs"
    BUILD_CACHE = "build cache"


@dataclass(frozen=True)
class Waste:
    """Something that nobody needs. `target` names it for Docker or is a path; "" for what is removed as a whole.

    What `stays` is only shown: it may hold what a person wants.
    """

    item: CleanupItem
    kind: Kind
    target: str = ""
    stays: bool = False


@dataclass(frozen=True)
class ImageFacts:
    """An image of ours. `own_bytes` is what goes with it; `service_id` by its label or tag; `tag` "" for none."""

    id: str
    tag: str
    service_id: str
    own_bytes: int
    tagged_at: datetime
    is_labelled: bool
    is_used: bool


@dataclass(frozen=True)
class ContainerFacts:
    """A container of a service that does not run."""

    id: str
    name: str
    service_id: str
    release: int | None
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True)
class VolumeFacts:
    """A volume of ours that no container uses. `is_cache`: a builder keeps its layers there."""

    name: str
    service_id: str
    size_bytes: int
    created_at: datetime
    is_cache: bool


@dataclass(frozen=True)
class FolderFacts:
    """A folder of the state that belongs to `owner` (a deployment, a service, an upload)."""

    path: str
    owner: str
    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True)
class Facts:
    """What there is at one moment. `releases` are the known ones of each known service, by number and by image.

    `is_alone`: no other agent works with this Docker, so what carries our label and belongs to no service is left over.
    """

    now: datetime
    kept: timedelta
    is_alone: bool
    releases: dict[str, set[int]]
    images_of_releases: dict[str, set[str]]
    busy_services: set[str]
    running_deployments: set[str]
    uploads: set[str]
    images: list[ImageFacts] = field(default_factory=list)
    containers: list[ContainerFacts] = field(default_factory=list)
    volumes: list[VolumeFacts] = field(default_factory=list)
    builds: list[FolderFacts] = field(default_factory=list)
    git_caches: list[FolderFacts] = field(default_factory=list)
    keys: list[FolderFacts] = field(default_factory=list)
    upload_folders: list[FolderFacts] = field(default_factory=list)
    unused_blobs: int = 0
    unused_blob_bytes: int = 0
    blobs_changed_at: datetime | None = None
    build_cache_bytes: int = 0
    build_cache_used_at: datetime | None = None


def find_waste(facts: Facts) -> list[Waste]:
    """Give what nobody needs, in the order in which it can be removed: containers before their images."""
    return [
        *_containers(facts),
        *_images(facts),
        *_folders(facts),
        *_blobs(facts),
        *_build_cache(facts),
        *_volumes(facts),
    ]


def is_old(waste: Waste, facts: Facts) -> bool:
    """Whether something may go without being asked for: nobody used it for as long as the settings keep things."""
    last = waste.item.last_used_at
    is_shared = waste.kind is Kind.BUILD_CACHE and not facts.is_alone
    return not waste.stays and not is_shared and last is not None and facts.now - last > facts.kept


def _containers(facts: Facts) -> Iterator[Waste]:
    for each in facts.containers:
        if each.service_id in facts.busy_services or not _is_past_grace(facts, each.created_at):
            continue
        known = facts.releases.get(each.service_id)
        if known is None and facts.is_alone:
            why = "it is stopped, and its service is gone"
        elif known is not None and each.release not in known:
            why = "it is stopped, and its release is gone"
        else:
            continue
        item = CleanupItem("container", each.name, each.size_bytes, each.created_at, why)
        yield Waste(item, Kind.CONTAINER, each.id)


def _images(facts: Facts) -> Iterator[Waste]:
    for each in facts.images:
        known = facts.images_of_releases.get(each.service_id)
        if each.is_used or each.service_id in facts.busy_services or not _is_past_grace(facts, each.tagged_at):
            continue
        if known is None and not (facts.is_alone and each.is_labelled):
            continue  # without our label it may be anyone's
        if not each.tag and not each.is_labelled and not facts.is_alone:
            continue  # an older image of a repository that a service pulls: a person may have pulled it too
        if known is None:
            why = "its service is gone"
        elif each.id in known and _is_release_tag(each, facts):
            continue
        else:
            why = "no release of its service runs from it"
        target = each.tag or each.id
        yield Waste(CleanupItem("image", target, each.own_bytes, each.tagged_at, why), Kind.IMAGE, target)


def _is_release_tag(image: ImageFacts, facts: Facts) -> bool:
    """Whether an image goes by the name of a release that there is; without a tag its release keeps it anyway."""
    version = image.tag.rpartition(":")[2]
    return not image.tag or (version.isdigit() and int(version) in facts.releases[image.service_id])


def _folders(facts: Facts) -> Iterator[Waste]:
    for each in facts.builds:
        if each.owner not in facts.running_deployments and _is_past_grace(facts, each.changed_at):
            yield _folder(each, "build files", "its deployment ended", Kind.FOLDER)
    for each in facts.upload_folders:
        if each.owner not in facts.uploads and _is_past_grace(facts, each.changed_at):
            yield _folder(each, "upload", "it did not arrive whole, or its service is gone", Kind.FOLDER)
    for each in facts.git_caches:
        if each.owner in facts.busy_services or not _is_past_grace(facts, each.changed_at):
            continue
        if each.owner not in facts.releases:
            yield _folder(each, "git cache", "its service is gone", Kind.GIT_CACHE)
        elif facts.now - each.changed_at > facts.kept:
            yield _folder(each, "git cache", "nothing was fetched for that long; it is made anew", Kind.GIT_CACHE)
    for each in facts.keys:
        if each.owner not in facts.releases and _is_past_grace(facts, each.changed_at):
            yield _folder(each, "deploy key", "its service is gone", Kind.FOLDER)


def _folder(facts: FolderFacts, what: str, why: str, kind: Kind) -> Waste:
    item = CleanupItem(what, facts.owner, facts.size_bytes, facts.changed_at, why)
    return Waste(item, kind, facts.path)


def _blobs(facts: Facts) -> Iterator[Waste]:
    if facts.unused_blobs:
        name = f"contents of {facts.unused_blobs} files"
        why = "no upload that is kept has them"
        item = CleanupItem("upload", name, facts.unused_blob_bytes, facts.blobs_changed_at, why)
        yield Waste(item, Kind.BLOBS)


def _build_cache(facts: Facts) -> Iterator[Waste]:
    if facts.build_cache_bytes:
        why = f"no build used it for {facts.kept.days} days; all builds on this Docker share it, not only Godploy's"
        item = CleanupItem("build cache", "BuildKit", facts.build_cache_bytes, facts.build_cache_used_at, why)
        yield Waste(item, Kind.BUILD_CACHE)


def _volumes(facts: Facts) -> Iterator[Waste]:
    for each in facts.volumes:
        if each.service_id in facts.releases or not facts.is_alone or not _is_past_grace(facts, each.created_at):
            continue
        if each.is_cache:
            item = CleanupItem("build cache", each.name, each.size_bytes, each.created_at, "its service is gone")
            yield Waste(item, Kind.VOLUME, each.name)
        else:
            why = f"its service is gone; it may hold data, so it stays: `docker volume rm {each.name}` removes it"
            item = CleanupItem("volume", each.name, each.size_bytes, each.created_at, why)
            yield Waste(item, Kind.VOLUME, each.name, stays=True)


def _is_past_grace(facts: Facts, at: datetime) -> bool:
    return facts.now - at > GRACE
