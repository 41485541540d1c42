"""Sending a service's requests to a release: write its dynamic file, wait until Traefik uses it."""

from __future__ import annotations

from collections.abc import Sequence

from godploy_server.contract import ServiceId
from godploy_server.ingress.dynamic import probe_file, probe_routes, service_file, service_routes
from godploy_server.ingress.files import proxy_token, remove_dynamic, write_dynamic
from godploy_server.ingress.proxy_api import wait_until_served
from godploy_server.runtime.engine import Engine
from godploy_server.state import domains


async def switch_to(engine: Engine, service_id: ServiceId, upstreams: Sequence[str]) -> None:
    """Route a service's domains to `upstreams` (none: 503) and wait until the proxy does so. Raises NotReady."""
    routes = service_routes(service_id, domains.of_service(engine.connection, service_id), upstreams)
    write_dynamic(engine.paths, service_file(service_id), routes)
    await wait_until_served(engine.instance.api_port, proxy_token(engine.paths), service_id, upstreams)


def open_probe(engine: Engine, service_id: ServiceId, upstreams: Sequence[str]) -> None:
    """Let the proxy's probe entry point reach `upstreams`, one by one; visitors do not."""
    routes = probe_routes(service_id, proxy_token(engine.paths), upstreams)
    write_dynamic(engine.paths, probe_file(service_id), routes)


def close_probe(engine: Engine, service_id: ServiceId) -> None:
    """Take the probe routes away; missing ones are fine."""
    remove_dynamic(engine.paths, probe_file(service_id))


def forget_service(engine: Engine, service_id: ServiceId) -> None:
    """Take all routes of a service away."""
    close_probe(engine, service_id)
    remove_dynamic(engine.paths, service_file(service_id))
