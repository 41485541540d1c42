"""The job process: runs one deployment and outlives the agent that started it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from typing import Final

from godploy_server.contract import Cancelled, DeploymentFailed, DeploymentId, DeploymentState, GodployError
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.deployment import CancelRequest, DockerWentAwayError, deploy, steps_of
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments
from godploy_server.state.paths import Paths
from godploy_server.state.processes import start_of

NOT_TAKEN: Final = 4
LEFT_OPEN: Final = 5
"""Docker went away under it: the row says running still, and the agent's recovery ends it."""

PAUSE_VARIABLE: Final = "GODPLOY_PAUSE_AT"
"""Names a step at which a job stands still until it is ended: for tests that kill it at an exact place."""

_EXIT_CODES: Final = {
    DeploymentState.SUCCEEDED: 0,
    DeploymentState.FAILED: DeploymentFailed.exit_code,
    DeploymentState.CANCELLED: Cancelled.exit_code,
}


def run_job(paths: Paths, deployment_id: DeploymentId) -> int:
    """Run a queued deployment to its end and give the exit code (0: it serves; NOT_TAKEN: it was not queued).

    SIGTERM cancels it; from SWITCH on it goes on to its end instead.
    """
    return asyncio.run(_run(paths, deployment_id))


async def _run(paths: Paths, deployment_id: DeploymentId) -> int:
    cancel = CancelRequest()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, cancel.make)
    loop.add_signal_handler(signal.SIGINT, cancel.make)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    engine = Engine.open(paths)
    try:
        if not deployments.begin(engine.connection, deployment_id, os.getpid(), start_of(os.getpid()) or ""):
            return NOT_TAKEN
        try:
            attempt = Attempt.load(engine, deployment_id)
        except GodployError as error:
            deployments.finish(engine.connection, deployment_id, DeploymentState.FAILED, error.problem)
            return _EXIT_CODES[DeploymentState.FAILED]
        try:
            note_branch(attempt)
            if deployments.is_cancelling(engine.connection, deployment_id):
                cancel.make()
            state = await deploy(attempt, cancel, steps_of(attempt), os.environ.get(PAUSE_VARIABLE, ""))
        except DockerWentAwayError:
            return LEFT_OPEN
        finally:
            attempt.log.close()
            shutil.rmtree(paths.build(deployment_id), ignore_errors=True)
        return _EXIT_CODES[state]
    finally:
        engine.close()


def note_branch(attempt: Attempt) -> None:
    """Say what is deployed if the service got another branch while its deployment waited: the one it has now."""
    if attempt.is_rollback:
        return
    asked, branch = attempt.deployment.branch, deployments.asked_branch(attempt.service.settings)
    if asked != branch:
        deployments.set_branch(attempt.engine.connection, attempt.deployment.id, branch)
        attempt.log.say(f"The service's source changed while this waited: {branch or 'another'} instead of {asked}")
