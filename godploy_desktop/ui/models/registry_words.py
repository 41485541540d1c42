"""Image registries: what can be typed, and who needs one. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from godploy_desktop.ui.models import words
from godploy_server.contract import BadInput, ImageSource, Registry, Service

DOCKER_HUB: Final = "docker.io"
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def check_registry_host(text: str) -> str:
    """Give back the host of a registry, with its port where it has one; raises BadInput."""
    host = text.strip().lower().removeprefix("https://").rstrip("/")
    if not _HOST.fullmatch(host):
        raise BadInput(
            f"“{text}” is not a registry",
            "a registry is a host name, with a port where it is not the usual one, without a path",
            "Correct it; Docker Hub is docker.io",
        )
    return host


def check_present(what: str, text: str) -> str:
    """Give back a text that is not empty; raises BadInput naming `what`."""
    if not text.strip():
        raise BadInput(f"The {what} is missing", f"a login has a {what}", f"Type the {what}")
    return text


def image_host(image: str) -> str:
    """Give back the registry that an image comes from: `docker.io` where its name has none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else DOCKER_HUB


def users_of(registry: Registry, services: Iterable[Service]) -> tuple[str, ...]:
    """Give back the names of the services whose images come from a registry."""
    return tuple(
        each.name
        for each in services
        if isinstance(each.settings.source, ImageSource) and image_host(each.settings.source.image) == registry.host
    )


def checked_words(registry: Registry, now: datetime) -> str:
    """Give back when a login was last seen to work."""
    if registry.checked_at is None:
        return "never checked"
    return f"worked {words.ago(registry.checked_at, now).replace('now', 'a moment ago')}"
