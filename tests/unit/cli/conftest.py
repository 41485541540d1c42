"""Running `godploy` as a process of its own: plainly, or on a terminal where a person types."""

import os
import pty
import select
import sys
import time

import pytest

from tests.warm_start import run_warm


@pytest.fixture
def environment(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GODPLOY_", "PYTHON_KEYRING"))}
    return kept | {
        "GODPLOY_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@pytest.fixture
def godploy(environment):
    def run(*words, stdin="", **more):
        return run_warm("godploy_desktop.cli", words, environment | more, stdin=stdin, timeout_s=60)

    return run


def in_terminal(environment, words, answers):
    """Run a command on a terminal, typing each answer once its question shows; gives what was shown, and the code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "godploy_desktop.cli", *words], environment)
    shown, waiting = "", list(answers.items())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if waiting and waiting[0][0] in shown:
            os.write(terminal, waiting.pop(0)[1].encode())
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the command has ended
            break
        if not piece:
            break
        shown += piece.decode(errors="replace")
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
