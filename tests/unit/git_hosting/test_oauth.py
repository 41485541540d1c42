"""Signing in: the browser's part is played by an HTTP client, the host's by answers as RFC 6749 and RFC 8628 say."""

import asyncio
import base64
import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from godploy_desktop.core.git.accounts import GitAccounts, clean_address, token_page, ways
from godploy_desktop.core.questions import NoQuestions
from godploy_desktop.core.secrets import Secrets
from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.loopback import Loopback
from godploy_desktop.git_hosting.oauth import Endpoints, OAuth, Verifier
from godploy_desktop.git_hosting.values import HostKind, SignIn, Tokens
from godploy_desktop.local_store.vault import Vault
from godploy_server.contract import BadInput, Cancelled, NotAllowed, NotFound

pytestmark = pytest.mark.asyncio
ADDRESS = "https://git.example.org"
ENDPOINTS = Endpoints(f"{ADDRESS}/authorize", f"{ADDRESS}/token", f"{ADDRESS}/device")
ISSUED = {"access_token": "first", "refresh_token": "again", "expires_in": 3600, "scope": "api read"}


class Host:
    """The token endpoint of a host; `answers` are given in turn, the last one for ever."""

    def __init__(self, *answers, user=None):
        self.answers = list(answers)
        self.forms = []
        self.user = user or {"id": 7, "login": "someone", "full_name": "Some One"}
        self.authorization = []

    def __call__(self, request):
        if request.url.path.endswith("/user"):
            self.authorization.append(request.headers["authorization"])
            return httpx.Response(200, json=self.user)
        self.forms.append(dict(parse_qsl(request.content.decode())))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def transport(self):
        return httpx.MockTransport(self)


def browser(answer, seen=None):
    """A person's browser: opens the address and comes back with what `answer` makes of the query."""

    async def opened(address):
        query = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        if seen is not None:
            seen.update(query)

        async def come_back():
            async with httpx.AsyncClient(trust_env=False) as client:
                for each in answer(query):
                    await client.get(query["redirect_uri"], params=each)

        opened.task = asyncio.ensure_future(come_back())

    return opened


async def test_the_browser_flow_proves_itself_by_pkce():
    host, seen = Host(ISSUED), {}
    oauth = OAuth(ENDPOINTS, "a-client", ("api",), host.transport)
    tokens = await oauth.by_browser(browser(lambda query: [{"code": "c-1", "state": query["state"]}], seen))
    assert (tokens.access, tokens.refresh, tokens.scopes) == ("first", "again", ("api", "read"))
    form = host.forms[0]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (seen["code_challenge"], seen["code_challenge_method"]) == (challenge, "S256")
    assert (form["code"], form["redirect_uri"], form["client_id"]) == ("c-1", seen["redirect_uri"], "a-client")
    assert "client_secret" not in form
    assert seen["redirect_uri"].startswith("http://127.0.0.1:")
    assert "first" not in repr(tokens)


async def test_an_answer_with_another_state_is_not_the_answer():
    oauth = OAuth(ENDPOINTS, "a-client", ("api",), Host(ISSUED).transport)
    answers = lambda query: [{"code": "stolen", "state": "guessed"}, {"code": "c-1", "state": query["state"]}]  # noqa: E731
    host = Host(ISSUED)
    oauth = OAuth(ENDPOINTS, "a-client", ("api",), host.transport)
    await oauth.by_browser(browser(answers))
    assert host.forms[0]["code"] == "c-1"


async def test_answers_with_another_state_alone_end_the_sign_in_with_a_reason():
    oauth = OAuth(ENDPOINTS, "a-client", ("api",), Host(ISSUED).transport)
    opened = browser(lambda _query: [{"code": "stolen", "state": "gu€ssed"}, {"code": "stolen"}])
    with pytest.raises(Cancelled) as raised:
        await oauth.by_browser(opened, within_s=2)
    assert "another sign-in" in raised.value.problem.why
    with pytest.raises(Cancelled, match="did not come back"):
        await oauth.by_browser(browser(lambda _query: []), within_s=0.1)


