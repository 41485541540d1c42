"""Ports for servers of tests."""

from godploy_server.agent.run import free_ports


def free_port() -> int:
    """A port of loopback that is free, and that no outgoing connection of another test takes before it is used."""
    return free_ports(1)[0]
