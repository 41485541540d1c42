"""GitHub as far as apps go, and a person's browser in front of it. GitHub cannot run here.

Written from GitHub's published descriptions: REST API 2022-11-28 (“Apps”: conversions, installations; “GitHub App
webhooks”), and the docs “Registering a GitHub App from a manifest”, “Generating a user access token for a GitHub App”,
“Refreshing user access tokens” and “Authorizing OAuth apps” (PKCE, loopback), as of 2026. With an address of its own it
is GitHub Enterprise Server, whose API is below /api/v3 and whose apps are at /github-apps/.
"""

import asyncio
import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NOT_TO_BE_LISTED = {"installation", "installation_repositories", "github_app_authorization", "ping", "meta"}


@cache
def private_key():
    """One key for all apps of a run: making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem():
    key = private_key()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@dataclass
class App:
    number: int
    manifest: dict
    owner: str
    is_organization: bool
    client_id: str
    client_secret: str
    webhook_secret: str
    hook: dict = field(default_factory=dict)
    installations: list = field(default_factory=list)

    @property
    def slug(self):
        return re.sub(r"[^a-z0-9]+", "-", self.manifest["name"].lower()).strip("-")


class Answer(Exception):
    """Ends a request with this answer."""

    def __init__(self, status, content=None, headers=None):
        self.status, self.content, self.headers = status, content, headers or {}


class FakeGitHub:
    """`person` says what the person at the browser does: agree, or refuse at "create", "install" or "authorize"."""

    def __init__(self, address="https://github.com", repositories=()):
        self.address = address
        self.is_public = address == "https://github.com"
        self.api = "https://api.github.com" if self.is_public else f"{address}/api/v3"
        self.repositories = list(repositories)
        self.apps, self.codes, self.sign_ins, self.tokens, self.refresh_tokens = {}, {}, {}, {}, {}
        self.kept = {"keys": {}, "hooks": {}}  # of the one repository that services are linked to
        self.refuses = ""
        self.asked, self.forms = [], []

    @property
    def transport(self):
        return httpx.MockTransport(self._mocked)

    def _mocked(self, request):
        status, headers, content = self.answer(request.method, str(request.url), dict(request.headers), request.content)
        return httpx.Response(status, headers=headers, content=content)

    def answer(self, method, url, headers, body):
        """Give status, header fields and content for a request to any of GitHub's addresses."""
        self.asked.append(f"{method} {url}")
        try:
            self._route(method, url, {name.lower(): value for name, value in headers.items()}, body)
        except Answer as answer:
            content = answer.content
            if isinstance(content, str):
                return answer.status, {"content-type": "text/html", **answer.headers}, content.encode()
            encoded = b"" if content is None else json.dumps(content).encode()
            return answer.status, {"content-type": "application/json", **answer.headers}, encoded
        raise AssertionError(f"nothing answers {method} {url}")

    def _route(self, method, url, headers, body):
        if url.startswith(f"{self.api}/"):
            self._of_api(method, url, headers, body)
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if method == "POST" and (found := re.fullmatch(r"(?:/organizations/([^/]+))?/settings/apps/new", parts.path)):
            self._create(found[1] or "", query.get("state"), dict(parse_qsl(body.decode())))
        if found := re.fullmatch(r"/(?:apps|github-apps)/([^/]+)/installations/new", parts.path):
            self._install(found[1])
        if parts.path == "/login/oauth/authorize":
            self._authorize(query)
        if method == "POST" and parts.path == "/login/oauth/access_token":
            self._give_token(dict(parse_qsl(body.decode())))
        raise Answer(404, {"message": "Not Found"})

    # pages that the person sees

    def _create(self, organization, state, form):
        manifest = json.loads(form["manifest"])
        hook = manifest.get("hook_attributes")
        assert len(manifest["name"]) <= 34
        assert manifest["url"].startswith("http")
        if hook is not None and not hook.get("url"):
            raise Answer(422, 'Invalid GitHub App configuration. Error "url" wasn\'t supplied.')
        if set(manifest.get("default_events", ())) & NOT_TO_BE_LISTED:
            raise Answer(422, "Default events unsupported")
        if self.refuses == "create":
            raise Answer(200, "The person looks at the page and closes it")
        number = 1000 + len(self.apps)
        app = App(
            number, manifest, organization or "someone", bool(organization),
            f"Iv23{secrets.token_hex(8)}", secrets.token_hex(20), secrets.token_hex(20) if hook else "",
            dict(hook or {}),
        )  # fmt: skip
        code = secrets.token_hex(20)
        self.apps[app.slug] = self.codes[code] = app
        self._back(manifest["redirect_url"], {"code": code, **({"state": state} if state else {})})

    def _install(self, slug):
        if self.refuses != "install":
            self.apps[slug].installations.append(7)
        raise Answer(200, "Installed")

    def _authorize(self, query):
        app = next(each for each in self.apps.values() if each.client_id == query["client_id"])
        redirect = query["redirect_uri"]
        known = app.manifest["callback_urls"]
        if redirect not in known and re.sub(r":\d+/", "/", redirect) not in known:
            raise Answer(400, "The redirect_uri is not associated with this application")
        if self.refuses == "authorize":
            self._back(redirect, {"error": "access_denied", "error_description": "no", "state": query["state"]})
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(10)
        self.sign_ins[code] = (app, redirect, query["code_challenge"])
        self._back(redirect, {"code": code, "state": query["state"]})

    def _back(self, address, query):
        raise Answer(302, "", {"location": f"{address}?{urlencode(query)}"})

    # what programs ask

    def _give_token(self, form):
        self.forms.append(form)
        app = next((each for each in self.apps.values() if each.client_id == form["client_id"]), None)
        if app is None or form.get("client_secret") != app.client_secret:
            raise Answer(
                200,
                {
                    "error": "incorrect_client_credentials",
                    "error_description": "The client_id and/or client_secret passed are incorrect.",
                },
            )
        if form.get("grant_type") == "refresh_token":
            if self.refresh_tokens.pop(form["refresh_token"], None) is not app:
                raise Answer(
                    200,
                    {
                        "error": "bad_refresh_token",
                        "error_description": "The refresh token passed is incorrect or expired.",
                    },
                )
        else:
            found = self.sign_ins.pop(form["code"], None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if found != (app, form["redirect_uri"], challenge):
                raise Answer(
                    200,
                    {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."},
                )
        access, refresh = f"ghu_{secrets.token_hex(18)}", f"ghr_{secrets.token_hex(36)}"
        self.tokens, self.refresh_tokens[refresh] = {access: app}, app  # the old token ends with the new one
        raise Answer(200, {
            "access_token": access, "expires_in": 28800, "refresh_token": refresh, "refresh_token_expires_in": 15897600,
            "scope": "", "token_type": "bearer",
        })  # fmt: skip

    def _of_api(self, method, url, headers, body):
        parts = urlsplit(url[len(self.api) :])
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method == "POST" and (found := re.fullmatch(r"/app-manifests/([^/]+)/conversions", parts.path)):
            self._convert(found[1])
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if parts.path.startswith("/app/"):
            self._of_app(method, parts.path, self._app_of(bearer), body)
        if bearer not in self.tokens:
            raise Answer(401, {"message": "Bad credentials"})
        if parts.path == "/user":
            raise Answer(200, {"login": "someone", "name": "Some One"})
        app = self.tokens[bearer]
        if parts.path == "/user/installations":
            listed = [{"id": each, "app_id": app.number, "suspended_at": None} for each in app.installations]
            raise Answer(200, {"total_count": len(listed), "installations": listed})
        if re.fullmatch(r"/user/installations/7/repositories", parts.path):
            self._page_of_repositories(query)
        if found := next((each for each in self.repositories if parts.path == f"/repos/{each['full_name']}"), None):
            raise Answer(200, found)
        if found := re.fullmatch(r"/repos/team/[^/]+/(keys|hooks)(?:/(\d+))?", parts.path):
            self._of_repository(method, self.kept[found[1]], found[2], body)
        raise Answer(404, {"message": "Not Found"})

    def _of_repository(self, method, kept, number, body):
        if method == "GET":
            raise Answer(200, list(kept.values()))
        if method == "DELETE":
            raise Answer(204 if kept.pop(number, None) else 404)
        made = {"id": len(kept) + 1, "active": True, **json.loads(body)}
        kept[str(made["id"])] = made
        raise Answer(201, made)

    def _convert(self, code):
        app = self.codes.pop(code, None)
        if app is None:
            raise Answer(404, {"message": "Not Found"})
        folder = "apps" if self.is_public else "github-apps"
        raise Answer(201, {
            "id": app.number, "slug": app.slug, "node_id": "x", "name": app.manifest["name"],
            "owner": {"login": app.owner, "type": "Organization" if app.is_organization else "User"},
            "client_id": app.client_id, "client_secret": app.client_secret,
            "webhook_secret": app.webhook_secret or None,
            "pem": pem(), "html_url": f"{self.address}/{folder}/{app.slug}", "external_url": app.manifest["url"],
            "permissions": app.manifest["default_permissions"], "events": app.manifest.get("default_events", []),
        })  # fmt: skip

    def _app_of(self, token):
        try:
            head, claims, signature = token.split(".")
            private_key().public_key().verify(
                _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            told = json.loads(_decoded(claims))
        except Exception:
            raise Answer(401, {"message": "A JSON web token could not be decoded"}) from None
        app = next((each for each in self.apps.values() if str(each.number) == told["iss"]), None)
        is_timely = told["iat"] <= time.time() and time.time() < told["exp"] <= time.time() + 600
        if app is None or not is_timely or json.loads(_decoded(head)) != {"alg": "RS256", "typ": "JWT"}:
            raise Answer(401, {"message": "Integration not found"})
        return app

    def _of_app(self, method, path, app, body):
        if (method, path) == ("GET", "/app/installations"):
            raise Answer(200, [{"id": each} for each in app.installations])
        if (method, path) == ("PATCH", "/app/hook/config"):
            app.hook |= json.loads(body)
            raise Answer(
                200, {"url": app.hook["url"], "content_type": "json", "insecure_ssl": "0", "secret": "********"}
            )
        raise Answer(404, {"message": "Not Found"})

    def _page_of_repositories(self, query):
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        assert size <= 100
        listed = self.repositories[(number - 1) * size : number * size]
        raise Answer(
            200, {"total_count": len(self.repositories), "repository_selection": "all", "repositories": listed}
        )

    # what it sends

    def push(self, app, clone_url, commit, *, ref="refs/heads/main", secret=""):
        """Give header fields and body of the delivery that tells of a push, signed with the app's secret."""
        body = json.dumps({
            "ref": ref, "before": "0" * 40, "after": commit, "forced": False,
            "head_commit": {"id": commit, "message": "Say hello", "author": {"name": "A. Author"}},
            "commits": [], "repository": {"full_name": "team/shop", "clone_url": clone_url},
            "installation": {"id": 7},
        }).encode()  # fmt: skip
        key = secret or app.hook.get("secret") or app.webhook_secret
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        fields = {
            "X-GitHub-Event": "push", "X-GitHub-Delivery": secrets.token_hex(16), "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={signature}", "User-Agent": "GitHub-Hookshot/0000000",
            "X-GitHub-Hook-Installation-Target-Type": "integration",
        }  # fmt: skip
        return fields, body


def form_of(page):
    """Give the address and the fields of the form on a page; None where it has none."""
    found = re.search(r'<form action="([^"]*)" method="post">(.*?)</form>', page, re.DOTALL)
    if found is None:
        return None
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[2])
    return html.unescape(found[1]), {name: html.unescape(value) for name, value in fields}


class Person:
    """A browser and who sits before it: opens a page, sends the form on it, follows where it leads."""

    def __init__(self, github):
        self.github = github
        self.opened, self.forms, self.visits = [], [], []

    async def open(self, address):
        self.visit(address)

    def visit(self, address):
        self.opened.append(address)
        self.visits.append(asyncio.ensure_future(self._visit(address)))

    async def _visit(self, address):
        mounts = {f"all://{httpx.URL(self.github.address).host}": self.github.transport}
        async with httpx.AsyncClient(
            mounts=mounts, trust_env=False, verify=False, follow_redirects=True, timeout=20
        ) as client:
            page = await client.get(address)
            if (found := form_of(page.text)) is not None:
                self.forms.append(found)
                page = await client.post(found[0], data=found[1])
            return page


def _decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