async def test_a_port_that_is_taken_is_left_alone():
    async with Loopback() as first, Loopback(first.port) as second:
        assert second.port not in (0, first.port)
    async with Loopback(first.port) as again:
        assert again.port == first.port


async def test_a_refusal_in_the_browser_is_said():
    oauth = OAuth(ENDPOINTS, "a-client", ("api",), Host(ISSUED).transport)
    with pytest.raises(Cancelled, match="refused"):
        await oauth.by_browser(browser(lambda query: [{"error": "access_denied", "state": query["state"]}]))


async def test_the_device_flow_waits_as_it_is_told():
    asked = {
        "device_code": "d",
        "user_code": "AB-12",
        "verification_uri": "https://x.example/d",
        "interval": 0,
        "expires_in": 9,
    }
    host = Host(asked, {"error": "authorization_pending"}, ISSUED)
    shown = []
    tokens = await OAuth(ENDPOINTS, "a-client", ("api",), host.transport).by_device(shown.append)
    assert tokens.access == "first"
    assert (shown[0].user_code, shown[0].address) == ("AB-12", "https://x.example/d")
    assert host.forms[-1]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"
    with pytest.raises(Cancelled):
        await OAuth(ENDPOINTS, "a", (), Host(asked, {"error": "access_denied"}).transport).by_device(shown.append)
    late = {**asked, "expires_in": 0}
    with pytest.raises(Cancelled, match="no longer valid"):
        await OAuth(ENDPOINTS, "a", (), Host(late, ISSUED).transport).by_device(shown.append)
    refusal = Host({"error": "x", "error_description": "device flow is off"})
    with pytest.raises(NotAllowed, match="device flow is off"):
        await OAuth(ENDPOINTS, "a", (), refusal.transport).by_device(shown.append)


async def test_renewing_keeps_the_refresh_token_that_is_not_replaced():
    oauth = OAuth(ENDPOINTS, "a", (), Host({"access_token": "second", "expires_in": 60}).transport)
    renewed = await oauth.renew(Tokens("first", "again"))
    assert (renewed.access, renewed.refresh) == ("second", "again")
    with pytest.raises(SignInAgain):
        await OAuth(ENDPOINTS, "a", (), Host({"error": "invalid_grant"}).transport).renew(Tokens("first", "again"))


