"""Git hosts that answer from recorded shapes, and accounts whose tokens lie in a dictionary."""

import asyncio
import base64
import json

import httpx

from godploy_desktop.core.git.accounts import CLIENT_IDS, SETTING, GitAccounts
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.git_hosting.values import SignIn

OURS = {
    "id": "a1", "kind": "gitea", "address": "https://git.example.com", "login": "storefront", "name": "Storefront team",
    "sign_in": SignIn.TOKEN.value, "client_id": "",
}  # fmt: skip
GITHUB = OURS | {
    "id": "a2", "kind": "github", "address": "https://github.com", "login": "storefront-ci",
    "sign_in": SignIn.DEVICE.value, "client_id": "Iv1.0123456789abcdef",
}  # fmt: skip
APP = {
    "id": "1", "address": "https://github.com", "name": "Godploy storefront", "owner": "storefront-ci",
    "page": "https://github.com/apps/godploy-storefront", "is_organization": False, "client_id": "Iv23liAAAAAAAAAAAAAA",
    "webhook": "https://shop.example.com/_godploy/hooks/" + "ab" * 20, "port": 0,
}  # fmt: skip
APPS = (APP, APP | {
    "id": "2", "name": "Godploy team 3f1c", "owner": "storefront-team", "is_organization": True, "webhook": "",
    "page": "https://github.com/apps/godploy-team-3f1c", "client_id": "Iv23liBBBBBBBBBBBBBB",
})  # fmt: skip
CODE = {
    "device_code": "long", "user_code": "WDJB-MJHT", "verification_uri": "https://github.com/login/device",
    "expires_in": 900, "interval": 0.01,
}  # fmt: skip

PAGE = 50
"""How many repositories Gitea lists at once."""


class KeptSecrets:
    """A vault that needs nobody."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def secret(self, name: str) -> str | None:
        return self.kept.get(name)

    async def keep_secret(self, name: str, secret: str) -> None:
        self.kept[name] = secret

    async def forget_secret(self, name: str) -> None:
        self.kept.pop(name, None)


def repository(full_name: str, **changes) -> dict:
    return {
        "full_name": full_name, "ssh_url": f"git@git.example.com:{full_name}.git",
        "clone_url": f"https://git.example.com/{full_name}.git", "default_branch": "main", "private": True,
        "updated_at": "2026-11-20T09:00:00Z", "description": "", "permissions": {"admin": True},
    } | changes  # fmt: skip


class RecordedHosts:
    """Every host in one. `refuses` answers 401 to everything; `is_pending` lets a device sign-in wait."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False
        self.is_pending = True
        self.silent = asyncio.Event()
        self.is_silent = False
        self.example = ""
        self.tree = {"": ["Dockerfile", "README.md", "apps/"], "apps": ["web/"], "apps/web": ["package.json"]}
        self.branches = ["main", "develop"]
        self.keys: list[dict] = []
        self.hooks: list[dict] = []
        self.statuses: list[dict] = []
        self.repositories = [repository("storefront/web"), repository("storefront/api"), repository("team/handbook")]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_silent:
            await self.silent.wait()
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if path.endswith("/device/code"):
            return httpx.Response(200, json=CODE)
        if path.endswith("/access_token"):
            pending = {"error": "authorization_pending"}
            return httpx.Response(200, json=pending if self.is_pending else {"access_token": "from-a-code"})
        if self.refuses:
            return httpx.Response(401, json={"message": "Bad credentials"})
        body = json.loads(request.content) if request.content else {}
        return self._answer(request, path, body)

    def _answer(self, request: httpx.Request, path: str, body: dict) -> httpx.Response:
        limit = {"x-ratelimit-remaining": "4998", "x-ratelimit-limit": "5000"}
        if path.endswith("/user"):
            return httpx.Response(200, json={"login": "storefront", "full_name": "Storefront team"}, headers=limit)
        if path.endswith(("/repos/search", "/user/repos")):
            wanted, page = request.url.params.get("q", ""), int(request.url.params.get("page", "1"))
            found = [each for each in self.repositories if wanted in each["full_name"]]
            return httpx.Response(200, json={"ok": True, "data": found[(page - 1) * PAGE : page * PAGE]})
        if path.endswith("/branches"):
            return httpx.Response(200, json=[{"name": each, "commit": {"id": "a" * 40}} for each in self.branches])
        if path.endswith("/.env.example") and self.example:
            content = base64.b64encode(self.example.encode()).decode()
            return httpx.Response(200, json={"content": content, "encoding": "base64", "size": len(self.example)})
        if "/contents" in path:
            return self._contents(path.partition("/contents")[2].strip("/"))
        if "/statuses/" in path:
            self.statuses.append(body)
            return httpx.Response(201, json={"id": len(self.statuses)})
        for kind, kept in (("keys", self.keys), ("hooks", self.hooks)):
            if f"/{kind}" in path:
                return self._listed(request.method, path, body, kept)
        name = path.partition("/repos/")[2]
        found = [each for each in self.repositories if each["full_name"] == name]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={"message": "Not Found"})

    def _contents(self, path: str) -> httpx.Response:
        if path == "Dockerfile":
            content = base64.b64encode(b"FROM x\nEXPOSE 3000\n").decode()
            return httpx.Response(200, json={"content": content, "encoding": "base64", "size": 19})
        if path not in self.tree:
            return httpx.Response(404, json={"message": "Not Found"})
        names = [*self.tree[path], *([".env.example"] if self.example and not path else [])]
        return httpx.Response(
            200,
            json=[
                {"path": f"{path}/{name}".strip("/"), "type": "dir" if name.endswith("/") else "file"} for name in names
            ],
        )

    def _listed(self, method: str, path: str, body: dict, kept: list[dict]) -> httpx.Response:
        if method == "GET":
            return httpx.Response(200, json=kept)
        if method == "POST" and not path.endswith("/tests"):
            made = {"id": len(kept) + 1, "active": True, **body}
            kept.append(made)
            return httpx.Response(201, json=made)
        if method == "DELETE":
            kept[:] = [each for each in kept if str(each["id"]) != path.rpartition("/")[2]]
        return httpx.Response(204)


def with_accounts(workspace: Workspace, *rows: dict) -> RecordedHosts:
    """Let these accounts be signed in, and every host be a recorded one."""
    hosts, secrets = RecordedHosts(), KeptSecrets()
    for row in rows:
        secrets.kept[f"git account {row['id']}"] = json.dumps(
            {"access": "a-token", "refresh": "", "expires_at": "", "scopes": []}
        )
    workspace.set_setting(SETTING, list(rows))
    workspace.set_setting(CLIENT_IDS, {"https://github.com": "Iv1.0123456789abcdef"} if len(rows) > 1 else {})
    workspace._git = GitAccounts(secrets, workspace.setting, workspace.set_setting, httpx.MockTransport(hosts))
    return hosts
