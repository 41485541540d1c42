from __future__ import annotations

import json

import pytest
import yaml

from godploy_server.contract import AgentSettings, CertificateState, Domain, DomainId, ServiceId
from godploy_server.ingress.dynamic import (
    domain_rule,
    health_file,
    mark_in,
    probe_file,
    probe_headers,
    probe_routes,
    server_routes,
    service_file,
    service_routes,
    serving,
)
from godploy_server.ingress.static import ProxyPorts, as_yaml, proxy_body, proxy_image, static_configuration

SERVICE = ServiceId("s1")


def domain(number: int, path: str = "/", state: CertificateState = CertificateState.NONE) -> Domain:
    is_tls = state is not CertificateState.NONE
    return Domain(DomainId(f"d{number}"), SERVICE, f"shop{number}.test", path, is_tls, state)


def test_a_plain_domain_is_routed_over_http_alone() -> None:
    routes = service_routes(SERVICE, [domain(1)], ["http://a:80", "http://b:80"])
    assert routes["http"].pop("middlewares") == {
        "s1-e06ae1da9af1b14c": {"headers": {"customRequestHeaders": {"Godploy-Routes": ""}}}
    }
    assert routes == {
        "http": {
            "routers": {
                "d1": {"rule": "Host(`shop1.test`)", "service": "s1", "priority": 1001, "entryPoints": ["web"]}
            },
            "services": {
                "s1": {
                    "loadBalancer": {
                        "servers": [{"url": "http://a:80"}, {"url": "http://b:80"}],
                        "passHostHeader": True,
                    }
                }
            },
        }
    }


@pytest.mark.parametrize(
    ("state", "asks", "leads_to_https"),
    [
        (CertificateState.WAITING_FOR_DNS, False, False),
        (CertificateState.PENDING, True, False),
        (CertificateState.VALID, True, True),
        (CertificateState.FAILED, False, False),
    ],
)
def test_a_certificate_is_asked_for_only_where_the_name_leads_here(
    state: CertificateState, asks: bool, leads_to_https: bool
) -> None:
    http = service_routes(SERVICE, [domain(1, state=state)], ["http://a:80"])["http"]
    assert http["routers"]["d1-tls"]["tls"] == ({"certResolver": "acme"} if asks else {})
    assert ("middlewares" in http["routers"]["d1"]) is leads_to_https
    if leads_to_https:
        (name,) = http["routers"]["d1"]["middlewares"]
        assert http["middlewares"][name] == {"redirectScheme": {"scheme": "https", "permanent": False}}


def test_without_upstreams_the_domains_stay_and_answer_503() -> None:
    http = service_routes(SERVICE, [domain(1)], [])["http"]
    assert http["services"]["s1"]["loadBalancer"]["servers"] == []
    assert "d1" in http["routers"]


def test_a_service_without_domains_has_no_empty_parts_that_traefik_would_refuse() -> None:
    assert set(service_routes(SERVICE, [], ["http://a:80"])["http"]) == {"services", "middlewares"}
    assert set(server_routes("t0ken", "10.210.0.1", 19090)["http"]) == {"routers", "services"}


def test_every_change_of_the_routes_has_its_own_mark() -> None:
    def mark(domains: list[Domain], upstreams: list[str]) -> str:
        routes = service_routes(SERVICE, domains, upstreams)
        found = mark_in(SERVICE, routes)
        assert found in routes["http"]["middlewares"]
        return found

    valid = domain(1, state=CertificateState.VALID)
    different = [
        mark([], []),
        mark([], ["http://a:80"]),
        mark([domain(1)], ["http://a:80"]),
        mark([domain(1), domain(2)], ["http://a:80"]),
        mark([valid], ["http://a:80"]),
    ]
    assert len(set(different)) == len(different)
    assert mark([valid], []) == mark([valid], [])


def test_longer_paths_win_and_match_whole_segments() -> None:
    assert domain_rule("shop.test", "/a") == "Host(`shop.test`) && (Path(`/a`) || PathPrefix(`/a/`))"
    routers = service_routes(SERVICE, [domain(1), domain(2, "/a/b")], [])["http"]["routers"]
    assert routers["d2"]["priority"] > routers["d1"]["priority"]


def test_each_replica_is_probed_by_itself_and_the_program_never_sees_the_token() -> None:
    http = probe_routes(SERVICE, "t0ken", ["http://a:80", "http://b:80"])["http"]
    assert http["routers"]["probe-s1-1"] == {
        "rule": "Header(`Godploy-Token`, `t0ken`) && Header(`Godploy-Probe`, `s1-1`)",
        "service": "probe-s1-1",
        "entryPoints": ["probe"],
        "middlewares": ["probe-s1"],
    }
    assert http["services"]["probe-s1-1"]["loadBalancer"]["servers"] == [{"url": "http://b:80"}]
    assert http["middlewares"]["probe-s1"] == {
        "headers": {"customRequestHeaders": {"Godploy-Token": "", "Godploy-Probe": ""}}
    }
    assert probe_headers(SERVICE, "t0ken", 1) == {"Godploy-Token": "t0ken", "Godploy-Probe": "s1-1"}


