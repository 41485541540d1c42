"""One job process: started in a session of its own or found again after a restart, watched and ended by its pid."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Final

from godploy_server.state.deployments import Job
from godploy_server.state.paths import Paths
from godploy_server.state.processes import start_of
from godploy_server.state.program import own_program

CANCEL_GRACE_S: Final = 1.5
"""How long a job may take between SIGTERM and SIGKILL."""


class JobProcess:
    """A running job: the leader of a session and process group whose id is its pid."""

    def __init__(self, deployment_id: str, pid: int, pidfd: int, child: subprocess.Popen[bytes] | None) -> None:
        self.deployment_id = deployment_id
        self.pid = pid
        self.is_cancelling = False
        self._pidfd = pidfd
        self._child = child

    def watch(self, on_end: Callable[[JobProcess, int | None], None]) -> None:
        """Call `on_end` with the exit code (None for an adopted one) as soon as the process is gone."""
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            on_end(self, self._child.wait() if self._child else None)

        loop.add_reader(self._pidfd, ended)

    def unwatch(self) -> None:
        """Stop watching and let it live: the agent ends before it."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)

    def terminate(self) -> None:
        """Ask the whole process group to end."""
        self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole process group."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        # The pidfd is watched still, so the leader was not reaped and its id was not given away.
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def start_job(deployment_id: str, paths: Paths) -> JobProcess:
    """Start the job of a deployment: session of its own, no stdin, output into its own file."""
    output = paths.job_output(deployment_id)
    with output.open("ab") as file:
        child = subprocess.Popen(
            job_command(deployment_id, paths),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd="/",
            start_new_session=True,
        )
    return JobProcess(deployment_id, child.pid, os.pidfd_open(child.pid), child)


def adopt_job(job: Job) -> JobProcess | None:
    """Find the job that an earlier agent started; None if that process is gone."""
    try:
        pidfd = os.pidfd_open(job.pid)
    except OSError:
        return None
    if start_of(job.pid) != job.started:  # asked with the pidfd in hand: from here on it cannot be mistaken
        os.close(pidfd)
        return None
    return JobProcess(job.deployment_id, job.pid, pidfd, None)


def job_command(deployment_id: str, paths: Paths) -> list[str]:
    """Give the command of a job: the same program that this process runs."""
    return [
        *own_program(),
        "job",
        deployment_id,
        "--state-dir",
        str(paths.state_dir),
        "--run-dir",
        str(paths.run_dir),
    ]
