"""What a person types, as values: ports, variables, names. Pure functions; each raises BadInput for what is wrong."""

from __future__ import annotations

import re
from typing import Final

from godploy_desktop.ui.models.words import repository_name
from godploy_server.contract import (
    BadInput,
    Variable,
    check_host,
    check_name,
    check_variable_name,
)

YES: Final = "yes"
"""What a switch that is on has as its text; off is ""."""

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9-]+")


def parse_port(text: str) -> int | None:
    """Give back a port, or None for "" (a worker that serves nothing)."""
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not 1 <= int(text) <= 65535:
        raise BadInput(f"“{text}” is not a port", "a port is a number from 1 to 65535", "Correct the port")
    return int(text)


def parse_variables(text: str) -> tuple[Variable, ...]:
    """Give back the variables of lines `NAME=value`; empty lines and lines that begin with # are passed over."""
    found: dict[str, Variable] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise BadInput(f"Line {number} cannot be used", f"line {number} has no “=”", "Write NAME=value")
        found[name.strip()] = Variable(check_variable_name(name.strip()), value.strip())
    return tuple(found.values())


def check_git_url(text: str) -> str:
    """Give back a git URL: ssh://, https://, file:// or user@host:path."""
    url = text.strip()
    is_scp_like = re.fullmatch(r"[^\s/@]+@[^\s:/]+:\S+", url) is not None
    if not is_scp_like and not re.fullmatch(r"(https?|ssh|git|file)://\S+", url):
        raise BadInput(
            f"“{text}” is not the address of a repository",
            "it looks like git@host:team/shop.git or https://host/team/shop.git",
            "Correct the address",
        )
    return url


def check_image(text: str) -> str:
    """Give back the name of an image, with a tag or digest or without."""
    image = text.strip()
    if not image or image.endswith(("/", ":", "@")) or any(sign.isspace() for sign in image):
        raise BadInput(f"“{text}” is not an image", "an image looks like nginx:1.27", "Correct the name")
    return image


def check_project_name(text: str) -> str:
    """Give back a name that a project may have."""
    return check_name(text.strip(), "project")


def check_service_name(text: str) -> str:
    """Give back a name that a service may have."""
    return check_name(text.strip(), "service")


def check_optional_host(text: str) -> str:
    """Give back a host name in lower case, or "" for none."""
    return check_host(text) if text.strip() else ""


def check_path(text: str) -> str:
    """Give back a path that begins with a slash."""
    if not text.strip().startswith("/") or " " in text.strip():
        raise BadInput(f"“{text}” is not a path", "a path begins with / and has no spaces", "Correct the path")
    return text.strip()


def suggested_name(url: str) -> str:
    """Give back a service name made from a repository's: `git@host:Team/My_Shop.git` gives `my-shop`."""
    last = repository_name(url).rsplit("/", 1)[-1].lower()
    return _NOT_IN_NAMES.sub("-", last).strip("-0123456789")[:40].strip("-")


def parse_relative_path(text: str) -> str:
    """Give back a path inside the source, without slashes at its ends; "" is the source's top."""
    path = text.strip().strip("/")
    if ".." in path.split("/") or "\0" in path:
        raise BadInput(f"“{text}” leads out of the source", "a path inside the source has no “..”", "Correct the path")
    return "" if path == "." else path.removeprefix("./")


def check_address(text: str) -> str:
    """Give back a host name, an IP address or an alias of ~/.ssh/config; no user, no port."""
    host = text.strip()
    if not host or any(sign.isspace() or sign in "@/\"'" for sign in host):
        raise BadInput(
            f"“{text}” is not an address",
            "an address is a host name or an IP address; the user has a field of its own",
            "Correct the address",
        )
    return host


def check_optional_port(text: str) -> int | None:
    """Give back a port, or None for the usual one."""
    return parse_port(text)
