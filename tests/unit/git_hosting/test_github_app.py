"""A GitHub App of one's own, from its manifest to the repositories that it reaches; see fake_github for the sources."""

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest

from godploy_desktop.core.git import linking
from godploy_desktop.core.git.accounts import SETTING as ACCOUNTS
from godploy_desktop.core.git.accounts import GitAccounts
from godploy_desktop.core.git.app_flow import AppWish, Patience, create, go_on, tell_server
from godploy_desktop.core.git.apps import SETTING as APPS
from godploy_desktop.core.git.linking import hook_of_app
from godploy_desktop.core.questions import NoQuestions
from godploy_desktop.core.secrets import Secrets
from godploy_desktop.core.tasks import Progress, TaskStepState
from godploy_desktop.git_hosting.app_token import app_token
from godploy_desktop.git_hosting.github import GitHub
from godploy_desktop.git_hosting.github_app import fetch_app
from godploy_desktop.git_hosting.github_manifest import check_name, check_organization, suggested_name
from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.values import Repository, SignIn
from godploy_desktop.local_store.vault import Vault, VaultKind, VaultMissing
from godploy_server.contract import (
    BadInput,
    Cancelled,
    Conflict,
    GitSource,
    Hook,
    HookHost,
    HookSecret,
    NotAllowed,
    NotFound,
    NotReady,
    SharedHook,
    Unreachable,
)
from tests.unit.git_hosting.fake_github import FakeGitHub, Person, form_of
from tests.unit.git_hosting.hosts import GITHUB_REPOSITORY

pytestmark = pytest.mark.asyncio


class KeptSecrets:
    """A vault that needs nobody: one in a file takes a second to open."""

    def __init__(self):
        self.kept = {}

    async def secret(self, name):
        return self.kept.get(name)

    async def keep_secret(self, name, secret):
        self.kept[name] = secret

    async def forget_secret(self, name):
        self.kept.pop(name, None)


class Agent:
    """What of a server's agent is asked. The real one is asked in tests/unit/agent and in the lab."""

    def __init__(self, address):
        self.hooks = {}
        self.of_service = None
        self.address = address

    async def info(self):
        return SimpleNamespace(http_port=80, https_port=443, public_address=self.address)

    async def services(self):
        return ()

    async def service(self, _service):
        return SimpleNamespace(domains=())

    async def shared_hooks(self):
        return tuple(self.hooks.values())

    async def set_shared_hook(self, wanted):
        self.hooks = {key: each for key, each in self.hooks.items() if each.page != wanted.page}
        path = f"/_godploy/hooks/{wanted.id}"
        self.hooks[wanted.id] = SharedHook(wanted.id, path, wanted.host, wanted.name, wanted.page)
        self.secret = wanted.secret
        return self.hooks[wanted.id]

    async def delete_shared_hook(self, hook):
        return self.hooks.pop(hook)

    async def hook(self, _service):
        if self.of_service is None:
            raise NotFound("no hook", "none", "none")
        return self.of_service

    async def set_hook(self, service, wanted):
        shared = self.of_service.shared if wanted.shared is None and self.of_service else wanted.shared
        path = f"/_godploy/hooks/{shared or 'e' * 40}"
        self.of_service = Hook(service, path, wanted.host or HookHost.GITHUB, True, (), (), shared or "")
        return self.of_service

    async def hook_secret(self, _service):
        return HookSecret(self.of_service.path, "a secret of its own")

    async def delete_hook(self, _service):
        gone, self.of_service = self.of_service, None
        return gone


class World:
    def __init__(self, vault=None, **github):
        self.github = FakeGitHub(**github)
        self.person = Person(self.github)
        self.settings = {}
        self.secrets = KeptSecrets() if vault is None else Secrets(vault, NoQuestions())
        self.git = GitAccounts(self.secrets, self.settings.get, self.settings.__setitem__, self.github.transport)
        self.server = SimpleNamespace(name="web-1", agent=Agent("8.8.8.8"))
        self.progress = Progress(lambda: None)

    @property
    def app(self):
        (app,) = self.github.apps.values()
        return app

    async def create(self, wish=None, creation_s=20, installation_s=20):
        return await create(
            self.git, wish or AppWish(server=self.server, name="Godploy web"), self.person.open, self.progress,
            Patience(creation_s, installation_s, look_every_s=0.05),
        )  # fmt: skip

    def states(self):
        return {each.key: each.state for each in self.progress.steps}


