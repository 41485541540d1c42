"""The durable queue: rows say what is to be done, job processes do it, this starts, adopts, cancels and cleans up.

Nothing is held here that a restart would lose: a queued row stays queued, a running job goes on without the agent and
is adopted by the next one, and a row whose job is gone is settled by the engine's recovery.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final

from godploy_server.agent.deployment_log import read_from, size_of
from godploy_server.agent.history import trim_history
from godploy_server.agent.job_process import CANCEL_GRACE_S, JobProcess, adopt_job, start_job
from godploy_server.contract.entities import Deployment, DeploymentId, DeploymentState, Step, StepState
from godploy_server.contract.problem import DeploymentFailed, GodployError, NotFound, NotReady, Problem
from godploy_server.state import deployments, settings
from godploy_server.state.exhaustion import disk_full, explained, has_no_space
from godploy_server.state.paths import Paths

_PAST_CANCELLING: Final = frozenset({Step.SWITCH, Step.DRAIN, Step.SETTLE})
"""The new release serves from here on, or is about to: a job finishes these whatever it is told."""

_HEARD: Final = frozenset({StepState.FAILED, StepState.CANCELLED, StepState.INTERRUPTED})

_log = logging.getLogger(__name__)

Recover = Callable[[Callable[[DeploymentId], bool]], Awaitable[object]]
"""The engine's recovery: settles every running row for which the function it is given says that no job lives."""


