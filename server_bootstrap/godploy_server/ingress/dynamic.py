"""Traefik's dynamic files: pure functions from domains and upstreams to file contents, exact in their tests.

One file a service, one for the server itself, one for each rollout that is being probed. Source: Traefik 3
reference, routing configuration (file provider).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from godploy_server.contract import CertificateState, Domain, ServiceId
from godploy_server.ingress.static import RESOLVER
from godploy_server.runtime.containers import fingerprint

TOKEN_HEADER: Final = "Godploy-Token"
PROBE_HEADER: Final = "Godploy-Probe"
SERVER_FILE: Final = "server.yml"

_RELAY_PRIORITY: Final = 1_000_000
_DOMAIN_PRIORITY: Final = 1_000
_ASKS_FOR_CERTIFICATE: Final = frozenset({CertificateState.PENDING, CertificateState.VALID})


def service_file(service_id: ServiceId) -> str:
    """Give the name of a service's dynamic file."""
    return f"service-{service_id}.yml"


def probe_file(service_id: ServiceId) -> str:
    """Give the name of the dynamic file of a release of the service that is being probed."""
    return f"probe-{service_id}.yml"


def health_file(service_id: ServiceId) -> str:
    """Give the name of the dynamic file by which the release of the service that serves is asked for its health."""
    return f"health-{service_id}.yml"


def serving(service_id: ServiceId) -> str:
    """Give the subject of `probe_routes` for the release that serves, beside one of the service that is probed."""
    return f"serving-{service_id}"


def service_routes(service_id: ServiceId, domains: Sequence[Domain], upstreams: Sequence[str]) -> dict[str, Any]:
    """Give the routes of a service: one router a domain and entry point, all leading to `upstreams`.

    Without upstreams (stopped, never deployed) the routers stay and answer 503, so that certificates can be had
    before the first deployment. A certificate is asked for only where the name was seen to lead here: Traefik
    asks again at each reload, which would use up the CA's rate limit. HTTP leads to HTTPS once that works.
    """
    routers: dict[str, Any] = {}
    middlewares: dict[str, Any] = {}
    for domain in domains:
        rule = domain_rule(domain.host, domain.path)
        common = {"rule": rule, "service": service_id, "priority": _DOMAIN_PRIORITY + len(domain.path)}
        plain = {**common, "entryPoints": ["web"]}
        if domain.tls:
            tls = {"certResolver": RESOLVER} if domain.certificate in _ASKS_FOR_CERTIFICATE else {}
            routers[f"{domain.id}-tls"] = {**common, "entryPoints": ["websecure"], "tls": tls}
            if domain.certificate is CertificateState.VALID:
                plain["middlewares"] = [f"{service_id}-https"]
                middlewares[f"{service_id}-https"] = {"redirectScheme": {"scheme": "https", "permanent": False}}
        routers[domain.id] = plain
    routes = _http(routers, {service_id: _load_balancer(upstreams)}, middlewares)
    mark = {"headers": {"customRequestHeaders": {"Godploy-Routes": ""}}}
    routes["http"]["middlewares"] = {**middlewares, routes_mark(service_id, routes): mark}
    return routes


def routes_mark(service_id: ServiceId, routes: Mapping[str, Any]) -> str:
    """Give the name of a middleware that nothing uses and only these routes hold: once Traefik's API knows it, it
    serves exactly them, added and removed domains included."""
    return f"{service_id}-{fingerprint(routes)}"


def mark_in(service_id: ServiceId, routes: Mapping[str, Any]) -> str:
    """Give the mark that `service_routes` put into its routes."""
    names: list[str] = list(routes["http"]["middlewares"])
    return next(name for name in names if name != f"{service_id}-https")


def domain_rule(host: str, path: str) -> str:
    """Give the rule that matches a host name and a path with everything below it (/shop, /shop/..., not /shops)."""
    if path == "/":
        return f"Host(`{host}`)"
    return f"Host(`{host}`) && (Path(`{path}`) || PathPrefix(`{path}/`))"


def probe_routes(subject: str, token: str, upstreams: Sequence[str]) -> dict[str, Any]:
    """Give one router an upstream on the probe entry point, chosen by a header, so that each replica is asked.

    `subject`: the service's id for a release that is being probed, `serving` of it for the one that serves.
    The headers are taken away before the program sees the request: with the token it could reach other projects.
    """
    routers, services = {}, {}
    for position, upstream in enumerate(upstreams):
        name = f"probe-{subject}-{position}"
        routers[name] = {
            "rule": f"Header(`{TOKEN_HEADER}`, `{token}`) && Header(`{PROBE_HEADER}`, `{subject}-{position}`)",
            "service": name,
            "entryPoints": ["probe"],
            "middlewares": [f"probe-{subject}"],
        }
        services[name] = _load_balancer([upstream])
    without = {"headers": {"customRequestHeaders": {TOKEN_HEADER: "", PROBE_HEADER: ""}}}
    return _http(routers, services, {f"probe-{subject}": without})


def probe_headers(subject: str, token: str, position: int) -> dict[str, str]:
    """Give the headers that lead a probe of `subject` to the upstream at `position`."""
    return {TOKEN_HEADER: token, PROBE_HEADER: f"{subject}-{position}"}


def server_routes(token: str, relay_address: str, relay_port: int) -> dict[str, Any]:
    """Give the routes of the server itself: Traefik's API for whoever has the token, and the relay for everyone."""
    relay = {"rule": "PathPrefix(`/_godploy/`)", "service": "relay", "priority": _RELAY_PRIORITY}
    routers = {
        "api": {
            "rule": f"PathPrefix(`/api`) && Header(`{TOKEN_HEADER}`, `{token}`)",
            "service": "api@internal",
            "entryPoints": ["api"],
        },
        "relay": {**relay, "entryPoints": ["web"]},
        "relay-tls": {**relay, "entryPoints": ["websecure"], "tls": {}},
    }
    return _http(routers, {"relay": _load_balancer([f"http://{relay_address}:{relay_port}"])}, {})


def _load_balancer(upstreams: Sequence[str]) -> dict[str, Any]:
    return {"loadBalancer": {"servers": [{"url": each} for each in upstreams], "passHostHeader": True}}


def _http(routers: dict[str, Any], services: dict[str, Any], middlewares: dict[str, Any]) -> dict[str, Any]:
    # Traefik refuses a file with an empty map in it ("standalone element"): what is empty is left out.
    parts = {"routers": routers, "services": services, "middlewares": middlewares}
    return {"http": {name: part for name, part in parts.items() if part}}