@pytest.fixture
def world():
    return World()


async def test_one_form_makes_the_app_with_its_webhook_and_its_permissions(world):
    account = await world.create()
    (action, fields) = world.person.forms[0]
    manifest = json.loads(fields["manifest"])
    assert action.startswith("https://github.com/settings/apps/new?state=")
    assert manifest["default_permissions"] == {
        "contents": "read", "metadata": "read", "administration": "write", "repository_hooks": "write",
        "statuses": "write",
    }  # fmt: skip
    assert manifest["public"] is False
    assert manifest["default_events"] == ["push"]
    assert manifest["redirect_url"].startswith("http://127.0.0.1:")
    assert manifest["callback_urls"] == ["http://127.0.0.1/", manifest["redirect_url"]]
    (hook,) = world.server.agent.hooks.values()
    assert manifest["hook_attributes"] == {"url": f"http://8.8.8.8{hook.path}", "active": True}
    assert (account.login, account.sign_in, account.client_id) == ("someone", SignIn.APP, world.app.client_id)
    assert set(world.states().values()) <= {TaskStepState.DONE, TaskStepState.RUNNING}
    (app,) = world.git.apps.all
    assert (app.page, app.slug) == ("https://github.com/apps/godploy-web", "godploy-web")
    assert world.person.opened[1] == "https://github.com/apps/godploy-web/installations/new"


async def test_the_server_gets_the_secret_that_github_made_and_github_sends_json(world):
    await world.create()
    assert world.server.agent.secret == world.app.webhook_secret
    assert world.app.hook["content_type"] == "json"
    assert world.app.hook["insecure_ssl"] == "0"
    assert world.app.hook["url"] == world.git.apps.all[0].webhook
    assert await hook_of_app(world.server, world.git.apps.all[0]) is not None


async def test_secrets_of_an_app_lie_in_the_vault_alone(tmp_path):
    vault = Vault(tmp_path / "vault")
    vault.choose_file("a passphrase")
    world = World(vault)
    await world.create()
    kept = json.dumps(world.settings)
    for secret in (world.app.client_secret, world.app.webhook_secret, "PRIVATE KEY", *world.github.tokens):
        assert secret not in kept
        assert secret.encode() not in (tmp_path / "vault").read_bytes()
    secrets = await world.git.apps.secrets_of(world.git.apps.all[0])
    assert secrets.client_secret == world.app.client_secret
    assert world.app.client_secret not in repr(secrets)
    assert not any(world.app.client_secret in each for each in world.github.asked)


async def test_signing_in_proves_itself_by_pkce_and_by_the_apps_secret(world):
    await world.create()
    (form,) = world.github.forms
    assert form["client_secret"] == world.app.client_secret
    assert len(form["code_verifier"]) >= 43
    assert "scope" not in world.person.opened[2]
    assert "code_challenge_method=S256" in world.person.opened[2]


async def test_tokens_are_renewed_with_the_secret_and_a_revoked_one_asks_to_sign_in_again(world):
    account = await world.create()
    world.github.tokens.clear()  # eight hours later
    host = world.git.host(account)
    assert (await host.who_am_i())[0] == "someone"
    assert world.github.forms[-1]["grant_type"] == "refresh_token"
    assert world.github.forms[-1]["client_secret"] == world.app.client_secret
    world.github.tokens.clear()
    world.github.refresh_tokens.clear()  # the person revoked it
    with pytest.raises(SignInAgain):
        await host.who_am_i()
    await host.close()
    again = await go_on(world.git, world.git.apps.all[0], world.person.open, world.progress)
    assert again.id == account.id
    assert world.states()["install"] is TaskStepState.SKIPPED