class JobQueue:
    """Runs the jobs of one agent. `on_change(deployment_id)` is called when a row may be different; `may_start()` says
    whether Docker is there: without it every job would fail, so they wait. Call `wake` when it is back."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        paths: Paths,
        recover: Recover,
        on_change: Callable[[str], None],
        may_start: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._paths = paths
        self._recover = recover
        self._on_change = on_change
        self._may_start = may_start
        self._jobs: dict[str, JobProcess] = {}
        self._unwritten: dict[str, tuple[DeploymentState, Problem]] = {}
        self._recovering = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def open(self) -> None:
        """Adopt the jobs that still run, settle what was left by those that do not, and start what waits."""
        for deployment in deployments.in_state(self._connection, DeploymentState.RUNNING):
            job = deployments.job_of(self._connection, deployment.id)
            process = adopt_job(job) if job else None
            if process:
                self._add(process)
                if deployment.is_cancelling:
                    self._end(process)
        self._spawn(self.settle())

    def close(self) -> None:
        """Start and watch nothing more. Jobs live on."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        for process in self._jobs.values():
            process.unwatch()
        self._jobs.clear()

    def is_running(self, deployment_id: str) -> bool:
        """Whether a job process of this deployment lives."""
        return deployment_id in self._jobs

    @property
    def running(self) -> tuple[str, ...]:
        """The deployments whose job processes live."""
        return tuple(self._jobs)

    @property
    def is_settling(self) -> bool:
        """Whether the engine's recovery is at work."""
        return self._recovering.locked()

    def has_orphans(self) -> bool:
        """Whether a row says running and no process does it."""
        return bool(self._orphans())

    def wake(self) -> None:
        """Start what may begin now. Call after each change of the queue or of `builds_at_once`."""
        if self._is_closed:
            return
        self._write_ends()
        if not self._may_start():
            return
        at_once = settings.read(self._connection).builds_at_once
        for deployment in deployments.runnable(self._connection, at_once, {*self._jobs, *self._unwritten}):
            self._start(deployment.id)

    def cancel(self, deployment_id: str) -> Deployment:
        """Cancel a deployment: a waiting one ends at once, a running one is ended by its process group."""
        deployment = deployments.request_cancel(self._connection, deployment_id)
        process = self._jobs.get(deployment_id)
        if process and not process.is_cancelling:
            self._end(process)
        self._on_change(deployment_id)
        return deployment

    def _start(self, deployment_id: str) -> None:
        try:
            self._add(start_job(deployment_id, self._paths))
        except (OSError, MemoryError) as error:
            _log.exception("the job of deployment %s could not be started", deployment_id)
            problem = explained("Starting the deployment", error).problem
            self._finish(deployment_id, DeploymentState.FAILED, problem)
            self._on_change(deployment_id)

    def retry(self) -> None:
        """Write the ends that could not be written, and go on with the queue. Call now and then."""
        if self._unwritten:
            self.wake()

    def _finish(self, deployment_id: str, state: DeploymentState, problem: Problem) -> None:
        """End a deployment, as soon as there is space to write that down."""
        self._unwritten[deployment_id] = (state, problem)
        self._write_ends()

    def _write_ends(self) -> None:
        for deployment_id, (state, problem) in list(self._unwritten.items()):
            try:
                deployments.finish(self._connection, deployment_id, state, problem)
            except NotFound:
                pass  # its service was removed
            except sqlite3.OperationalError as error:
                _log.warning("the end of deployment %s cannot be written yet: %s", deployment_id, error)
                return
            del self._unwritten[deployment_id]
            self._on_change(deployment_id)

    def _end(self, process: JobProcess) -> None:
        process.is_cancelling = True
        process.terminate()
        self._spawn(self._insist(process))

    async def _insist(self, process: JobProcess) -> None:
        await asyncio.sleep(CANCEL_GRACE_S)
        if self._jobs.get(process.deployment_id) is process and not self._must_be_left(process.deployment_id):
            process.kill()

    def _must_be_left(self, deployment_id: str) -> bool:
        """Whether a job is past cancelling, or heard of it and undoes what it did: each step has a longest time."""
        steps = deployments.find(self._connection, deployment_id).steps
        return bool(steps) and (steps[-1].step in _PAST_CANCELLING or steps[-1].state in _HEARD)

    def _add(self, process: JobProcess) -> None:
        self._jobs[process.deployment_id] = process
        process.watch(self._ended)

    def _ended(self, process: JobProcess, exit_code: int | None) -> None:
        del self._jobs[process.deployment_id]
        self._spawn(self._after(process, exit_code))

    async def _after(self, process: JobProcess, exit_code: int | None) -> None:
        try:
            deployment = deployments.find(self._connection, process.deployment_id)
        except GodployError:
            self.wake()  # its service was removed
            return
        if deployment.state is DeploymentState.RUNNING:
            await self.settle()
        elif deployment.state is DeploymentState.QUEUED and not self._is_service_busy(deployment):
            self._give_up(deployment.id, exit_code)
        try:
            trim_history(self._connection, self._paths, deployment.service_id)
        except (OSError, sqlite3.OperationalError) as error:
            _log.warning("old deployments could not be forgotten: %s", error)
        output = self._paths.job_output(process.deployment_id)
        if size_of(output) == 0:
            output.unlink(missing_ok=True)
        self._on_change(process.deployment_id)
        self.wake()

    def _is_service_busy(self, deployment: Deployment) -> bool:
        running = deployments.in_state(self._connection, DeploymentState.RUNNING)
        return any(each.service_id == deployment.service_id for each in running)

    def _give_up(self, deployment_id: str, exit_code: int | None) -> None:
        """End a deployment whose job broke before it could take it: it would break again."""
        output = self._paths.job_output(deployment_id)
        last = read_from(output, max(0, size_of(output) - 2000)).decode(errors="replace").strip().splitlines()
        why = last[-1][:300] if last else "it wrote nothing"
        error: GodployError = DeploymentFailed(
            "The deployment could not be started",
            f"its process ended with code {exit_code} before it began: {why}",
            "Look at the agent's log on the server (journalctl -u godploy-agent)",
        )
        if has_no_space(self._paths.state_dir) or "disk is full" in why:
            error = disk_full("Starting the deployment")
        self._finish(deployment_id, DeploymentState.FAILED, error.problem)

    async def settle(self) -> None:
        """Let the engine settle every running row without a process, then start what waits.

        What has to wait for Docker stays as it is: call again when Docker answers.
        """
        async with self._recovering:
            orphans = self._orphans()
            if orphans:
                try:
                    await self._recover(self.is_running)
                except NotReady as error:
                    _log.warning("the recovery waits: %s", error)
                except Exception as error:
                    _log.exception("the recovery failed")
                    self._interrupt(orphans, explained("Recovering a deployment", error).problem)
                for each in orphans:
                    self._on_change(each.id)
        self.wake()

    def _orphans(self) -> list[Deployment]:
        running = deployments.in_state(self._connection, DeploymentState.RUNNING)
        return [each for each in running if not self.is_running(each.id)]

    def _interrupt(self, orphans: list[Deployment], problem: Problem) -> None:
        """End the rows that the recovery cannot, so that their services are not blocked for ever."""
        for each in orphans:
            state = DeploymentState.CANCELLED if each.is_cancelling else DeploymentState.INTERRUPTED
            self._finish(each.id, state, problem)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
