"""The settings of a server as text fields, and back. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from godploy_server.contract import AgentSettings, BadInput, ChangeSettings


def settings_fields(settings: AgentSettings) -> dict[str, str]:
    """Give back every field's text."""
    return {
        "acme_email": settings.acme_email,
        "acme_ca_url": settings.acme_ca_url,
        "acme_ca_certificate": settings.acme_ca_certificate,
        "builds_at_once": str(settings.builds_at_once),
        "kept_releases": str(settings.kept_releases),
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
    return ChangeSettings(
        builds_at_once=_number("Builds at once", fields["builds_at_once"], before.builds_at_once),
        kept_releases=_number("Releases to keep", fields["kept_releases"], before.kept_releases),
        acme_email=email if email != held["acme_email"] else None,
        acme_ca_url=url if url != held["acme_ca_url"] else None,
        acme_ca_certificate=certificate if certificate != held["acme_ca_certificate"] else None,
    )


def _number(what: str, text: str, before: int) -> int | None:
    if not text.strip().isdecimal() or not 1 <= int(text) <= 100:
        raise BadInput(f"{what} cannot be “{text}”", "it is a whole number from 1 to 100", f"Correct “{what}”")
    return int(text) if int(text) != before else None
