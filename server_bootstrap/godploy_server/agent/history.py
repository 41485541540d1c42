"""How much of the past a server keeps: more than anybody reads, less than fills its disk in years."""

from __future__ import annotations

import sqlite3
from typing import Final

from godploy_server.access import audit
from godploy_server.state import deployments
from godploy_server.state.paths import Paths

KEPT_DEPLOYMENTS: Final = 200
"""Of each service, with their logs."""

KEPT_AUDIT_ENTRIES: Final = 10_000


def trim_history(connection: sqlite3.Connection, paths: Paths, service_id: str) -> None:
    """Forget old deployments of a service with their logs, and old audit entries. Called when a deployment ended."""
    for deployment_id in deployments.trim(connection, service_id, KEPT_DEPLOYMENTS):
        paths.log(deployment_id).unlink(missing_ok=True)
        paths.job_output(deployment_id).unlink(missing_ok=True)
    audit.trim(connection, KEPT_AUDIT_ENTRIES)
