"""What git hosts tell: accounts, repositories, branches, hooks. All frozen; times are UTC with zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class HostKind(Enum):
    """Which program a git host runs. The values are kept in the list of accounts."""

    GITHUB = "github"  # github.com, or GitHub Enterprise Server by its address
    GITLAB = "gitlab"  # gitlab.com, or self-managed by its address
    BITBUCKET = "bitbucket"  # Bitbucket Cloud
    GITEA = "gitea"  # Gitea and Forgejo, Codeberg among them, by their address


class SignIn(Enum):
    """How an account was signed in."""

    BROWSER = "browser"  # OAuth, authorization code with PKCE over a loopback redirect (RFC 8252)
    DEVICE = "device"  # OAuth, device flow (RFC 8628)
    TOKEN = "token"  # a personal access token
    APP = "app"  # a GitHub App of the person's own, made by its manifest


@dataclass(frozen=True)
class Account:
    """Somebody at a git host. The tokens lie in the keyring under `id`, nowhere else."""

    id: str
    kind: HostKind
    address: str  # of the host, such as "https://github.com", without a slash at its end
    login: str
    name: str
    sign_in: SignIn
    client_id: str = ""  # of the OAuth application that it was signed in by
    tells_commits: bool = False  # this computer may tell its host the states of commits in its name

    @property
    def label(self) -> str:
        """The account as people name it: login@host."""
        return f"{self.login}@{self.address.partition('://')[2]}"


@dataclass(frozen=True)
class Tokens:
    """What opens an account. Never printed."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RateLimit:
    """What a host still lets us ask."""

    remaining: int
    limit: int
    resets_at: datetime | None


@dataclass(frozen=True)
class Repository:
    """A repository that an account can reach."""

    full_name: str  # owner/name, with sub-groups at GitLab
    clone_ssh: str  # the address for a deploy key
    clone_https: str
    default_branch: str
    is_private: bool
    updated_at: datetime | None
    description: str = ""
    can_administer: bool = False  # may add deploy keys and webhooks


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `next` asks for the following one, "" at the end."""

    items: tuple[T, ...]
    next: str = ""


@dataclass(frozen=True)
class Ref:
    """A branch or tag, and the commit that it is at."""

    name: str
    commit: str


@dataclass(frozen=True)
class Commit:
    """A commit as histories show it."""

    id: str
    message: str
    author: str
    at: datetime | None


@dataclass(frozen=True)
class TreeEntry:
    """A file or folder of a repository, by its path from the top."""

    path: str
    is_folder: bool


@dataclass(frozen=True)
class DeployKey:
    """A key that may read one repository."""

    id: str
    title: str
    key: str  # one OpenSSH line, without comment
    is_read_only: bool


@dataclass(frozen=True)
class Webhook:
    """A webhook of a repository."""

    id: str
    url: str
    is_active: bool
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class GitHubApp:
    """An app of the person's own, or of an organization. Its secrets lie in the keyring under `id` and `address`."""

    id: str  # a number, at its host
    address: str  # of the host, such as "https://github.com"
    name: str
    page: str  # https://github.com/apps/SLUG, at Enterprise Server https://HOST/github-apps/SLUG
    owner: str
    is_organization: bool
    client_id: str
    webhook: str = ""  # the address that it tells of pushes, "" where it was made without one
    port: int = 0  # of loopback, where its sign-in came back to when it was made

    @property
    def slug(self) -> str:
        """The last part of its page: its name as addresses hold it, one of a kind at its host."""
        return self.page.rpartition("/")[2]

    @property
    def install_page(self) -> str:
        """Where it is installed, and where it is let reach more repositories."""
        return f"{self.page}/installations/new"

    @property
    def settings_page(self) -> str:
        """Where its owner changes or deletes it."""
        owner = f"/organizations/{self.owner}" if self.is_organization else ""
        return f"{self.address}{owner}/settings/apps/{self.slug}"
