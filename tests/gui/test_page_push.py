"""The Push tab: what deploys by itself, the webhook and its secret, linking, and the deliveries."""

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu

from godploy_desktop.core.git import hook_test
from godploy_desktop.core.git.hook_words import HookTested
from godploy_desktop.core.git.likely import likely_host
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.push_words import (
    MASK,
    commit_words,
    event_words,
    parse_patterns,
    patterns_text,
    rule_words,
    verdict_words,
)
from godploy_server.contract import (
    BadInput,
    DeliveryReceived,
    GitSource,
    HookEvent,
    HookHost,
    NotAllowed,
    Problem,
    SetHook,
    Unreachable,
    Verdict,
)
from tests.gui.page_story import tell
from tests.gui.recorded import pushes, snapshots
from tests.gui.recorded.git_hosts import OURS, with_accounts
from tests.gui.recorded.scenes import API
from tests.gui.recorded.workspace import recorded_workspace

PUSH = API.on("push")
SOURCE = GitSource("git@git.example.com:storefront/api.git")


@pytest.fixture
def story(qapp, tmp_path):
    """Runs a plot at the tab. `page.hosts` are the recorded git hosts."""

    def run(plot, hook=pushes.HOOK, deliveries=pushes.DELIVERIES, accounts=(OURS,), before=lambda _agent: None):
        made = []

        def make():
            workspace = recorded_workspace(tmp_path)
            agent = workspace.servers[0].agent
            agent.kept_hook, agent.kept_deliveries = hook, deliveries
            before(agent)
            made.append(with_accounts(workspace, *accounts))
            return workspace

        async def with_hosts(page):
            page.hosts = made[0]
            await plot(page)

        tell(qapp, tmp_path, PUSH, with_hosts, make)

    return run


def test_what_deploys_is_told_in_a_sentence():
    hook = pushes.hook_of(snapshots.API.id)
    assert rule_words(None, SOURCE) == "Nothing deploys by itself yet"
    assert rule_words(hook, SOURCE) == "A push to main deploys"
    assert rule_words(pushes.HOOK, SOURCE) == "A push to main deploys where it changes api/**; so does a tag like v*"
    assert "pinned to tag v1" in rule_words(hook, replace(SOURCE, tag="v1"))
    assert rule_words(replace(hook, is_on=False), SOURCE).startswith("Off")


def test_deliveries_are_told_in_words():
    push, ignored, refused, tag, _, ping = pushes.DELIVERIES
    assert [event_words(each) for each in (push, tag, ping)] == ["Push to main", "Tag nightly", "Test"]
    assert event_words(replace(push, is_redelivery=True)) == "Push to main, again"
    assert event_words(refused) == "Delivery"
    assert commit_words(ignored) == "b7d20c4 Describe the new endpoints in the handbook"
    assert commit_words(ping) == ""
    assert {verdict_words(each)[0] for each in Verdict} == {"Deployed", "Ignored", "Answered", "Refused"}


def test_patterns_are_one_a_line():
    assert parse_patterns(" web/** \n\nlib/*.py\n") == ("web/**", "lib/*.py")
    assert parse_patterns(patterns_text(("v*", "release-*"))) == ("v*", "release-*")
    for wrong in ("/web/**", "x" * 201, "\n".join(map(str, range(51)))):
        with pytest.raises(BadInput):
            parse_patterns(wrong)


@pytest.mark.parametrize(
    ("url", "host"),
    [("git@github.com:a/b.git", HookHost.GITHUB), ("https://gitlab.example.org/a/b", HookHost.GITLAB),
     ("git@bitbucket.org:a/b.git", HookHost.BITBUCKET), ("git@git.example.com:a/b.git", HookHost.GITEA)],
)  # fmt: skip
def test_the_kind_of_host_is_guessed_from_the_address(url, host):
    assert likely_host(url) is host


