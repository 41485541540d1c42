"""The process that looks and removes: what it needs much memory for ends with it."""

from __future__ import annotations

from datetime import timedelta

from godploy_server.contract import Cleanup
from godploy_server.deploy.answering import print_answer
from godploy_server.deploy.cleanup.gathering import gather
from godploy_server.deploy.cleanup.removing import remove
from godploy_server.deploy.cleanup.waste import Waste, find_waste, is_old
from godploy_server.runtime.engine import Engine
from godploy_server.state import settings
from godploy_server.state.paths import Paths


def print_cleanup(paths: Paths, what: str) -> int:
    """Print a Cleanup, or the Problem, as one line of JSON; gives the exit code.

    `what`: "preview" looks, "all" removes what the preview shows, "old" of that only what is old.
    """
    return print_answer(paths, "cleanup", "Cleaning up", lambda engine: clean_up(engine, what))


async def clean_up(engine: Engine, what: str) -> Cleanup:
    """Give what would go ("preview") or went ("all", "old"); what stays is shown, but does not count as freed."""
    if what == "old":
        kept = timedelta(days=settings.read(engine.connection).kept_build_days)
        facts = await gather(engine, blob_age=kept)
        old = [each for each in find_waste(facts) if is_old(each, facts)]
        return _cleanup(await remove(engine, old, kept, blob_age=kept))
    facts = await gather(engine)
    found = find_waste(facts)
    return _cleanup(found if what == "preview" else await remove(engine, found, facts.kept))


def _cleanup(waste: list[Waste]) -> Cleanup:
    return Cleanup(tuple(each.item for each in waste), sum(each.item.size_bytes for each in waste if not each.stays))
