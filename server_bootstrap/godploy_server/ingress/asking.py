"""Asking one container of a service for its health: through the proxy's probe entry point, as visitors reach it."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import ServiceId
from godploy_server.ingress.dynamic import probe_headers
from godploy_server.ingress.files import proxy_token
from godploy_server.ingress.http_get import http_get
from godploy_server.runtime.engine import Engine
from godploy_server.state import domains, services

_ANSWER_TIMEOUT_S: Final = 10.0
_NOT_REACHED: Final = {502: "nothing answers on its port", 504: "its port gave no answer in time"}


def is_healthy(status: int) -> bool:
    """Whether an HTTP status counts as healthy: 200 to 399."""
    return 200 <= status < 400


def asked_host(engine: Engine, service_id: ServiceId) -> str:
    """Give the host name to ask for: the first domain (programs that check the Host header know it), else the name."""
    hosts = domains.of_service(engine.connection, service_id)
    return hosts[0].host if hosts else services.find(engine.connection, service_id).name


async def why_unhealthy(engine: Engine, subject: str, position: int, path: str, host: str) -> str:
    """Ask the upstream at `position` of the probe routes of `subject` with GET `path`; "" when it is healthy.

    Raises ConnectionError when the proxy itself does not answer: that says nothing of the service.
    """
    headers = probe_headers(subject, proxy_token(engine.paths), position)
    try:
        answer = await http_get(
            "127.0.0.1", engine.instance.probe_port, path, host=host, headers=headers, timeout_s=_ANSWER_TIMEOUT_S
        )
    except TimeoutError:
        return f"GET {path} gave no answer within {_ANSWER_TIMEOUT_S:g} s"
    if is_healthy(answer.status):
        return ""
    reason = _NOT_REACHED.get(answer.status, "")
    return f"GET {path} gave {answer.status}{f': {reason}' if reason else ''}"
