"""One deployment, from top to bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final

from godploy_server.contract import DeploymentFailed, DeploymentState, GodployError, NotReady, Problem, Step, StepState
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.steps.build import BUILD
from godploy_server.deploy.steps.drain import DRAIN
from godploy_server.deploy.steps.fetch import FETCH
from godploy_server.deploy.steps.probe import PROBE
from godploy_server.deploy.steps.release import RELEASE
from godploy_server.deploy.steps.settle import SETTLE
from godploy_server.deploy.steps.start import START
from godploy_server.deploy.steps.switch import SWITCH
from godploy_server.deploy.time_limits import limit_s
from godploy_server.runtime.time_limit import within
from godploy_server.state import deployments
from godploy_server.state.exhaustion import explained

STEPS: Final = (FETCH, BUILD, RELEASE, START, PROBE, SWITCH, DRAIN, SETTLE)


DOCKER_WENT_AWAY: Final = "Docker went away"
"""The detail of a step that ended because of it; recovery goes on from there when Docker answers again."""

_ENDS: Final = {DeploymentState.FAILED: StepState.FAILED, DeploymentState.CANCELLED: StepState.CANCELLED}


class DockerWentAwayError(Exception):
    """A deployment could neither go on nor be undone; its row still says that it runs, and recovery settles it."""


class CancelRequest:
    """A person's wish to cancel; it ends the step under way if that step may be cancelled."""

    def __init__(self) -> None:
        self.is_made = False
        self._step: asyncio.Future[str] | None = None

    def make(self) -> None:
        """Cancel now, or before the next step that may be cancelled."""
        self.is_made = True
        if self._step is not None:
            self._step.cancel()

    async def guard(self, step: DeploymentStep, work: Coroutine[Any, Any, str]) -> str:
        """Run a step's work so that `make` can end it. Raises CancelledError then."""
        task = asyncio.ensure_future(work)
        if step.is_cancellable:
            self._step = task
            if self.is_made:
                task.cancel()
        try:
            return await task
        finally:
            self._step = None


def steps_of(attempt: Attempt) -> tuple[DeploymentStep, ...]:
    """Give the steps that a deployment takes: a rollback has its release already."""
    return tuple(each for each in STEPS if each.for_rollback or not attempt.is_rollback)


async def deploy(
    attempt: Attempt, cancel: CancelRequest, steps: Sequence[DeploymentStep], pause_at: str = ""
) -> DeploymentState:
    """Take `steps`, each written to its row and to the log; what went wrong is undone, the last step first.

    Gives how the deployment ended and records it. Never leaves the service without a release that serves, if
    one served before. `pause_at` names a step that stands still before it does anything, for tests of faults.
    Raises DockerWentAwayError when Docker is not there to undo it with.
    """
    begun: list[DeploymentStep] = []
    problem: Problem | None = None
    try:
        for step in steps:
            begun.append(step)
            await _take(attempt, cancel, step, pause_at == step.step.value)
        state = DeploymentState.SUCCEEDED
    except asyncio.CancelledError:
        if not cancel.is_made:
            raise
        state = DeploymentState.CANCELLED
    except GodployError as error:
        state, problem = DeploymentState.FAILED, error.problem
    except Exception as error:  # a fault of the engine: the person reads it, and the service is still put right
        state, problem = DeploymentState.FAILED, explained(f"The step {begun[-1].step.value}", error).problem
    if problem is not None:
        problem = attempt.log.without_secrets(problem)
        attempt.log.problem(problem)
    if state is not DeploymentState.SUCCEEDED:
        await _require_docker(attempt, begun)
        deployments.end_step(attempt.engine.connection, attempt.deployment.id, begun[-1].step, _ENDS[state])
        attempt.log.deployment_changed()  # from here on the job undoes what it did, and must be left to it
        await undo(attempt, begun)
        await _require_docker(attempt, begun)
        problem = with_outcome(attempt, problem)
    finish(attempt, state, problem)
    return state


async def _take(attempt: Attempt, cancel: CancelRequest, step: DeploymentStep, is_paused: bool) -> None:
    connection, deployment_id = attempt.engine.connection, attempt.deployment.id
    deployments.begin_step(connection, deployment_id, step.step)
    attempt.log.step(step.step)
    detail = await cancel.guard(step, _stand_still() if is_paused else _in_time(attempt, step))
    deployments.end_step(connection, deployment_id, step.step, StepState.DONE, detail)
    attempt.log.deployment_changed()


async def _in_time(attempt: Attempt, step: DeploymentStep) -> str:
    settings = attempt.service.settings if attempt.snapshot is None else attempt.snapshot.settings
    seconds = limit_s(step.step, settings)
    try:
        return await within(step.run(attempt), seconds)
    except asyncio.TimeoutError:
        raise DeploymentFailed(
            f"The step {step.step.value} took too long",
            f"it was ended after {seconds:g} s",
            "Look at the log for what is slow, or allow more time in the service's settings",
        ) from None


async def _require_docker(attempt: Attempt, begun: Sequence[DeploymentStep]) -> None:
    """Raise DockerWentAwayError when Docker is needed to undo these steps and does not answer."""
    if all(each.step is Step.FETCH for each in begun):
        return
    try:
        await attempt.engine.docker.version()
    except NotReady:
        step = begun[-1].step
        deployments.end_step(
            attempt.engine.connection, attempt.deployment.id, step, StepState.INTERRUPTED, DOCKER_WENT_AWAY
        )
        attempt.log.say(f"{DOCKER_WENT_AWAY}; what becomes of this deployment is decided when it answers again")
        attempt.log.deployment_changed()
        raise DockerWentAwayError from None


def with_outcome(attempt: Attempt, problem: Problem | None) -> Problem | None:
    """Say in the history what undoing did to the service, where it did more than leave it untouched."""
    if not attempt.outcome:
        return problem
    if problem is None:
        return Problem("cancelled", "The deployment was cancelled", attempt.outcome, "Deploy again when you want to")
    return replace(problem, why=f"{problem.why}; {attempt.outcome}")


async def _stand_still() -> str:
    await asyncio.Event().wait()
    return ""


async def undo(attempt: Attempt, begun: Sequence[DeploymentStep]) -> None:
    """Undo steps, the last one first. One that cannot be undone is reported in the log; the others still are."""
    for step in reversed(begun):
        try:
            await step.undo(attempt)
        except GodployError as error:  # noqa: PERF203  one failed undo must not keep the others from running
            attempt.log.problem(error.problem)
        except Exception as error:  # see above
            attempt.log.problem(explained(f"Undoing {step.step.value}", error).problem)


def finish(attempt: Attempt, state: DeploymentState, problem: Problem | None) -> None:
    """Record how the deployment ended, in its row and as the last line of its log."""
    deployments.finish(attempt.engine.connection, attempt.deployment.id, state, problem)
    attempt.log.say(f"== {state.value} ==")
    attempt.log.deployment_changed()
