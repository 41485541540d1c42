"""Telling git hosts what becomes of commits, for services that have a token for it. One for an agent.

Nothing here holds a deployment up: a change of a deployment writes one row, and what sends it runs beside, with a
time limit, a few at once, in order for each service.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from godploy_server.agent.status_client import Outcome, tell
from godploy_server.contract import (
    Conflict,
    Deployment,
    GodployError,
    Problem,
    StatusWriter,
    StatusWriterChanged,
    error_of,
    status_of,
)
from godploy_server.state import commit_states, deployments, status_writers
from godploy_server.state.commit_states import WantedState
from godploy_server.state.database import now
from godploy_server.state.secrets import Secrets

_AT_ONCE: Final = 4
_LOOKED_AT: Final = 50
_GIVEN_UP: Final = "It is not tried any more; the next deployment is told again"
_TEST_AGAIN: Final = "Check that the server reaches the host, and test again"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long is waited between two tries, doubling, and when a state is given up, all in seconds."""

    first_s: float = 2.0
    most_s: float = 300.0
    give_up_s: float = 2 * 3600.0


class CommitStates:
    """`publish` tells desktops of a change; `run` runs something beside the requests."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        secrets: Secrets,
        publish: Callable[[StatusWriterChanged], object],
        run: Callable[[Coroutine[Any, Any, object]], object],
        patience: Patience = Patience(),
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._publish = publish
        self._run = run
        self._patience = patience
        self._services: set[str] = set()
        self._telling: set[str] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    def open(self) -> None:
        """Look at what happened while no agent ran, and go on telling."""
        self._services = status_writers.service_ids(self._connection)
        for service_id in self._services:
            for deployment in reversed(deployments.of_service(self._connection, service_id, limit=_LOOKED_AT)):
                self.deployment_changed(deployment)
        for service_id in commit_states.with_open(self._connection):
            self._begin(service_id)

    def tells(self, service_id: str) -> bool:
        """Whether the states of a service's commits are told."""
        return service_id in self._services

    def writer_changed(self, service_id: str) -> None:
        """Take a token that was stored, or is gone."""
        if status_writers.since(self._connection, service_id):
            self._services.add(service_id)
            self._begin(service_id)
        else:
            self._services.discard(service_id)

    def deployment_changed(self, deployment: Deployment) -> None:
        """Have told what is new of a deployment. Cheap, and never in a deployment's way."""
        if deployment.service_id not in self._services:
            return
        status = status_of(deployment)
        if status is None:
            return
        try:
            since = status_writers.since(self._connection, deployment.service_id)
            is_new = bool(since) and commit_states.want(self._connection, deployment, status, since)
        except sqlite3.Error as error:  # a full disk: the next change, or the next start, tries again
            _log.warning("a commit state cannot be written down: %s", error)
            return
        if is_new:
            self._begin(deployment.service_id)

    async def test(self, service_id: str) -> StatusWriter:
        """Tell the newest state that there is once more, now. Raises Conflict without one, and what the host says."""
        writer = status_writers.find(self._connection, service_id)
        for deployment in deployments.of_service(self._connection, service_id, limit=_LOOKED_AT):
            status = status_of(deployment)
            if status is not None:
                break
        else:
            raise Conflict(
                "There is no commit state to tell yet",
                "no deployment of the service has a commit that it began with",
                "Deploy once, then test again",
            )
        token = status_writers.token(self._connection, self._secrets, service_id)
        outcome = await tell(writer, token, deployment.commit, status)
        if outcome.problem is not None:
            status_writers.note_problem(self._connection, service_id, outcome.problem)
            self._show(service_id)
            raise error_of(replace(outcome.problem, next_step=_for_test(outcome)))
        status_writers.note_told(self._connection, service_id, deployment.commit, status.state)
        self._show(service_id)
        return status_writers.find(self._connection, service_id)

    def _begin(self, service_id: str) -> None:
        if service_id not in self._telling:
            self._telling.add(service_id)
            self._run(self._tell_all(service_id))

    async def _tell_all(self, service_id: str) -> None:
        """Tell what is open of a service, one after the other, until nothing is."""
        wait_s = self._patience.first_s
        try:
            while (wanted := self._next(service_id)) is not None:
                again_s = await self._tell(service_id, wanted)
                if again_s is None:
                    wait_s = self._patience.first_s
                    continue
                await asyncio.sleep(max(again_s, wait_s))
                wait_s = min(wait_s * 2, self._patience.most_s)
        finally:
            self._telling.discard(service_id)

    def _next(self, service_id: str) -> WantedState | None:
        try:
            return commit_states.next_open(self._connection, service_id) if self.tells(service_id) else None
        except sqlite3.Error as error:
            _log.warning("commit states cannot be read: %s", error)
            return None

    async def _tell(self, service_id: str, wanted: WantedState) -> float | None:
        """Tell one state; gives how long to wait before the next try, None where it is settled."""
        try:
            writer = status_writers.find(self._connection, service_id)
            token = status_writers.token(self._connection, self._secrets, service_id)
        except GodployError as error:  # the key of the secrets is another one, or the token went away just now
            return self._settle(service_id, wanted, Outcome(error.problem))
        async with self._places:
            outcome = await tell(writer, token, wanted.commit, wanted.status)
        age_s = (now() - wanted.wanted_at).total_seconds()
        if outcome.again_s is not None and age_s + outcome.again_s > self._patience.give_up_s:
            assert outcome.problem is not None
            outcome = Outcome(replace(outcome.problem, next_step=_GIVEN_UP))
        return self._settle(service_id, wanted, outcome)

    def _settle(self, service_id: str, wanted: WantedState, outcome: Outcome) -> float | None:
        try:
            if outcome.problem is None:
                commit_states.note_told(self._connection, wanted)
                status_writers.note_told(self._connection, service_id, wanted.commit, wanted.status.state)
            else:
                self._note(service_id, wanted, outcome.problem)
                if outcome.again_s is None:
                    commit_states.give_up(self._connection, wanted)
        except sqlite3.Error as error:
            _log.warning("what came of a commit state cannot be written down: %s", error)
            return self._patience.most_s
        self._show(service_id)
        return outcome.again_s

    def _note(self, service_id: str, wanted: WantedState, problem: Problem) -> None:
        _log.warning("deployment %s: %s", wanted.deployment_id, problem)
        status_writers.note_problem(self._connection, service_id, problem)

    def _show(self, service_id: str) -> None:
        try:
            self._publish(StatusWriterChanged(status_writers.find(self._connection, service_id)))
        except GodployError:
            return  # it is gone


def _for_test(outcome: Outcome) -> str:
    assert outcome.problem is not None
    return outcome.problem.next_step if outcome.again_s is None else _TEST_AGAIN
