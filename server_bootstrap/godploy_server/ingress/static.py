"""Traefik's static configuration and the container that runs it: pure functions, exact in their tests.

Source: Traefik 3 reference, install configuration. JSON is valid YAML, so no YAML writer is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from godploy_server.contract import AgentSettings
from godploy_server.runtime.containers import LOG_ROTATION, fingerprint
from godploy_server.runtime.names import CONFIG_LABEL, INSTANCE_LABEL, ROLE_LABEL, edge_network

DEFAULT_IMAGE: Final = "traefik:v3.7"
RESOLVER: Final = "acme"
THROTTLE_S: Final = 0.1
"""How long Traefik gathers changes before it applies them. Its default of 2 s would make each switch wait."""

_INSIDE: Final = "/etc/traefik"
_API_PORT: Final = 19080
_PROBE_PORT: Final = 19081
CA_FILE: Final = "ca.pem"


@dataclass(frozen=True)
class ProxyPorts:
    """Where Traefik is reached on the server: `http` and `https` by everyone, `api` and `probe` on loopback."""

    http: int
    https: int
    api: int
    probe: int


def proxy_image(environment: Mapping[str, str] = os.environ) -> str:
    """Give the image that the proxy runs from; GODPLOY_TRAEFIK_IMAGE overrides it."""
    return environment.get("GODPLOY_TRAEFIK_IMAGE") or DEFAULT_IMAGE


def static_configuration(settings: AgentSettings) -> dict[str, Any]:
    """Give the contents of traefik.yml.

    The dashboard stays off; API and probes answer only requests that carry this server's token (see `dynamic`),
    because containers of the project networks reach these ports too.
    """
    configuration: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO"},
        "api": {"dashboard": False, "insecure": False},
        "ping": {"entryPoint": "api"},
        "providers": {
            "providersThrottleDuration": f"{int(THROTTLE_S * 1000)}ms",
            "file": {"directory": f"{_INSIDE}/dynamic", "watch": True},
        },
        "entryPoints": {
            "web": {"address": ":80", "transport": _TRANSPORT},
            "websecure": {"address": ":443", "transport": _TRANSPORT},
            "api": {"address": f":{_API_PORT}"},
            "probe": {"address": f":{_PROBE_PORT}"},
        },
        "certificatesResolvers": {RESOLVER: {"acme": _acme(settings)}},
    }
    return configuration


# The default read time-out of 60 s ends large uploads; grace lets requests under way finish when Traefik is replaced.
_TRANSPORT: Final = {
    "respondingTimeouts": {"readTimeout": "900s", "idleTimeout": "180s"},
    "lifeCycle": {"graceTimeOut": "10s"},
}


def _acme(settings: AgentSettings) -> dict[str, Any]:
    # One store for each CA: an account of one is unknown to another, and Traefik would not register again.
    store = hashlib.sha256(settings.acme_ca_url.encode()).hexdigest()[:12]
    acme: dict[str, Any] = {
        "caServer": settings.acme_ca_url,
        "storage": f"{_INSIDE}/acme/{store}.json",
        "httpChallenge": {"entryPoint": "web"},
    }
    if settings.acme_email:
        acme["email"] = settings.acme_email
    if settings.acme_ca_certificate:
        acme["caCertificates"] = [f"{_INSIDE}/{CA_FILE}"]
    return acme


def proxy_body(prefix: str, image: str, folder: Path, ports: ProxyPorts, settings: AgentSettings) -> dict[str, Any]:
    """Give the body that creates the proxy's container; `folder` is the traefik folder of the state.

    Folders are mounted, never single files: a renamed file would stay invisible through a file mount.
    The label `godploy.config` holds a hash of all that would need a new container.
    """
    body: dict[str, Any] = {
        "Image": image,
        "Cmd": [f"--configFile={_INSIDE}/traefik.yml"],
        "ExposedPorts": {f"{port}/tcp": {} for port in (80, 443, _API_PORT, _PROBE_PORT)},
        "StopTimeout": 15,
        "HostConfig": {
            "NetworkMode": edge_network(prefix),
            "Binds": [f"{folder}:{_INSIDE}:ro", f"{folder / 'acme'}:{_INSIDE}/acme"],
            "PortBindings": {
                "80/tcp": [{"HostPort": str(ports.http)}],
                "443/tcp": [{"HostPort": str(ports.https)}],
                f"{_API_PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(ports.api)}],
                f"{_PROBE_PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(ports.probe)}],
            },
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": LOG_ROTATION,
            "SecurityOpt": ["no-new-privileges:true"],
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_BIND_SERVICE", "DAC_OVERRIDE"],
        },
        "Labels": {INSTANCE_LABEL: prefix, ROLE_LABEL: "proxy"},
    }
    wanted = {"body": body, "static": static_configuration(settings), "ca": settings.acme_ca_certificate}
    body["Labels"] = {**body["Labels"], CONFIG_LABEL: fingerprint(wanted)}
    return body


def as_yaml(configuration: Mapping[str, Any]) -> str:
    """Give a configuration as text that Traefik reads."""
    return json.dumps(configuration, indent=1) + "\n"