def test_a_service_without_a_hook_is_set_up_by_hand(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-by-hand"))
        assert "Nothing deploys by itself yet" in page.words()
        assert not page.is_shown("push-address")
        await page.press("push-by-hand")
        assert page.agent.asked[-1] == ("set_hook", snapshots.API.id, SetHook(host=HookHost.GITEA, is_on=True))
        assert page.find("push-address").value() == f"https://api.example.com{page.agent.kept_hook.path}"
        assert page.find("push-switch").isChecked()

    story(plot, hook=None, deliveries=())


def test_the_secret_is_read_only_when_it_is_shown_or_copied(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-secret"))
        assert page.find("push-secret").text() == MASK
        assert page.agent.asked == []
        await page.press("copy-push-secret")
        assert QGuiApplication.clipboard().text() == pushes.SECRET
        assert page.find("push-secret").text() == MASK
        await page.press("reveal-push-secret")
        assert page.find("push-secret").text() == pushes.SECRET
        await page.press("reveal-push-secret")
        assert page.find("push-secret").text() == MASK
        assert [each[0] for each in page.agent.asked] == ["hook_secret", "hook_secret"]

    story(plot)


def test_deploying_on_push_is_turned_off_and_what_deploys_is_changed(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-switch"))
        await page.press("push-switch")
        assert page.agent.asked[-1] == ("set_hook", snapshots.API.id, SetHook(is_on=False))
        assert "Off: deliveries" in page.words()
        await page.type("push-tags", "/v")
        await page.press("save-push")
        assert len(page.agent.asked) == 1  # such a pattern is not sent
        await page.type("push-tags", "v*")
        await page.type("push-paths", "")
        await page.press("save-push")
        wanted = SetHook(host=HookHost.GITEA, tag_patterns=("v*",), watch_paths=())
        assert page.agent.asked[-1] == ("set_hook", snapshots.API.id, wanted)
        assert not page.find("save-push").isEnabled()

    story(plot)


def test_a_switch_that_the_server_refuses_goes_back(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-switch"))
        page.agent.refuse["set_hook"] = NotAllowed("You may not do that", "the session may only read", "Ask for more")
        await page.press("push-switch")
        assert page.find("push-switch").isChecked()
        assert "may only read" in page.find("problem-panel").problem.why

    story(plot)


def test_a_new_address_and_secret_are_made_after_a_question(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-address"))
        before = page.find("push-address").value()
        await page.press("renew-push-secret")
        await page.press("confirm-renew-push")
        assert page.agent.asked[-1] == ("set_hook", snapshots.API.id, SetHook(renews_secret=True))
        assert page.find("push-address").value() != before

    story(plot)


def test_linking_adds_the_key_and_the_webhook_at_the_host_and_unlinking_takes_them_away(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("link-repository"))
        await page.press("link-repository")
        await page.until(lambda: page.is_shown("push-switch"))
        assert [each["key"] for each in page.hosts.keys] == [" ".join(snapshots.API.deploy_key.split()[:2])]
        assert page.hosts.hooks[0]["config"]["secret"] == pushes.SECRET
        assert page.agent.kept_hook.is_on
        await page.until(lambda: page.find("unlink-repository").isEnabled())
        await page.press("test-push")
        await page.until(lambda: any(each.endswith("/tests") for each in page.hosts.asked))
        await page.until(lambda: page.find("unlink-repository").isEnabled())
        await page.press("unlink-repository")
        await page.press("confirm-unlink")
        await page.until(lambda: page.is_shown("push-by-hand"))
        assert (page.hosts.keys, page.hosts.hooks) == ([], [])

    story(plot, hook=None, deliveries=())


def test_linking_without_an_account_lets_a_person_sign_in_and_goes_on(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("link-repository"))
        await page.press("link-repository")
        await page.press("git-host-gitea")
        await page.type("git-address", "git.example.com")
        await page.type("git-token", "a-token")
        await page.press("sign-in")
        await page.until(lambda: page.hosts.hooks)

    story(plot, hook=None, deliveries=(), accounts=())


def test_of_several_accounts_that_fit_one_is_chosen(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("link-repository"))
        await page.press("link-repository")
        window = page.page.window()
        action, menu = window.findChild(QAction, "use-account-ops@git.example.com"), window.findChild(QMenu)
        assert page.hosts.asked == []
        action.trigger()
        menu.close()
        await page.until(lambda: page.hosts.hooks)

    story(plot, hook=None, deliveries=(), accounts=(OURS, OURS | {"id": "a3", "login": "ops"}))


def test_an_account_of_another_host_is_told_apart(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("test-push"))
        await page.press("test-push")
        page.find("git-way").choose("token")
        await page.type("git-token", "a-token")
        await page.press("sign-in")  # at GitHub, where this repository is not
        await page.until(lambda: page.is_shown("problem-panel"))
        assert "another host" in page.find("problem-panel").problem.why

    story(plot, accounts=())


def test_without_an_account_unlinking_says_what_stays_at_the_host(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("unlink-repository"))
        assert page.find("push-deploy-key").value() == snapshots.API.deploy_key
        await page.press("unlink-repository")
        assert "at the host yourself" in page.words()
        await page.press("confirm-unlink")
        await page.until(lambda: page.is_shown("push-by-hand"))
        assert page.agent.asked == [("delete_hook", snapshots.API.id)]

    story(plot, accounts=())


def test_a_revoked_token_is_told_where_one_links_and_leads_to_signing_in(story):
    async def plot(page):
        page.hosts.refuses = True
        await page.until(lambda: page.is_shown("link-repository"))
        await page.press("link-repository")
        await page.until(lambda: page.is_shown("sign-in-again"))
        assert page.find("link-repository").isEnabled()

    story(plot, hook=None)


def test_a_delivery_comes_into_sight_by_itself(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("redeliver-delivery-1"))
        fresh = pushes.delivery(7, 0, HookEvent.PUSH, Verdict.DEPLOYED, "branch “main” has commit 0123456789ab")
        page.agent.kept_deliveries = (fresh, *page.agent.kept_deliveries)
        page.server.model.apply(DeliveryReceived(fresh))
        await page.until(lambda: page.is_shown("redeliver-delivery-7"))

    story(plot)


def test_a_delivery_leads_to_its_deployment_and_is_decided_anew(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("delivery-deployment-delivery-6"))
        await page.press("delivery-deployment-delivery-6")
        assert page.shell.went[-1].deployment == snapshots.API_RUNNING.id
        await page.press("redeliver-delivery-5")
        assert page.agent.asked[-1] == ("redeliver", "delivery-5")
        await page.until(lambda: page.is_shown("redeliver-delivery-5-again"))
        assert page.find("redeliver-delivery-5").isEnabled()

    story(plot)


def test_what_cannot_be_read_is_told_and_tried_again(story):
    def fails(agent):
        agent.refuse["hook"] = Unreachable("fra-1 does not answer", "no packet came", "Wait, or check it")

    async def plot(page):
        await page.until(lambda: page.is_shown("problem-panel"))
        panel = page.find("problem-panel")
        assert panel.problem.code == "unreachable"

    story(plot, before=fails)


def test_without_a_connection_nothing_can_be_pressed_and_it_is_read_once_the_server_answers(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("push-switch"))
        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        for name in ("push-switch", "link-repository", "test-push", "redeliver-delivery-1", "reveal-push-secret"):
            assert not page.find(name).isEnabled(), name
        page.server.connection.become(ConnectionState.CONNECTED)
        page.server.model.apply(page.agent.snapshot)
        await page.settle()
        assert page.find("push-switch").isEnabled()

    story(plot)


def test_reading_is_shown_while_it_lasts(story):
    def waits(agent):
        agent.hold["hook"] = asyncio.Event()

    async def plot(page):
        assert "Reading how the service deploys on push" in page.words()
        page.agent.hold["hook"].set()
        await page.until(lambda: page.is_shown("push-switch"))

    story(plot, before=waits)


def test_a_service_that_an_app_tells_of_shows_no_webhook_of_its_own(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("link-repository"))
        assert "A GitHub App tells of it" in page.words()
        for name in ("push-address", "push-secret", "renew-push-secret", "test-push", "push-host"):
            assert not page.is_shown(name)
        assert page.is_shown("push-deploy-key")
        assert page.is_shown("push-tags")

    story(plot, hook=replace(pushes.HOOK, shared="ab" * 20))


def test_the_webhook_is_tested_from_here_and_what_the_host_did_last_stands_beside_it(story, monkeypatch):
    answers = [
        HookTested("https://shop.example.com/_godploy/hooks/x", None, pushes.DELIVERIES[0]),
        HookTested("https://shop.example.com/_godploy/hooks/x", Problem("unreachable", "It is away", "no", "Go"), None),
    ]

    async def answer(_server, _service_id):
        return answers.pop(0)

    monkeypatch.setattr(hook_test, "send_test", answer)

    async def plot(page):
        await page.press("test-hook-from-here")
        await page.until(lambda: page.is_shown("hook-tested"))
        assert "Reached and believed" in page.find("hook-tested").text()
        assert page.find("hook-host-last").text().startswith("The host's last delivery")
        await page.press("test-hook-from-here")
        await page.until(lambda: "It is away" in page.find("hook-tested").text())
        assert page.find("hook-host-last").text() == "The host itself has not sent anything yet."

    story(plot)
