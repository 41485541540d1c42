"""Run by the build: writes down which of two values it was given, as length and digest and never the value itself."""

import hashlib
import json
import os
from pathlib import Path


def seen(name: str) -> dict[str, object]:
    secret = Path("/run/secrets", name)
    value = os.environ.get(name) or (secret.read_text() if secret.exists() else "")
    return {"length": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()[:12]}


Path("built.json").write_text(json.dumps({name: seen(name) for name in ("BUILD_NOTE", "BUILD_TOKEN")}))