def test_a_release_that_is_probed_and_the_one_that_serves_are_asked_apart() -> None:
    probed, serves = (probe_routes(each, "t0ken", ["http://a:80"])["http"] for each in (SERVICE, serving(SERVICE)))
    for kind in ("routers", "services", "middlewares"):
        assert not set(probed[kind]) & set(serves[kind])
    assert probe_headers(serving(SERVICE), "t0ken", 0) != probe_headers(SERVICE, "t0ken", 0)
    assert health_file(SERVICE) not in (service_file(SERVICE), probe_file(SERVICE))


def test_the_server_itself_is_reached_before_any_domain() -> None:
    http = server_routes("t0ken", "10.210.0.1", 19090)["http"]
    assert http["services"]["relay"]["loadBalancer"]["servers"] == [{"url": "http://10.210.0.1:19090"}]
    assert {each["entryPoints"][0] for each in http["routers"].values()} == {"web", "websecure", "api"}
    assert all("/_godploy/" in http["routers"][name]["rule"] for name in ("relay", "relay-tls"))
    assert http["routers"]["relay"]["priority"] > 1001 + 200
    assert http["routers"]["api"]["rule"] == "PathPrefix(`/api`) && Header(`Godploy-Token`, `t0ken`)"


def test_the_static_configuration_is_yaml_with_the_quick_throttle_and_nothing_open() -> None:
    configuration = yaml.safe_load(as_yaml(static_configuration(AgentSettings(acme_email="ops@shop.test"))))
    assert configuration["providers"] == {
        "providersThrottleDuration": "100ms",
        "file": {"directory": "/etc/traefik/dynamic", "watch": True},
    }
    assert configuration["api"] == {"dashboard": False, "insecure": False}
    assert configuration["certificatesResolvers"]["acme"]["acme"] == {
        "caServer": "https://acme-v02.api.letsencrypt.org/directory",
        "storage": "/etc/traefik/acme/5e76d31517ec.json",
        "httpChallenge": {"entryPoint": "web"},
        "email": "ops@shop.test",
    }
    assert "accessLog" not in configuration


def test_a_private_ca_gets_its_own_store_and_its_certificate() -> None:
    public = static_configuration(AgentSettings())["certificatesResolvers"]["acme"]["acme"]
    settings = AgentSettings(acme_ca_url="https://ca.test/dir", acme_ca_certificate="PEM")
    private = static_configuration(settings)["certificatesResolvers"]["acme"]["acme"]
    assert private["caCertificates"] == ["/etc/traefik/ca.pem"]
    assert private["storage"] != public["storage"]
    assert "email" not in public


def test_the_proxy_has_no_docker_socket_and_its_private_ports_are_on_loopback(tmp_path) -> None:
    body = proxy_body("godploy", "traefik:v3.7", tmp_path, ProxyPorts(80, 443, 19080, 19081), AgentSettings())
    host = body["HostConfig"]
    assert host["Binds"] == [f"{tmp_path}:/etc/traefik:ro", f"{tmp_path}/acme:/etc/traefik/acme"]
    assert host["PortBindings"]["80/tcp"] == [{"HostPort": "80"}]
    assert host["PortBindings"]["19080/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "19080"}]
    assert host["PortBindings"]["19081/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "19081"}]
    assert "docker.sock" not in json.dumps(body)
    assert host["RestartPolicy"] == {"Name": "unless-stopped"}


def test_the_configuration_label_changes_with_whatever_needs_a_new_container(tmp_path) -> None:
    def label(image: str = "traefik:v3.7", http: int = 80, **settings: str) -> str:
        ports = ProxyPorts(http, 443, 19080, 19081)
        body = proxy_body("godploy", image, tmp_path, ports, AgentSettings(**settings))
        return body["Labels"]["godploy.config"]

    different = [
        label(),
        label(image="traefik:v3.8"),
        label(http=8080),
        label(acme_email="ops@shop.test"),
        label(acme_ca_certificate="PEM"),
    ]
    assert len(set(different)) == len(different)
    assert label() == label(network_pool="10.220.0.0/16")


def test_another_proxy_image_may_be_named_by_the_environment() -> None:
    assert proxy_image({}) == "traefik:v3.7"
    assert proxy_image({"GODPLOY_TRAEFIK_IMAGE": "hub.test/traefik:v3.8"}) == "hub.test/traefik:v3.8"
