from __future__ import annotations

from godploy_server.contract import (
    HealthCheck,
    ImageSource,
    Limits,
    Mount,
    MountKind,
    ProjectId,
    PublishedPort,
    Rollout,
    ServiceId,
    ServiceSettings,
    Strategy,
)
from godploy_server.runtime.containers import (
    container_body,
    environment_lines,
    fingerprint,
    recreates,
    upstreams,
    volume_sources,
)
from godploy_server.runtime.images import pinned
from godploy_server.runtime.names import ServiceName

NAME = ServiceName("godploy", ProjectId("p1"), "market", ServiceId("s1"), "shop")


def test_a_replica_is_made_exactly_so() -> None:
    settings = ServiceSettings(
        ImageSource("shop"), port=3000, command=("serve", "--all"), limits=Limits(memory_bytes=1 << 28, cpus=1.5)
    )
    body = container_body(NAME, 7, 2, "sha256:abc", settings, {"COLOUR": "green"}, "c0ffee")
    assert body == {
        "Image": "sha256:abc",
        "Cmd": ["serve", "--all"],
        "Env": ["COLOUR=green", "GODPLOY_COMMIT=c0ffee", "GODPLOY_RELEASE=7", "PORT=3000"],
        "Labels": {
            "godploy.instance": "godploy",
            "godploy.project": "p1",
            "godploy.service": "s1",
            "godploy.release": "7",
            "godploy.replica": "2",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "StopTimeout": 10,
        "HostConfig": {
            "NetworkMode": "godploy-market",
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "Memory": 1 << 28,
            "MemorySwap": 1 << 28,
            "NanoCpus": 1_500_000_000,
            "SecurityOpt": ["no-new-privileges:true"],
        },
        "NetworkingConfig": {"EndpointsConfig": {"godploy-market": {"Aliases": ["shop"]}}},
    }


def test_what_is_kept_published_and_asked_is_made_exactly_so() -> None:
    settings = ServiceSettings(
        ImageSource("postgres:16"),
        port=None,
        health=HealthCheck(timeout_s=30, command=("pg_isready", "-q")),
        rollout=Rollout(strategy=Strategy.RECREATE, stop_grace_s=60),
        mounts=(
            Mount("data", "/var/lib/postgresql/data"),
            Mount("/srv/in", "/in", MountKind.FOLDER, is_read_only=True),
        ),
        published=(PublishedPort(5432, 15432), PublishedPort(5432, 25432), PublishedPort(53, 53, "udp")),
    )
    body = container_body(NAME, 1, 1, "sha256:abc", settings, {})
    assert body["Healthcheck"] == {
        "Test": ["CMD", "pg_isready", "-q"],
        "Interval": 10_000_000_000,
        "StartInterval": 1_000_000_000,
        "StartPeriod": 30_000_000_000,
        "Timeout": 10_000_000_000,
        "Retries": 3,
    }
    assert body["StopTimeout"] == 60
    assert body["HostConfig"]["Mounts"] == [
        {
            "Type": "volume",
            "Source": "godploy-market-shop-data",
            "Target": "/var/lib/postgresql/data",
            "ReadOnly": False,
        },
        {"Type": "bind", "Source": "/srv/in", "Target": "/in", "ReadOnly": True},
    ]
    assert body["ExposedPorts"] == {"5432/tcp": {}, "53/udp": {}}
    assert body["HostConfig"]["PortBindings"] == {
        "5432/tcp": [{"HostPort": "15432"}, {"HostPort": "25432"}],
        "53/udp": [{"HostPort": "53"}],
    }
    assert volume_sources(settings) == ["data"]
    assert recreates(settings)


def test_the_image_decides_the_command_where_none_is_set() -> None:
    assert "Cmd" not in container_body(NAME, 1, 1, "sha256:abc", ServiceSettings(ImageSource("shop")), {})


def test_a_persons_variables_win_over_the_given_ones() -> None:
    assert environment_lines(8080, 1, "", {"PORT": "9"}) == ["GODPLOY_RELEASE=1", "PORT=9"]
    assert environment_lines(None, 1, "", {}) == ["GODPLOY_RELEASE=1"]


def test_upstreams_are_names_and_a_worker_has_none() -> None:
    assert upstreams(NAME, 3, ServiceSettings(ImageSource("shop"), port=80, replicas=2)) == (
        "http://godploy-market-shop-r3-1:80",
        "http://godploy-market-shop-r3-2:80",
    )
    assert upstreams(NAME, 3, ServiceSettings(ImageSource("shop"), port=None)) == ()


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == fingerprint({"b": {"d": 3, "c": 2}, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_a_pulled_image_is_pinned_to_its_digest() -> None:
    digest = "sha256:" + "0" * 64
    official = [f"other@{digest}", f"docker.io/library/redis@{digest}"]
    assert pinned("redis:7", {"RepoDigests": [f"redis@{digest}"]}) == f"redis@{digest}"
    assert pinned("redis", {"RepoDigests": official}) == f"redis@{digest}"
    private = f"hub.test:5000/a/b@{digest}"
    assert pinned("hub.test:5000/a/b:1", {"RepoDigests": [private]}) == private
    assert pinned("local:1", {"RepoDigests": []}) == "local:1"
    assert pinned(f"redis@{digest}", {}) == f"redis@{digest}"


def test_long_names_still_give_containers_that_dns_can_name() -> None:
    project, service = "p" * 40, "s" * 40
    long = ServiceName("godploy-local", ProjectId("p1"), project, ServiceId("0123456789ab"), service)
    assert long.container(12, 3) == "godploy-local-0123456789ab-r12-3"
    assert NAME.container(12, 3) == "godploy-market-shop-r12-3"
