"""Which mounts, ports and strategies are refused, each with the path of what is wrong."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from godploy_server.agent.running_checks import check_running
from godploy_server.contract import (
    BadInput,
    HealthCheck,
    ImageSource,
    Mount,
    MountKind,
    PublishedPort,
    Rollout,
    ServiceSettings,
    Strategy,
)
from godploy_server.runtime.own_parts import OwnParts

OWN = OwnParts((PurePosixPath("/run/docker.sock"), PurePosixPath("/var/lib/godploy")), frozenset({80, 443}))
KEEPING = ServiceSettings(ImageSource("shop"), rollout=Rollout(strategy=Strategy.RECREATE))


def folder(source, target="/in"):
    return Mount(source, target, MountKind.FOLDER)


@pytest.mark.parametrize(
    "settings",
    [
        ServiceSettings(ImageSource("shop")),
        replace(KEEPING, mounts=(Mount("data", "/data"), folder("/srv/films"), folder("/etc/shop.conf", "/etc/x"))),
        replace(KEEPING, published=(PublishedPort(22, 2222), PublishedPort(53, 53, "udp"), PublishedPort(53, 53))),
        replace(KEEPING, published=(PublishedPort(443, 443, "udp"),)),
        ServiceSettings(ImageSource("shop"), replicas=3, mounts=(Mount("data", "/data", is_read_only=True),)),
        replace(KEEPING, replicas=2),
    ],
)
def test_what_can_run_is_let_through(settings):
    check_running(settings, OWN)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"mounts": (Mount("../data", "/data"),)}, "settings/mounts/0/source"),
        ({"mounts": (Mount("data", "data"),)}, "settings/mounts/0/target"),
        ({"mounts": (Mount("data", "/"),)}, "settings/mounts/0/target"),
        ({"mounts": (Mount("data", "/a/../.."),)}, "settings/mounts/0/target"),
        ({"mounts": (Mount("a", "/data"), Mount("b", "/data/"))}, "settings/mounts/1/target"),
        ({"mounts": (folder("srv"),)}, "settings/mounts/0/source"),
        ({"mounts": (Mount("a", "/a"), folder("/"))}, "settings/mounts/1/source"),
        ({"mounts": (folder("//"),)}, "settings/mounts/0/source"),
        ({"mounts": (folder("/var/lib"),)}, "settings/mounts/0/source"),
        ({"mounts": (folder("/var/lib/godploy/logs"),)}, "settings/mounts/0/source"),
        ({"mounts": (folder("/run/docker.sock"),)}, "settings/mounts/0/source"),
        ({"mounts": (folder("/run/./"),)}, "settings/mounts/0/source"),
        ({"published": (PublishedPort(0, 22),)}, "settings/published/0/container_port"),
        ({"published": (PublishedPort(22, 70000),)}, "settings/published/0/host_port"),
        ({"published": (PublishedPort(80, 443),)}, "settings/published/0/host_port"),
        ({"published": (PublishedPort(1, 99), PublishedPort(2, 99))}, "settings/published/1/host_port"),
        ({"published": (PublishedPort(22, 2222),), "replicas": 2}, "settings/replicas"),
        ({"mounts": (Mount("data", "/data"),), "replicas": 2}, "settings/replicas"),
        ({"published": (PublishedPort(22, 2222),), "rollout": Rollout()}, "settings/rollout/strategy"),
        ({"mounts": (Mount("data", "/data"),), "rollout": Rollout()}, "settings/rollout/strategy"),
        ({"health": HealthCheck(command=("",))}, "settings/health/command"),
        ({"health": HealthCheck(command=("a\0b",))}, "settings/health/command"),
        ({"rollout": Rollout(stop_grace_s=0)}, "settings/rollout/stop_grace_s"),
        ({"rollout": Rollout(stop_grace_s=601)}, "settings/rollout/stop_grace_s"),
    ],
)
def test_what_cannot_run_is_refused_with_its_path(changes, path):
    with pytest.raises(BadInput) as refused:
        check_running(replace(KEEPING, **changes), OWN)
    assert refused.value.problem.why.startswith(f"{path}: should be ")


def test_a_refusal_says_what_only_one_can_have():
    with pytest.raises(BadInput) as refused:
        check_running(replace(KEEPING, mounts=(Mount("data", "/data"),), rollout=Rollout()), OWN)
    assert "recreate: only one container at a time may write to data" in refused.value.problem.why
