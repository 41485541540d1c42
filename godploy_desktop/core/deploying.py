"""Following a deployment as a task: its steps, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, TaskStep, TaskStepState
from godploy_server.contract import (
    Cancelled,
    Deployment,
    DeploymentFailed,
    DeploymentState,
    Step,
    StepState,
    Trigger,
    error_of,
)

STEP_NAMES: Final = {
    Step.FETCH: "Fetch the source",
    Step.BUILD: "Build the image",
    Step.RELEASE: "Make the release",
    Step.START: "Start its containers",
    Step.PROBE: "Probe through the proxy",
    Step.SWITCH: "Switch the traffic",
    Step.DRAIN: "Drain the old release",
    Step.SETTLE: "Watch it settle",
}
_STATES: Final = {
    StepState.RUNNING: TaskStepState.RUNNING,
    StepState.DONE: TaskStepState.DONE,
    StepState.FAILED: TaskStepState.FAILED,
    StepState.CANCELLED: TaskStepState.CANCELLED,
    StepState.INTERRUPTED: TaskStepState.FAILED,
}
REFRESH_S: Final = 1.0


def steps_of(deployment: Deployment) -> tuple[TaskStep, ...]:
    """All steps that a deployment has or will have, in order, as a step list shows them."""
    went = {each.step: each for each in deployment.steps}
    order = list(Step)
    if deployment.trigger is Trigger.ROLLBACK:
        order = order[order.index(Step.START) :]
    if deployment.state.is_final:
        order = [each for each in order if each in went]
    return tuple(
        TaskStep(
            step.value,
            STEP_NAMES[step],
            _STATES[went[step].state] if step in went else TaskStepState.WAITING,
            went[step].detail if step in went else "",
            went[step].started_at if step in went else None,
            went[step].ended_at if step in went else None,
        )
        for step in order
    )


async def show_deployment(
    server: Server,
    deployment: Deployment,
    progress: Progress,
    log: Callable[[bytes], None] | None = None,
    offset: int = 0,
) -> Deployment:
    """Follow a deployment to its end, showing its steps on a task; gives it back as it ended (whatever that is). `log`
    gets its log from a byte offset on.

    Cancelling the task only ends the following: the deployment goes on at the server.
    """

    async def pass_log_on() -> None:
        async with aclosing(server.follow_deployment(deployment.id, offset)) as pieces:
            async for piece in pieces:
                if log is not None:
                    log(piece)

    following = asyncio.create_task(pass_log_on())
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=REFRESH_S)
            if done:
                following.result()
            latest = server.model.deployments.get(deployment.id) if server.model.is_live else None
            if latest is None or done:
                latest = await server.deployment_when_reachable(deployment.id)
            for step in steps_of(latest):
                progress.put(step)
            if done and latest.state.is_final:
                return latest
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def outcome_of(deployment: Deployment, name: str) -> None:
    """Return if a deployment succeeded, else raise: DeploymentFailed with its reason, or Cancelled."""
    number = f"Deployment {deployment.number} of {name}"
    told = "" if deployment.problem is None else deployment.problem.why
    match deployment.state:
        case DeploymentState.SUCCEEDED:
            return
        case DeploymentState.CANCELLED:
            why = f"a person asked it to stop{f'; {told}' if told else ''}"
            raise Cancelled(f"{number} was cancelled", why, "What served before still serves")
        case DeploymentState.SUPERSEDED:
            why = told or "a newer deployment took its place while it waited"
            raise Cancelled(f"{number} was not started", why, "Follow the newer one")
        case _:
            if deployment.problem is None:
                raise DeploymentFailed(f"{number} ended as {deployment.state.value}", "no reason was kept", "Try again")
            error = error_of(deployment.problem)
            failed = DeploymentFailed(error.problem.what, error.problem.why, error.problem.next_step)
            failed.problem = deployment.problem
            raise failed