async def test_an_organization_can_own_the_app_and_no_server_need_be_told(world):
    await world.create(AppWish(organization="@team", name="Godploy team"))
    action, fields = world.person.forms[0]
    assert action.startswith("https://github.com/organizations/team/settings/apps/new?")
    manifest = json.loads(fields["manifest"])
    assert "hook_attributes" not in manifest
    assert "default_events" not in manifest
    (app,) = world.git.apps.all
    assert (app.webhook, app.is_organization) == ("", True)
    assert app.settings_page == "https://github.com/organizations/team/settings/apps/godploy-team"
    assert world.states()["hook"] is TaskStepState.SKIPPED
    with pytest.raises(Conflict, match="turned on by hand"):
        await tell_server(world.git, app, world.server)
    assert await hook_of_app(world.server, app) is None


async def test_enterprise_server_is_reached_by_its_address():
    world = World(address="https://github.example.org")
    world.server.agent.address = "10.0.0.7"  # it may be on the same private network
    account = await world.create(AppWish("github.example.org", "Godploy web", server=world.server))
    assert account.address == "https://github.example.org"
    assert world.git.apps.all[0].page == "https://github.example.org/github-apps/godploy-web"
    assert any("github.example.org/api/v3/app-manifests/" in each for each in world.github.asked)


async def test_github_is_not_given_an_address_that_it_cannot_reach(world):
    world.server.agent.address = "10.0.0.7"
    with pytest.raises(BadInput, match="cannot reach web-1"):
        await world.create()
    assert world.person.opened == []


async def test_a_page_that_is_closed_ends_with_a_reason_and_leaves_nothing(world):
    world.github.refuses = "create"
    with pytest.raises(Cancelled) as raised:
        await world.create(creation_s=1)
    assert "did not come back" in raised.value.problem.why
    assert (world.settings.get(APPS), world.settings.get(ACCOUNTS), world.server.agent.hooks) == (None, None, {})


async def test_an_answer_with_another_state_makes_no_app(world):
    async def open_and_lie(address):
        async with httpx.AsyncClient(trust_env=False) as client:
            _, fields = form_of((await client.get(address)).text)
            await client.get(json.loads(fields["manifest"])["redirect_url"], params={"code": "c", "state": "guessed"})

    world.person.open = open_and_lie
    with pytest.raises(Cancelled) as raised:
        await world.create(creation_s=1)
    assert "another sign-in" in raised.value.problem.why
    assert not any("conversions" in each for each in world.github.asked)


async def test_the_page_with_the_form_is_at_an_address_that_nobody_guesses(world):
    await world.create()
    form = httpx.URL(world.person.opened[0])
    assert form.host == "127.0.0.1"
    assert len(form.path) > 20
    assert world.person.forms[0][0].partition("state=")[2] not in str(form)


async def test_a_code_is_good_once(world):
    await world.create()
    code = next(each for each in world.github.asked if "conversions" in each).split("/")[-2]
    with pytest.raises(NotAllowed, match="used already"):
        await fetch_app("https://github.com", code, world.github.transport)


async def test_an_app_that_nobody_installs_stays_and_can_be_gone_on_with(world):
    world.github.refuses = "install"
    with pytest.raises(Cancelled) as raised:
        await world.create(installation_s=1)
    assert "installations/new" in raised.value.problem.next_step
    assert world.settings.get(ACCOUNTS) is None
    (app,) = world.git.apps.all
    world.github.refuses = ""
    account = await go_on(world.git, app, world.person.open, world.progress, Patience(look_every_s=0.05))
    assert account.login == "someone"


async def test_a_refused_sign_in_keeps_no_account(world):
    world.github.refuses = "authorize"
    with pytest.raises(Cancelled, match="refused"):
        await world.create()
    assert world.settings.get(ACCOUNTS) is None
    assert len(world.git.apps.all) == 1


