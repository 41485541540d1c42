"""Where a service is reached from outside: host names that need nobody's DNS, addresses for a browser."""

from __future__ import annotations

import ipaddress

from godploy_server.contract import AgentInfo, Domain


def generated_host(info: AgentInfo, *labels: str) -> str:
    """Give a host name, beginning with `labels`, that needs nobody's DNS: one of localhost on this computer (RFC 6761:
    always loopback), of <address>.sslip.io (a public name service that answers with the address in the name) on a
    server with a public IPv4 address, else ""."""
    if info.is_embedded:
        return ".".join((*labels, "localhost"))
    try:
        address = ipaddress.IPv4Address(info.public_address)
    except ValueError:
        return ""
    return ".".join((*labels, str(address), "sslip.io")) if address.is_global else ""


def address_in_browser(domain: Domain, info: AgentInfo) -> str:
    """The URL of a domain, with the port where it is not the usual one."""
    scheme, port, usual = ("https", info.https_port, 443) if domain.tls else ("http", info.http_port, 80)
    return f"{scheme}://{domain.host}{'' if port == usual else f':{port}'}{domain.path}"
