"""What was changed, by whom, when: one row for each change that was asked for, written before it is made."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from godploy_server.access.actor import Actor
from godploy_server.state.database import now


@dataclass(frozen=True)
class AuditEntry:
    """One change that was asked for. `verb` and `target` are method and path; bodies are never kept (secrets)."""

    at: datetime
    actor: str
    role: str
    verb: str
    target: str


def record(connection: sqlite3.Connection, actor: Actor, verb: str, target: str) -> None:
    """Write that `actor` asked for `verb` on `target`."""
    connection.execute(
        "INSERT INTO audit (at, actor, role, verb, target) VALUES (?, ?, ?, ?, ?)",
        (now().isoformat(), f"{actor.name} (uid {actor.uid})", actor.role.value, verb, target),
    )


def trim(connection: sqlite3.Connection, kept: int) -> None:
    """Forget all but the newest `kept` entries."""
    connection.execute("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", (kept,))


def newest(connection: sqlite3.Connection, limit: int = 100) -> list[AuditEntry]:
    """Give the newest entries, the newest first."""
    rows = connection.execute("SELECT * FROM audit ORDER BY id DESC LIMIT ?", (limit,))
    return [
        AuditEntry(datetime.fromisoformat(row["at"]), row["actor"], row["role"], row["verb"], row["target"])
        for row in rows
    ]