@pytest.mark.parametrize("step", ["create", "install", "authorize"])
async def test_it_can_be_cancelled_at_every_step(world, step):
    world.github.refuses = step
    if step == "authorize":
        world.person.open = _opens_all_but(world.person.open, "login/oauth")
    running = asyncio.ensure_future(world.create())
    wanted = {"create": "create", "install": "install", "authorize": "sign-in"}[step]
    await until(lambda: world.states().get(wanted) is TaskStepState.RUNNING and world.person.opened)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert world.settings.get(ACCOUNTS) is None
    assert len(world.git.apps.all) == (0 if step == "create" else 1)


async def until(is_so):
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  nothing tells of what the person sees
            await asyncio.sleep(0.02)


def _opens_all_but(open_browser, part):
    async def opened(address):
        if part not in address:
            await open_browser(address)

    return opened


async def test_an_app_that_github_made_is_kept_even_if_the_flow_is_cancelled_then(world):
    asked = asyncio.Event()
    transport = world.github.transport

    async def slowly(request):
        if "conversions" in str(request.url):
            asked.set()
            await asyncio.sleep(0.3)
        return await transport.handle_async_request(request)

    world.git.apps._transport = httpx.MockTransport(slowly)
    running = asyncio.ensure_future(world.create())
    await asyncio.wait_for(asked.wait(), 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (app,) = world.git.apps.all
    assert (await world.git.apps.secrets_of(app)).client_secret == world.app.client_secret


async def test_without_a_place_for_secrets_no_app_is_made(tmp_path):
    world = World()
    missing = Vault(tmp_path / "none")
    missing.kind = lambda: VaultKind.MISSING
    world.git.apps._secrets = Secrets(missing, NoQuestions())
    with pytest.raises(VaultMissing):
        await world.create()
    assert world.person.opened == []


async def test_a_server_is_told_anew_and_what_fails_at_github_leaves_no_hook(world):
    await world.create()
    (app,) = world.git.apps.all
    other = SimpleNamespace(name="web-2", agent=Agent("9.9.9.9"))
    moved = await tell_server(world.git, app, other)
    assert world.app.hook["url"] == f"http://9.9.9.9{moved.path}"
    now = world.git.apps.all[0]
    assert await hook_of_app(other, now) is not None
    assert await hook_of_app(world.server, now) is None  # its services are linked with webhooks of their own
    world.github.apps.clear()  # deleted at GitHub
    third = SimpleNamespace(name="web-3", agent=Agent("1.1.1.1"))
    with pytest.raises(NotAllowed, match="does not know"):
        await tell_server(world.git, now, third)
    assert third.agent.hooks == {}
    assert world.git.apps.all[0].webhook == now.webhook


async def test_an_app_is_forgotten_with_the_accounts_that_it_signed_in(world):
    account = await world.create()
    (app,) = world.git.apps.all
    await world.git.forget_app(app)
    assert (world.git.apps.all, world.git.accounts) == ((), ())
    with pytest.raises(SignInAgain):
        await world.git.apps.secrets_of(app)
    with pytest.raises(SignInAgain):
        await world.git.host(account).who_am_i()


SERVICE = SimpleNamespace(
    id="s-1",
    name="web",
    deploy_key="ssh-ed25519 AAAA godploy",
    settings=SimpleNamespace(source=GitSource("git@github.com:team/shop.git")),
)
SHOP = Repository("team/shop", "git@github.com:team/shop.git", "", "main", True, None)


async def test_a_service_at_the_apps_server_gets_a_key_and_no_webhook_of_its_own(world):
    host = world.git.host(await world.create())
    linked = await linking.link(world.server, SERVICE, host, SHOP, world.progress)
    assert (len(world.github.kept["keys"]), world.github.kept["hooks"]) == (1, {})
    assert world.server.agent.of_service.shared in world.server.agent.hooks
    assert linked.webhook.url == world.app.hook["url"]
    found = await linking.look(world.server, SERVICE, host, "team/shop")
    assert (found.webhook, found.shared.name) == (None, "Godploy web")
    with pytest.raises(Conflict, match="sends no test"):
        await linking.try_webhook(world.server, SERVICE, host, "team/shop")
    await linking.unlink(world.server, SERVICE, host, "team/shop")
    assert world.github.kept["keys"] == {}
    assert world.server.agent.of_service is None
    assert len(world.server.agent.hooks) == 1  # it is the app's, not the service's
    await host.close()


async def test_at_any_other_server_the_service_gets_a_webhook_and_going_over_removes_it(world):
    host = world.git.host(await world.create())
    other = SimpleNamespace(name="web-2", agent=Agent("9.9.9.9"))
    await linking.link(other, SERVICE, host, SHOP, world.progress)
    (webhook,) = world.github.kept["hooks"].values()
    assert webhook["config"]["url"].startswith("http://9.9.9.9/_godploy/hooks/")
    assert other.agent.of_service.shared == ""
    await tell_server(world.git, world.git.apps.all[0], other)
    await host.close()
    host = world.git.host(world.git.accounts[0])
    await linking.link(other, SERVICE, host, SHOP, world.progress)
    assert world.github.kept["hooks"] == {}  # or each push would come twice
    assert other.agent.of_service.shared in other.agent.hooks
    await linking.link(world.server, SERVICE, host, SHOP, world.progress)  # the app tells another server now
    assert len(world.github.kept["hooks"]) == 1
    await host.close()


def repository(number):
    moment = datetime.fromtimestamp(1_700_000_000 + number * 60, UTC).isoformat()
    return {**GITHUB_REPOSITORY, "id": number, "full_name": f"team/shop-{number}", "pushed_at": moment}


async def test_two_thousand_repositories_are_read_once_and_searched_here():
    world = World(repositories=[repository(number) for number in range(2050)])
    host = world.git.host(await world.create())
    first = await host.repositories()
    assert [each.full_name for each in first.items[:2]] == ["team/shop-2049", "team/shop-2048"]  # newest change first
    assert first.items[0].can_administer
    asked = len(world.github.asked)
    assert sum("/repositories?" in each for each in world.github.asked) == 21
    found = await host.repositories("Shop-20")
    assert len(found.items) == 61
    (one,) = (await host.repositories("TEAM 1999")).items
    assert one.full_name == "team/shop-1999"
    pages, page = [first], first.next
    while page:
        pages.append(await host.repositories("", page))
        page = pages[-1].next
    assert len({each.full_name for one in pages for each in one.items}) == 2050
    assert len(world.github.asked) == asked  # nothing more was asked
    host.fresh_s = 0
    await host.repositories()
    assert len(world.github.asked) > asked  # a while later: perhaps it was let reach more
    with pytest.raises(BadInput):
        await host.repositories("", "https://elsewhere.example.org/")
    assert host.app.install_page.endswith("/installations/new")
    await host.close()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"id": 1}, Unreachable),
        (
            {
                "id": 1,
                "client_id": "x",
                "client_secret": "y",
                "pem": "z",
                "html_url": "https://elsewhere.example.org/apps/a",
            },
            Unreachable,
        ),
    ],
)
async def test_an_app_that_is_not_whole_is_not_kept(content, error):
    transport = httpx.MockTransport(lambda _: httpx.Response(201, json=content))
    with pytest.raises(error, match="Delete the app"):
        await fetch_app("https://github.com", "a-code", transport)


async def test_names_that_github_would_refuse_are_refused_before():
    assert check_name(" Godploy web ") == "Godploy web"
    assert len(suggested_name("o" * 60)) <= 34
    assert suggested_name() != suggested_name()
    assert check_name(suggested_name("team"))
    for wrong in ("", "x" * 35, "<b>", "-x"):
        with pytest.raises(BadInput):
            check_name(wrong)
    assert (check_organization("@team"), check_organization("  ")) == ("team", "")
    with pytest.raises(BadInput):
        check_organization("team/../x")


async def test_a_damaged_key_is_said():
    with pytest.raises(NotReady, match="private key"):
        app_token("1", "no key", datetime.now(UTC))


async def test_the_api_is_where_each_kind_of_github_has_it():
    assert GitHub.api("https://github.com") == "https://api.github.com"
    assert GitHub.api("https://team.ghe.com") == "https://api.team.ghe.com"
    assert GitHub.api("https://github.example.org") == "https://github.example.org/api/v3"
