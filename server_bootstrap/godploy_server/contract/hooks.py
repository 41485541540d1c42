"""Webhooks: what the relay hands to the agent, what the agent made of it, and how a service deploys on push."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from godploy_server.contract.entities import DeploymentId, ServiceId

HOOKS_PATH: Final = "/_godploy/hooks/"
"""Where hooks are reached, on every domain of a server."""


TEST_EVENT: Final = "godploy:test"
"""The event of a test that a desktop sends in the place of a git host; no host has one of that name."""


class HookHost(str, Enum):
    """Which kind of git host sends to a hook, that is which signature is expected."""

    GITHUB = "github"
    GITEA = "gitea"  # and Forgejo
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"


class HookEvent(str, Enum):
    """What a delivery tells."""

    PUSH = "push"  # a branch has another commit
    TAG = "tag"
    PING = "ping"
    OTHER = "other"  # acknowledged and ignored


@dataclass(frozen=True)
class Notice:
    """One change that a delivery told of, as the relay hands it to the agent: small, checked, without the payload.

    `refused` says why a delivery was not believed; then nothing else of it is known. `paths` are the files that the
    push changed; where `has_all_paths` is false there may be others.
    """

    hook: str
    delivery: str  # the host's id of it
    digest: str  # SHA-256 of the payload and its event, hexadecimal: the same one again is a replay
    received_at: datetime
    event: HookEvent = HookEvent.OTHER
    event_name: str = ""  # as the host calls it
    ref: str = ""  # name of the branch or tag
    commit: str = ""  # full hash; "" where the ref was deleted
    message: str = ""  # of that commit, its first lines
    author: str = ""
    paths: tuple[str, ...] = ()
    has_all_paths: bool = False
    before: str = ""  # of a push: the hash that the branch had until then; "" for a new branch
    skip_marker: str = ""  # what in the whole message says not to deploy, such as [skip ci]
    refused: str = ""
    repository: str = ""  # host/path, as `repository_of` gives it; "" where the payload names none


class Verdict(str, Enum):
    """What became of a delivery."""

    DEPLOYED = "deployed"  # a deployment was asked for
    IGNORED = "ignored"  # believed, and nothing to do
    ANSWERED = "answered"  # a ping: the hook works
    REFUSED = "refused"  # not believed


@dataclass(frozen=True)
class Hook:
    """How a service deploys on push. `path` is what a git host sends to, on any domain of the server; whoever knows it
    can still do nothing without the secret.

    A push to the source's branch deploys; a tag does where it fits one of `tag_patterns`. With `watch_paths` a push
    that changed no file that fits one of them is ignored. Patterns are globs: `*` within a folder, `**` across.

    With `shared` deliveries come by that hook of the server in place of one of the service's own, and `path` is its.
    """

    service_id: ServiceId
    path: str
    host: HookHost
    is_on: bool
    tag_patterns: tuple[str, ...]
    watch_paths: tuple[str, ...]
    shared: str = ""  # id of a SharedHook


@dataclass(frozen=True)
class SetHook:
    """Make a service's hook, or change what is named of it. `renews_secret`: a new path and secret; the old end.

    `shared` is the id of the SharedHook whose deliveries are the service's, "" for a hook of its own again.
    """

    host: HookHost | None = None
    is_on: bool | None = None
    tag_patterns: tuple[str, ...] | None = None
    watch_paths: tuple[str, ...] | None = None
    renews_secret: bool = False
    shared: str | None = None


@dataclass(frozen=True)
class SharedHook:
    """A hook of the server itself: that of an app at a git host, which tells of many repositories by one address.

    A delivery goes to each of `services` whose source is the repository that was pushed to. `page` is the app's at
    its host, such as https://github.com/apps/godploy-web, and tells apps apart.
    """

    id: str
    path: str
    host: HookHost
    name: str  # of the app
    page: str
    services: tuple[ServiceId, ...] = ()  # those that deploy through it
    received_at: datetime | None = None  # the newest delivery, if one came
    received: str = ""  # what became of it, in one sentence


@dataclass(frozen=True)
class SetSharedHook:
    """Make a hook of the server, or give the one of the same app another path and secret.

    `id` is made by whoever asks (40 random hexadecimal digits), since the host is told the path before it makes the
    secret.
    """

    id: str
    host: HookHost
    name: str
    page: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class HookSecret:
    """What is given to the git host."""

    path: str
    secret: str


def signing_token(secret: str) -> str:
    """Give the secret of a hook as GitLab takes it to sign deliveries with: the same 32 bytes, in base64 after a mark.

    "" for a secret that is none of a server's own: 64 hexadecimal digits.
    Source: GitLab 19, project webhooks API, `signing_token` (whsec_ and base64 of 32 bytes; Standard Webhooks 1.0).
    """
    try:
        key = bytes.fromhex(secret)
    except ValueError:
        return ""
    return "whsec_" + base64.b64encode(key).decode() if len(key) == 32 else ""


@dataclass(frozen=True)
class Delivery:
    """One change that a git host told of, and what became of it."""

    id: str
    service_id: ServiceId
    received_at: datetime
    event: HookEvent
    event_name: str
    ref: str
    commit: str
    message: str
    author: str
    verdict: Verdict
    reason: str  # one sentence
    deployment_id: DeploymentId | None = None
    is_redelivery: bool = False
