"""Removing waste: each thing by the name it was shown under, one that is needed by now left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from godploy_server.deploy.cleanup.blob_waste import find_blob_waste
from godploy_server.deploy.cleanup.waste import GRACE, Kind, Waste
from godploy_server.deploy.locking import alone_in, lock_of
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.state.database import now

_PRUNE_TIMEOUT_S = 600.0


async def remove(engine: Engine, waste: list[Waste], kept: timedelta, blob_age: timedelta = GRACE) -> list[Waste]:
    """Remove everything of `waste` that does not stay; gives what really went. `kept` and `blob_age` are those that it
    was found with."""
    tried = [await _remove(engine, each, kept, blob_age) for each in waste if not each.stays]
    return [each for each in tried if each is not None]


async def _remove(engine: Engine, waste: Waste, kept: timedelta, blob_age: timedelta) -> Waste | None:
    match waste.kind:
        case Kind.CONTAINER:
            return waste if await _docker_removes(engine, f"/containers/{waste.target}") else None
        case Kind.IMAGE:
            return waste if await _docker_removes(engine, f"/images/{waste.target}") else None
        case Kind.VOLUME:
            return waste if await _docker_removes(engine, f"/volumes/{waste.target}") else None
        case Kind.FOLDER:
            shutil.rmtree(waste.target, ignore_errors=True)
            return waste
        case Kind.GIT_CACHE:
            return waste if await _remove_cache(Path(waste.target)) else None
        case Kind.BLOBS:
            return await _remove_blobs(engine, waste, now() - blob_age)
        case Kind.BUILD_CACHE:
            return await _prune(engine, waste, kept)


async def _docker_removes(engine: Engine, path: str) -> bool:
    try:
        await engine.docker.request("DELETE", path)
    except DockerRefused as refusal:
        if refusal.http_status not in (404, 409):  # gone already, or somebody uses it by now
            raise
        return False
    return True


async def _remove_cache(cache: Path) -> bool:
    async with alone_in(cache, waits=False) as is_ours:
        if is_ours:
            shutil.rmtree(cache, ignore_errors=True)
            lock_of(cache).unlink(missing_ok=True)
    return is_ours


async def _remove_blobs(engine: Engine, waste: Waste, before: datetime) -> Waste:
    async with alone_in(engine.paths.blobs):
        found = find_blob_waste(engine.paths, before)  # again: an upload may need some of them by now
        for path in found.paths:
            path.unlink(missing_ok=True)
    return replace(waste, item=replace(waste.item, size_bytes=found.size_bytes))


async def _prune(engine: Engine, waste: Waste, kept: timedelta) -> Waste:
    query = {"all": "1", "filters": {"until": [f"{int(kept.total_seconds() // 3600)}h"]}}
    said = await engine.docker.request("POST", "/build/prune", query, timeout_s=_PRUNE_TIMEOUT_S)
    return replace(waste, item=replace(waste.item, size_bytes=said.get("SpaceReclaimed") or 0))
