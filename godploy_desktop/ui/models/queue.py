"""The queue of a server: what runs, what waits, in which order, asked for by whom. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.ui.models import words
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import Deployment, DeploymentState, Service

_LAST: Final = 10**9


@dataclass(frozen=True)
class Entry:
    """One deployment that runs or waits, with the service it is for (None: the server no longer names it)."""

    deployment: Deployment
    service: Service | None
    project: str

    @property
    def is_running(self) -> bool:
        """Whether it runs; else it waits."""
        return self.deployment.state is DeploymentState.RUNNING

    @property
    def place(self) -> str:
        """Where it belongs: `storefront / api`."""
        name = self.service.name if self.service else "removed"
        return f"{self.project} / {name}" if self.project else name


@dataclass(frozen=True)
class Queue:
    """What a server does now and next: those that run, longest first, then those that wait, in their order."""

    running: tuple[Entry, ...]
    waiting: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All, in order."""
        return (*self.running, *self.waiting)


def queue_of(model: ServerModel) -> Queue:
    """Give back the queue of a server as its model has it."""
    running: list[Entry] = []
    waiting: list[Entry] = []
    for deployment in model.deployments.values():
        if deployment.state.is_final:
            continue
        project = model.project_of(deployment.service_id)
        entry = Entry(deployment, model.services.get(deployment.service_id), project.name if project else "")
        (running if entry.is_running else waiting).append(entry)
    running.sort(key=lambda each: (each.deployment.started_at or each.deployment.created_at, each.deployment.id))
    waiting.sort(key=_turn)
    return Queue(tuple(running), tuple(waiting))


def queue_words(queue: Queue, builds_at_once: int) -> str:
    """Give back a queue in a line: `1 runs, 2 wait · 1 build at a time`."""
    if not queue.entries:
        return "Nothing runs and nothing waits"
    parts = []
    if queue.running:
        parts.append(f"{len(queue.running)} {'runs' if len(queue.running) == 1 else 'run'}")
    if queue.waiting:
        parts.append(f"{len(queue.waiting)} {'waits' if len(queue.waiting) == 1 else 'wait'}")
    return f"{', '.join(parts)} · {words.counted(builds_at_once, 'build')} at a time"


def entry_state(entry: Entry) -> tuple[str, State]:
    """Give back (word, tone) of an entry: its step, or its place in the order."""
    deployment = entry.deployment
    if deployment.is_cancelling:
        return "Cancelling", "warn"
    if not entry.is_running:
        return words.position_words(deployment.queue_position).capitalize(), words.NEUTRAL
    return (words.step_title(deployment.steps[-1].step) if deployment.steps else "Starts"), "info"


def entry_facts(entry: Entry, now: datetime) -> str:
    """Give back who asked for it, why, and since when it runs or waits."""
    deployment = entry.deployment
    since = (deployment.started_at if entry.is_running else None) or deployment.created_at
    verb = "for" if entry.is_running else "waits for"
    parts = (words.why(deployment), deployment.asked_by, f"{verb} {words.duration(now - since)}")
    return " · ".join(part for part in parts if part)


def _turn(entry: Entry) -> tuple[int, datetime, str]:
    position = entry.deployment.queue_position
    return (_LAST if position is None else position, entry.deployment.created_at, entry.deployment.id)