async def test_the_loopback_answers_one_path_and_shuts():
    async with Loopback() as loopback, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(loopback.address + "favicon.ico")).status_code == 404
        assert (await client.post(loopback.address + "?code=x")).status_code == 404
        good = await client.get(loopback.address, params={"code": "c", "state": "s"})
        assert "Signed in" in good.text
        assert "c" not in good.headers.get("location", "")
        assert await loopback.answer_to("s", 20) == {"code": "c", "state": "s"}
        page = loopback.show("On to the host", "It asks you", "<form></form>")
        assert "<form></form>" in (await client.get(page)).text
    with pytest.raises(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(loopback.address)


async def test_verifiers_are_as_long_as_the_standard_wants():
    assert 43 <= len(Verifier.new().secret) <= 128
    assert Verifier.new().secret != Verifier.new().secret


@pytest.fixture
def kept(tmp_path):
    """Settings in memory and a vault in an encrypted file."""
    vault = Vault(tmp_path / "vault")
    vault.choose_file("a passphrase")
    settings = {}

    def accounts(host):
        return GitAccounts(Secrets(vault, NoQuestions()), settings.get, settings.__setitem__, host.transport)

    return accounts, settings, tmp_path / "vault"


async def test_an_account_by_token_is_tried_kept_and_forgotten(kept):
    accounts, settings, vault = kept
    host = Host(ISSUED)
    mine = accounts(host)
    changes = []
    mine.changed.connect(changes.append)
    account = await mine.add_token(HostKind.GITEA, "git.example.org", " a-token ")
    assert (account.login, account.name, account.address) == ("someone", "Some One", ADDRESS)
    assert host.authorization == ["Bearer a-token"]
    assert "a-token" not in json.dumps(settings)
    assert b"a-token" not in vault.read_bytes()
    again = await mine.add_token(HostKind.GITEA, ADDRESS, "another")
    assert (again.id, len(mine.accounts)) == (account.id, 1)
    opened = mine.host(mine.find("someone@git.example.org"))
    await opened.who_am_i()
    assert host.authorization[-1] == "Bearer another"
    await opened.close()
    await mine.remove(again)
    assert mine.accounts == ()
    assert len(changes) == 3
    with pytest.raises(NotFound):
        mine.find("someone")
    with pytest.raises(SignInAgain):
        await mine.host(again).who_am_i()


async def test_a_browser_sign_in_is_renewed_by_itself(kept):
    accounts, _, _ = kept
    host = Host({**ISSUED, "expires_in": 60}, {"access_token": "second", "expires_in": 3600})
    mine = accounts(host)
    with pytest.raises(BadInput, match="client id"):
        await mine.sign_in_by_browser(HostKind.GITEA, ADDRESS, browser(lambda _: []))
    mine.set_client_id(ADDRESS, "a-client")
    come = browser(lambda query: [{"code": "c", "state": query["state"]}])
    account = await mine.sign_in_by_browser(HostKind.GITEA, ADDRESS, come)
    assert account.sign_in is SignIn.BROWSER
    opened = mine.host(account)
    await opened.who_am_i()
    assert host.authorization == ["Bearer first", "Bearer second"]  # the first is about to expire
    assert host.forms[-1]["grant_type"] == "refresh_token"
    await opened.close()


async def test_two_requests_at_once_spend_a_refresh_token_once(kept):
    accounts, _, _ = kept
    host = Host({**ISSUED, "expires_in": 60}, {"access_token": "second", "expires_in": 3600})
    mine = accounts(host)
    mine.set_client_id(ADDRESS, "a-client")
    come = browser(lambda query: [{"code": "c", "state": query["state"]}])
    account = await mine.sign_in_by_browser(HostKind.GITEA, ADDRESS, come)
    opened = [mine.host(account), mine.host(account)]
    await asyncio.gather(*(each.who_am_i() for each in opened))
    assert host.authorization[1:] == ["Bearer second", "Bearer second"]
    assert [form["grant_type"] for form in host.forms].count("refresh_token") == 1
    for each in opened:
        await each.close()


async def test_bitbucket_tokens_go_with_the_address_of_their_account(kept):
    accounts, _, _ = kept
    host = Host(ISSUED, user={"username": "someone", "display_name": "Some One"})
    await accounts(host).add_token(HostKind.BITBUCKET, "", "a-token", "someone@example.org")
    assert host.authorization == ["Basic " + base64.b64encode(b"someone@example.org:a-token").decode()]


async def test_addresses_and_pages():
    assert clean_address(HostKind.GITHUB, "") == "https://github.com"
    assert clean_address(HostKind.GITLAB, "git.example.org/") == ADDRESS
    for wrong in ("ftp://git.example.org", "https://user:secret@git.example.org", "https://"):
        with pytest.raises(BadInput) as raised:
            clean_address(HostKind.GITLAB, wrong)
        assert raised.value.problem.next_step
    assert "scopes=repo" in token_page(HostKind.GITHUB, "https://github.com")
    assert "scopes=api" in token_page(HostKind.GITLAB, ADDRESS)
    assert SignIn.TOKEN in ways(HostKind.BITBUCKET)
    assert SignIn.BROWSER not in ways(HostKind.GITHUB)
    assert _account().label == "someone@git.example.org"


def _account():
    from godploy_desktop.git_hosting.values import Account

    return Account("x", HostKind.GITEA, ADDRESS, "someone", "Some One", SignIn.TOKEN)
