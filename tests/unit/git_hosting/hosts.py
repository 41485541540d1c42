"""Git hosts that cannot run here, as far as their published API descriptions say what they answer.

GitHub: REST API 2022-11-28. GitLab: REST API v4 (18). Bitbucket Cloud: REST API 2.0 (2026). Gitea: API 1.25 (which the
lab runs for real). Answers hold the fields that the descriptions name as required, and a few of the others.
"""

import base64
import json
from dataclasses import dataclass, field

import httpx

from godploy_desktop.git_hosting.bitbucket import Bitbucket
from godploy_desktop.git_hosting.gitea import Gitea
from godploy_desktop.git_hosting.github import GitHub
from godploy_desktop.git_hosting.gitlab import GitLab
from godploy_desktop.git_hosting.http import HostClient

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleEx"
HASH = "a" * 40
TIME = "2026-03-04T05:06:07Z"


class InTurn(list):
    """Answers to the same request, one after the other."""


@dataclass
class Recorded:
    """Answers requests from a table of "METHOD path" to content, and remembers what was asked."""

    answers: dict
    asked: list = field(default_factory=list)
    bodies: list = field(default_factory=list)
    authorization: list = field(default_factory=list)

    def __call__(self, request):
        key = f"{request.method} {request.url.raw_path.decode()}"
        self.asked.append(key)
        self.bodies.append(json.loads(request.content) if request.content else None)
        self.authorization.append(request.headers.get("authorization"))
        for known, answer in self.answers.items():
            if key == known or key.partition("?")[0] == known:
                answer = answer.pop(0) if isinstance(answer, InTurn) else answer
                if isinstance(answer, httpx.Response):
                    return answer
                return httpx.Response(200, json=answer) if answer is not None else httpx.Response(204)
        return httpx.Response(404, json={"message": "Not Found"})


ADDRESSES = {
    GitHub: "https://github.com",
    GitLab: "https://gitlab.com",
    Bitbucket: "https://bitbucket.org",
    Gitea: "https://git.example.org",
}


async def token(refused=""):
    return "Bearer renewed" if refused == "Bearer a-token" else "Bearer a-token"


def host_of(kind, answers, authorization=token):
    recorded = Recorded(answers)
    client = HostClient(
        kind.__name__, kind.api(ADDRESSES[kind]), authorization, transport=httpx.MockTransport(recorded)
    )
    return kind(client), recorded


def page_of(items, following=""):
    """A page as hosts with a Link header answer it (RFC 8288)."""
    links = {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'} if following else {}
    return httpx.Response(200, json=items, headers=links)


def values(items, following=None):
    """A page as Bitbucket answers it."""
    return {"values": items, "pagelen": 100, **({"next": following} if following else {})}


GITHUB_REPOSITORY = {
    "id": 1, "full_name": "team/shop", "private": True, "default_branch": "trunk", "description": "A shop",
    "ssh_url": "git@github.com:team/shop.git", "clone_url": "https://github.com/team/shop.git",
    "pushed_at": TIME, "permissions": {"admin": True, "push": True, "pull": True},
}  # fmt: skip
GITLAB_REPOSITORY = {
    "id": 1, "path_with_namespace": "team/sub/shop", "visibility": "private", "default_branch": "trunk",
    "description": None, "ssh_url_to_repo": "git@gitlab.com:team/sub/shop.git",
    "http_url_to_repo": "https://gitlab.com/team/sub/shop.git", "last_activity_at": "2026-03-04T05:06:07.123Z",
    "permissions": {"project_access": None, "group_access": {"access_level": 50}},
}  # fmt: skip
BITBUCKET_REPOSITORY = {
    "uuid": "{1}", "full_name": "team/shop", "is_private": True, "mainbranch": {"name": "trunk", "type": "branch"},
    "description": "", "updated_on": "2026-03-04T05:06:07.123456+00:00",
    "links": {"clone": [
        {"name": "https", "href": "https://somebody@bitbucket.org/team/shop.git"},
        {"name": "ssh", "href": "git@bitbucket.org:team/shop.git"},
    ]},
}  # fmt: skip
GITEA_REPOSITORY = {
    "id": 1, "full_name": "team/shop", "private": True, "default_branch": "trunk", "description": "",
    "ssh_url": "git@git.example.org:team/shop.git", "clone_url": "https://git.example.org/team/shop.git",
    "updated_at": TIME, "permissions": {"admin": True, "push": True, "pull": True},
}  # fmt: skip


def content(data):
    return {"type": "file", "encoding": "base64", "content": base64.encodebytes(data).decode(), "size": len(data)}
