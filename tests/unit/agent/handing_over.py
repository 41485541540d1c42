"""Being the relay: handing a notice over to a running agent."""

import json
import socket

from tests.unit.agent.conftest import wait_for

COMMIT = "c" * 40


def hand_over(agent, **told):
    """Be the relay: hand one notice over, and give what the agent answers."""
    path = agent.paths.hooks_socket
    wait_for(path.exists)
    notice = {
        "delivery": "d-1", "digest": "1" * 64, "received_at": "2026-01-01T00:00:00+00:00", "event": "push",
        "event_name": "push", "ref": "main", "commit": COMMIT, "message": "Say hello", "author": "A. Author", **told,
    }  # fmt: skip
    with socket.socket(socket.AF_UNIX) as relay:
        relay.settimeout(20)
        relay.connect(str(path))
        relay.sendall(json.dumps(notice).encode() + b"\n")
        return relay.recv(16)
