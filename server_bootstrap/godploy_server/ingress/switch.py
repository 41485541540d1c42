"""Sending a service's requests to a release: write its dynamic file, wait until Traefik uses it."""

from __future__ import annotations

from collections.abc import Sequence

from godploy_server.contract import ServiceId
from godploy_server.ingress.dynamic import (
    health_file,
    mark_in,
    probe_file,
    probe_routes,
    service_file,
    service_routes,
    serving,
)
from godploy_server.ingress.files import proxy_token, remove_dynamic, write_dynamic
from godploy_server.ingress.proxy_api import wait_until_served
from godploy_server.runtime.containers import upstreams
from godploy_server.runtime.engine import Engine
from godploy_server.state import domains, releases, services


async def switch_to(engine: Engine, service_id: ServiceId, targets: Sequence[str]) -> None:
    """Route a service's domains to `targets` (none: 503) and wait until the proxy does so. Raises NotReady."""
    routes = service_routes(service_id, domains.of_service(engine.connection, service_id), targets)
    _open_health(engine, service_id, targets)  # first: whoever sees the routes in use may ask for health
    write_dynamic(engine.paths, service_file(service_id), routes)
    await wait_until_served(
        engine.instance.api_port, proxy_token(engine.paths), service_id, targets, mark_in(service_id, routes)
    )


async def apply_domains(engine: Engine, service_id: ServiceId) -> None:
    """Bring the routes in line with the service's domains and the release that serves, at once. Raises NotReady."""
    await switch_to(engine, service_id, served_upstreams(engine, service_id))


def served_upstreams(engine: Engine, service_id: ServiceId) -> tuple[str, ...]:
    """Give the upstreams that a service's domains should lead to now; none while it is stopped or never deployed."""
    service = services.find(engine.connection, service_id)
    release = serving_release(engine, service_id)
    if release is None or service.is_stopped:
        return ()
    snapshot = releases.snapshot_of(engine.connection, engine.secrets, service_id, release)
    return upstreams(engine.name(service), release, snapshot.settings)


def serving_release(engine: Engine, service_id: ServiceId) -> int | None:
    """Give the number of the release that the rows say serves."""
    known = releases.of_service(engine.connection, service_id)
    return next((each.number for each in known if each.is_serving), None)


def open_probe(engine: Engine, service_id: ServiceId, targets: Sequence[str]) -> None:
    """Let the proxy's probe entry point reach `targets`, one by one; visitors do not."""
    routes = probe_routes(service_id, proxy_token(engine.paths), targets)
    write_dynamic(engine.paths, probe_file(service_id), routes)


def close_probe(engine: Engine, service_id: ServiceId) -> None:
    """Take the probe routes away; missing ones are fine."""
    remove_dynamic(engine.paths, probe_file(service_id))


def forget_service(engine: Engine, service_id: ServiceId) -> None:
    """Take all routes of a service away."""
    close_probe(engine, service_id)
    remove_dynamic(engine.paths, health_file(service_id))
    remove_dynamic(engine.paths, service_file(service_id))


def _open_health(engine: Engine, service_id: ServiceId, targets: Sequence[str]) -> None:
    if targets:
        routes = probe_routes(serving(service_id), proxy_token(engine.paths), targets)
        write_dynamic(engine.paths, health_file(service_id), routes)
    else:
        remove_dynamic(engine.paths, health_file(service_id))
