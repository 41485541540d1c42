"""The manifest that a GitHub App is made from, and the pages that are opened for it. Pure functions.

Source: GitHub docs, “Registering a GitHub App from a manifest” (2026; the REST API's version is that of `github`).
"""

from __future__ import annotations

import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from godploy_desktop.git_hosting import github
from godploy_server.contract import BadInput

LOOPBACK: Final = "http://127.0.0.1/"
EVENTS: Final = ("push",)
"""A push tells of branches and of tags. Installations and pings are told to every app unasked; listing them is an
error."""

_LONGEST_NAME: Final = 34  # GitHub's own limit
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")


@dataclass(frozen=True)
class AppSecrets:
    """What only the owner of an app has. Never printed."""

    client_secret: str = field(repr=False)
    private_key: str = field(repr=False)  # PEM, RSA
    webhook_secret: str = field(repr=False)


def suggested_name(login: str = "") -> str:
    """Give a name for a new app. Names are taken once in all of GitHub, so it ends at random."""
    return f"Godploy {login or 'app'}"[: _LONGEST_NAME - 5].rstrip() + f" {secrets.token_hex(2)}"


def check_name(name: str) -> str:
    """Give the name of an app as GitHub takes it. Raises BadInput."""
    name = name.strip()
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise BadInput(
            f"“{name}” cannot be the name of an app",
            f"names have 1 to {_LONGEST_NAME} letters, digits, spaces, dots, dashes and underscores",
            "Choose another name",
        )
    return name


def check_organization(login: str) -> str:
    """Give an organization's login, "" for the person's own account. Raises BadInput."""
    login = login.strip().lstrip("@")
    if login and not _LOGIN.fullmatch(login):
        raise BadInput(
            f"“{login}” is not the name of an organization",
            "it is what stands in its address: https://github.com/NAME",
            "Correct it, or leave it empty for an app of your own",
        )
    return login


def manifest(address: str, name: str, redirect: str, webhook: str) -> dict[str, object]:
    """Give what the app is to be. `redirect` is a loopback address with its port, `webhook` may be "".

    It has to have a home page, and has none: the server that it tells of pushes is named, else the host itself.

    GitHub wants the redirect of a sign-in to be one of `callback_urls`; for loopback it lets the port differ (RFC
    8252), which is written down for OAuth apps alone: so the port of now is named too. Without a webhook nothing is
    said of one at all: `hook_attributes` must have a URL even where it is not active.
    """
    told: dict[str, object] = {
        "name": name,
        "url": "/".join((webhook or address).split("/", 3)[:3]),
        "description": "Deploys repositories to servers of your own",
        "redirect_url": redirect,
        "callback_urls": [LOOPBACK, redirect],
        "public": False,
        "request_oauth_on_install": False,
        "default_permissions": dict(github.PERMISSIONS),
    }
    if webhook:
        told["hook_attributes"] = {"url": webhook, "active": True}
        told["default_events"] = list(EVENTS)
    return told


def creation_page(address: str, organization: str, state: str) -> str:
    """Give where a manifest is posted to."""
    owner = f"/organizations/{quote(organization, safe='')}" if organization else ""
    return f"{address}{owner}/settings/apps/new?state={quote(state, safe='')}"


def form(action: str, told: dict[str, object]) -> str:
    """Give what a page holds that posts a manifest: it does so by itself, or by its button where scripts are off."""
    content = html.escape(json.dumps(told), quote=True)
    return (
        f'<form action="{html.escape(action, quote=True)}" method="post">'
        f'<input type="hidden" name="manifest" value="{content}">'
        "<button>Go on to GitHub</button></form><script>document.forms[0].submit()</script>"
    )
