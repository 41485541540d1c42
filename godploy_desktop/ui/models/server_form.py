"""The settings of a server as text fields, and back. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from godploy_desktop.ui.models.forms import check_image
from godploy_server.contract import AgentSettings, BadInput, ChangeSettings, ServerMetrics, ToolSource

MEGABYTE: Final = 1024 * 1024
TOOLS: Final = {"nixpacks": "Nixpacks", "pack": "Buildpacks (pack)"}
"""Programs that the server fetches when a builder first needs them."""
CELL_END: Final = "\t"
ROW_END: Final = "\n"

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LEAST_MEMORY_MB: Final = 64


def settings_fields(settings: AgentSettings) -> dict[str, str]:
    """Give back every field's text."""
    return {
        "acme_email": settings.acme_email,
        "acme_ca_url": settings.acme_ca_url,
        "acme_ca_certificate": settings.acme_ca_certificate,
        "builds_at_once": str(settings.builds_at_once),
        "build_memory": str(settings.build_memory_bytes // MEGABYTE) if settings.build_memory_bytes else "",
        "build_cpus": f"{settings.build_cpus:g}" if settings.build_cpus else "",
        "kept_releases": str(settings.kept_releases),
        "kept_build_days": str(settings.kept_build_days),
        "static_image": settings.static_image,
        "tools": ROW_END.join(CELL_END.join((each.name, each.url, each.sha256)) for each in settings.tools),
    }


def change_of_settings(before: AgentSettings, fields: Mapping[str, str]) -> ChangeSettings:
    """Give back what differs from `before`; raises BadInput for what cannot be used."""
    url = fields["acme_ca_url"].strip()
    if not url.startswith("https://"):
        raise BadInput("The ACME directory cannot be used", "its address begins with https://", "Correct the address")
    email = fields["acme_email"].strip()
    if email and ("@" not in email or " " in email):
        raise BadInput(f"“{email}” is not an e-mail address", "it has no @, or a space", "Correct the address")
    certificate = fields["acme_ca_certificate"]
    if certificate.strip() and "-----BEGIN CERTIFICATE-----" not in certificate:
        raise BadInput("The CA certificate cannot be used", "it is not PEM text", "Paste the whole PEM file")
    held = settings_fields(before)
    memory, cpus = parse_build_memory(fields["build_memory"]), parse_build_cpus(fields["build_cpus"])
    image, tools = check_image(fields["static_image"]), parse_tools(fields["tools"])
    return ChangeSettings(
        builds_at_once=_number("Builds at once", fields["builds_at_once"], before.builds_at_once, 64),
        kept_releases=_number("Releases to keep", fields["kept_releases"], before.kept_releases, 100),
        kept_build_days=_number("Days to keep build files", fields["kept_build_days"], before.kept_build_days, 3650),
        acme_email=email if email != held["acme_email"] else None,
        acme_ca_url=url if url != held["acme_ca_url"] else None,
        acme_ca_certificate=certificate if certificate != held["acme_ca_certificate"] else None,
        build_memory_bytes=memory if fields["build_memory"] != held["build_memory"] else None,
        build_cpus=cpus if cpus != before.build_cpus else None,
        static_image=image if image != before.static_image else None,
        tools=tools if tools != before.tools else None,
    )


def parse_build_memory(text: str) -> int:
    """Give back a number of megabytes in bytes; "" is 0, the server's own choice."""
    if not text.strip():
        return 0
    if not text.strip().isdecimal() or int(text) < _LEAST_MEMORY_MB:
        raise BadInput(
            f"The memory of builds cannot be “{text}”",
            f"it is a whole number of MB, {_LEAST_MEMORY_MB} or more",
            "Correct it, or leave it empty",
        )
    return int(text) * MEGABYTE


def parse_build_cpus(text: str) -> float:
    """Give back a number of cores; "" is 0, the server's own choice."""
    if not text.strip():
        return 0.0
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 1024:
        raise BadInput(
            f"The cores of builds cannot be “{text}”",
            "it is a number such as 0.5 or 2",
            "Correct it, or leave it empty",
        )
    return value


def parse_tools(text: str) -> tuple[ToolSource, ...]:
    """Give back the programs of builders of lines `name TAB address TAB SHA-256`; raises BadInput."""
    found: dict[str, ToolSource] = {}
    for line in filter(str.strip, text.split(ROW_END)):
        name, url, sha256 = (part.strip() for part in f"{line}{CELL_END * 2}".split(CELL_END)[:3])
        title = TOOLS.get(name, name)
        if name in found:
            raise BadInput(f"{title} stands there twice", f"{title} has two addresses", "Remove one of the two")
        if not re.fullmatch(r"https?://\S+", url):
            raise BadInput(
                f"{title} cannot be fetched from “{url}”", "an address begins with https:// or http://", "Correct it"
            )
        if not _SHA256.fullmatch(sha256.lower()):
            raise BadInput(
                f"The SHA-256 of {title} cannot be right", "a SHA-256 has 64 hexadecimal digits", "Copy all of it"
            )
        found[name] = ToolSource(name, url, sha256.lower())
    return tuple(found.values())


def cap_defaults(newest: ServerMetrics | None) -> tuple[str, str]:
    """Give back what builds may use where nothing is set, as placeholders: (memory, cores)."""
    if newest is None:
        return "three quarters of it", "all but half of one"
    memory = newest.memory_total_bytes * 3 // 4 // MEGABYTE
    return f"{memory}, three quarters", f"{max(newest.cores - 0.5, 0.5):g}, all but half of one"


def _number(what: str, text: str, before: int, most: int) -> int | None:
    if not text.strip().isdecimal() or not 1 <= int(text) <= most:
        raise BadInput(f"{what} cannot be “{text}”", f"it is a whole number from 1 to {most}", f"Correct “{what}”")
    return int(text) if int(text) != before else None
