"""Changing a password inside a database that runs: one command of its template, the passwords on its stdin."""

from __future__ import annotations

from godploy_server.contract import Conflict, Rotation
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.exec import ExecResult, run_inside
from godploy_server.state.references import References, fill
from godploy_server.state.services import ServiceRow

_LONGEST_S = 60.0


async def run_rotation(engine: Engine, service: ServiceRow, rotation: Rotation, old: str, new: str) -> ExecResult:
    """Run a rotation's command in the container that serves; `old` is what counts now. Its output is given without
    both passwords.

    Raises Conflict if the service does not run: then nothing was changed. Raises NotReady when Docker breaks off: then
    that is not known.
    """
    references = References(engine.connection, engine.secrets)

    def value_of(name: str) -> str:
        known = {"new": new, rotation.variable: old}
        return known[name] if name in known else references.variable(service, name)

    text = fill(rotation.input, value_of)
    assert service.release is not None
    container = engine.name(service).container(service.release, 1)
    try:
        result = await run_inside(engine.docker, container, rotation.command, text, _LONGEST_S)
    except DockerRefused as refusal:
        raise Conflict(
            f"The password of {service.name} cannot be changed now",
            f"its container does not run: {refusal.problem.why}",
            "Start the service and try again",
        ) from None
    return ExecResult(result.exit_code, _without(result.output, (old, new)))


def _without(text: str, secrets: tuple[str, ...]) -> str:
    for each in secrets:
        text = text.replace(each, "[REDACTED]")
    return text
