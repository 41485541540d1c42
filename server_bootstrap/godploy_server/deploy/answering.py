"""What a process of its own that the agent started for one question prints: its answer or a Problem, as one line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from godploy_server.contract import GodployError, to_json
from godploy_server.runtime.engine import Engine
from godploy_server.state.exhaustion import explained
from godploy_server.state.paths import Paths


def print_answer(paths: Paths, name: str, doing: str, work: Callable[[Engine], Coroutine[Any, Any, object]]) -> int:
    """Print `{name: answer}` or `{"problem": Problem}`; gives the exit code. `doing` names the work in a Problem."""
    engine = Engine.open(paths)
    try:
        answer, code = {name: to_json(asyncio.run(work(engine)))}, 0
    except GodployError as error:
        answer, code = {"problem": to_json(error.problem)}, error.exit_code
    except Exception as error:  # the agent waits for an answer in any case
        answer, code = {"problem": to_json(explained(doing, error).problem)}, 1
    finally:
        engine.close()
    sys.stdout.write(json.dumps(answer) + "\n")
    return code
