"""What a process of its own that the agent started for one question prints: its answer or a Problem, as one line."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from godploy_server.contract import GodployError, to_json
from godploy_server.runtime.engine import Engine
from godploy_server.state.exhaustion import explained
from godploy_server.state.paths import Paths

T = TypeVar("T")


def print_answer(paths: Paths, name: str, doing: str, work: Callable[[Engine], Coroutine[Any, Any, object]]) -> int:
    """Print `{name: answer}` or `{"problem": Problem}`; gives the exit code. `doing` names the work in a Problem.

    SIGTERM cancels the work, which cleans up after itself; nothing is printed then.
    """
    engine = Engine.open(paths)
    try:
        answer, code = {name: to_json(asyncio.run(_until_ended(work(engine))))}, 0
    except asyncio.CancelledError:
        return 1
    except GodployError as error:
        answer, code = {"problem": to_json(error.problem)}, error.exit_code
    except Exception as error:  # the agent waits for an answer in any case
        answer, code = {"problem": to_json(explained(doing, error).problem)}, 1
    finally:
        engine.close()
    sys.stdout.write(json.dumps(answer) + "\n")
    return code


async def _until_ended(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
