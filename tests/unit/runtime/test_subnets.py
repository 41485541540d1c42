from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server.contract import BadInput, Conflict
from godploy_server.runtime.networks import network_body
from godploy_server.runtime.subnets import (
    choose_subnet,
    networks_of_docker,
    networks_of_resolvers,
    networks_of_routes,
    pool_of,
)

POOL = IPv4Network("10.210.0.0/20")
NETWORKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(int(POOL.network_address) - 2048, int(POOL.broadcast_address) + 2048),
    st.integers(18, 32),
)


@given(st.lists(NETWORKS, max_size=40))
def test_a_chosen_subnet_overlaps_nothing_and_none_is_refused_while_one_is_free(taken: list[IPv4Network]) -> None:
    free = [each for each in POOL.subnets(new_prefix=26) if not any(each.overlaps(other) for other in taken)]
    if free:
        assert choose_subnet(POOL, taken) == free[0]
    else:
        with pytest.raises(Conflict):
            choose_subnet(POOL, taken)


def test_projects_get_one_subnet_after_the_other_until_the_pool_is_used_up() -> None:
    taken: list[IPv4Network] = []
    for _ in range(64):
        taken.append(choose_subnet(POOL, taken))
    assert len(set(taken)) == 64
    with pytest.raises(Conflict) as refusal:
        choose_subnet(POOL, taken)
    assert "pool" in refusal.value.problem.next_step


@pytest.mark.parametrize("text", ["10.210.0.0/26", "10.210.0.1/16", "nonsense", "fd00::/16"])
def test_a_pool_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        pool_of(text)


def test_networks_are_read_from_dockers_answer() -> None:
    answer = [
        {"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}, {"Subnet": "fd00::/64"}]}},
        {"IPAM": {"Config": None}},
        {"IPAM": {"Config": [{}]}},
        {},
    ]
    assert networks_of_docker(answer) == [IPv4Network("172.17.0.0/16")]


def test_routes_are_read_from_proc_without_the_default_one() -> None:
    text = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "tun0\t0000D20A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert networks_of_routes(text) == [IPv4Network("192.168.0.0/24"), IPv4Network("10.210.0.0/16")]


def test_name_servers_are_never_covered_by_a_bridge() -> None:
    text = "# nameserver 1.1.1.1\nsearch shop.test\nnameserver 10.210.0.7\nnameserver fd00::1\nnameserver\n"
    assert networks_of_resolvers(text) == [IPv4Network("10.210.0.7/32")]


def test_a_networks_gateway_is_its_first_address() -> None:
    body = network_body("godploy-market", IPv4Network("10.210.0.64/26"), {"godploy.instance": "godploy"})
    assert body["IPAM"] == {"Config": [{"Subnet": "10.210.0.64/26", "Gateway": "10.210.0.65"}]}
    assert body["Labels"] == {"godploy.instance": "godploy"}
