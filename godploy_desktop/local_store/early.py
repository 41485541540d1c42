"""The settings, read before anything heavy is loaded: SQLAlchemy takes 0.3 s, the first paint must not wait for it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any


def read_settings(database: Path) -> dict[str, Any]:
    """Give back all settings, {} where there is no database yet or it cannot be read (the store reports why later)."""
    if not database.is_file():
        return {}
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            rows = connection.execute("SELECT key, value FROM settings").fetchall()
        return {key: json.loads(value) for key, value in rows}
    except (sqlite3.Error, ValueError):
        return {}
