"""One deployment, from top to bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from godploy_server.contract import DeploymentState, GodployError, Problem, StepState
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.steps.build import BUILD
from godploy_server.deploy.steps.drain import DRAIN
from godploy_server.deploy.steps.fetch import FETCH
from godploy_server.deploy.steps.probe import PROBE
from godploy_server.deploy.steps.release import RELEASE
from godploy_server.deploy.steps.settle import SETTLE
from godploy_server.deploy.steps.start import START
from godploy_server.deploy.steps.switch import SWITCH
from godploy_server.state import deployments
from godploy_server.state.exhaustion import explained

STEPS: Final = (FETCH, BUILD, RELEASE, START, PROBE, SWITCH, DRAIN, SETTLE)


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
        await undo(attempt, begun)
    finish(attempt, state, problem)
    return state


async def _take(attempt: Attempt, cancel: CancelRequest, step: DeploymentStep, is_paused: bool) -> None:
    connection, deployment_id = attempt.engine.connection, attempt.deployment.id
    deployments.begin_step(connection, deployment_id, step.step)
    attempt.log.step(step.step)
    detail = await cancel.guard(step, _stand_still() if is_paused else step.run(attempt))
    deployments.end_step(connection, deployment_id, step.step, StepState.DONE, detail)
    attempt.log.deployment_changed()


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
