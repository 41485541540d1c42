"""Host keys of git hosts: asked about where they are needed, listed in the server's settings; testing a deploy key."""

import asyncio
from dataclasses import replace

import pytest

from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.host_key_words import host_to_confirm, origin_words, question_words, title_of
from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog
from godploy_server.contract import (
    Conflict,
    DeploymentChanged,
    GitHostScan,
    HostKeyChanged,
    HostKeyUnknown,
    NotAllowed,
    Problem,
    Unreachable,
)
from tests.gui.page_story import tell
from tests.gui.recorded import host_keys, snapshots
from tests.gui.recorded.scenes import API, SERVER_SETTINGS, on_deployment, show_plan

HOST = "git.example.com"
OWN = "[code.example.com]:2222"
UNKNOWN = HostKeyUnknown("The host key of git.example.com was not confirmed yet", "why", "Trust it", HOST)
CHANGED = HostKeyChanged("The host key of code.example.com is not the one", "why", "Ask", OWN)
BEST = host_keys.SHOWN[0]


@pytest.fixture
def story(qapp, tmp_path):
    return lambda route, plot: tell(qapp, tmp_path, route, plot)


def fail_with(page, error):
    failed = replace(snapshots.API_FAILED, problem=error.problem)
    page.server.model.apply(DeploymentChanged(failed))


def test_only_a_problem_with_a_host_key_names_a_host_to_confirm():
    assert host_to_confirm(UNKNOWN.problem) == HOST
    assert host_to_confirm(CHANGED.problem) == OWN
    assert host_to_confirm(Unreachable("a", "b", "c", HOST).problem) == ""


def test_the_words_say_what_is_known_of_a_host():
    known = tuple(each for each in host_keys.TRUSTED if each.host == OWN)
    shown = tuple(replace(each, host=OWN) for each in host_keys.SHOWN)
    changed = GitHostScan(OWN, shown, known)
    assert "has changed" in title_of(OWN, changed)
    assert "somebody answers in its place" in question_words(changed, "fra-1")
    shipped = GitHostScan("github.com", shown, tuple(each for each in host_keys.TRUSTED if each.host == "github.com"))
    assert "https://docs.github.com/" in question_words(shipped, "fra-1")
    assert "ssh-keygen -lf" in question_words(GitHostScan(HOST, shown), "fra-1")
    same = tuple(replace(each, key="AAAAC3Nz-own") for each in shown[:1])
    assert "trusts this key already" in question_words(GitHostScan(OWN, same, known), "fra-1")
    assert origin_words(known[0], snapshots.NOW) == "confirmed by ada, 3d ago"


def test_a_deployment_that_met_an_unknown_host_leads_to_its_key_and_deploys_again(story):
    async def plot(page):
        assert not page.is_shown("look-at-host-key")
        fail_with(page, UNKNOWN)
        await page.settle()
        await page.press("look-at-host-key")
        await page.until(lambda: page.is_shown("git-host-fingerprint"))
        assert page.find("git-host-name").value() == HOST
        assert page.find("git-host-fingerprint").value() == BEST.fingerprint
        assert page.find("git-host-key-kind").value == BEST.key_type
        assert page.dialog.accessibleName() == f"Is this {HOST}?"
        await page.press("trust-git-host")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        assert ("trust_git_host", HOST, f"{BEST.key_type} {BEST.key}") in page.agent.asked
        await page.until(lambda: "Deployment #99" in page.words())

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_a_changed_key_is_not_trusted_with_one_press(story):
    async def plot(page):
        fail_with(page, CHANGED)
        await page.settle()
        await page.press("look-at-host-key")
        await page.until(lambda: page.is_shown("git-host-trusted"))
        assert not page.find("trust-git-host").isEnabled()
        assert page.find("git-host-trusted").value() != BEST.fingerprint
        await page.press("git-host-change-expected")
        await page.press("trust-git-host")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        verbs = [each[0] for each in page.agent.asked]
        assert verbs.index("forget_git_host") < verbs.index("trust_git_host")

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_the_key_whose_fingerprint_is_compared_is_the_one_that_is_trusted(story):
    async def plot(page):
        fail_with(page, UNKNOWN)
        await page.settle()
        await page.press("look-at-host-key")
        await page.until(lambda: page.is_shown("git-host-key-kind"))
        page.find("git-host-key-kind").choose("ssh-rsa")
        other = host_keys.SHOWN[1]
        assert page.find("git-host-fingerprint").value() == other.fingerprint
        await page.press("trust-git-host")
        await page.until(lambda: ("trust_git_host", HOST, f"ssh-rsa {other.key}") in page.agent.asked)

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_closing_the_question_ends_it_and_trusts_nothing(story):
    async def plot(page):
        page.agent.hold["scan_git_host"] = asyncio.Event()
        fail_with(page, UNKNOWN)
        await page.settle()
        await page.press("look-at-host-key")
        assert [each.title for each in page.workspace.tasks.running] == [f"Look at the host key of {HOST}"]
        await page.press("refuse-git-host")
        await page.until(lambda: not page.workspace.tasks.running)
        assert page.agent.asked == []
        assert page.is_shown("look-at-host-key")

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_a_host_that_does_not_answer_can_be_asked_again(story):
    async def plot(page):
        page.agent.refuse["scan_git_host"] = Unreachable("git.example.com shows no host key", "refused", "Check it")
        fail_with(page, UNKNOWN)
        await page.settle()
        await page.press("look-at-host-key")
        await page.until(lambda: page.find("problem-panel").problem.code == "unreachable")
        page.find("problem-panel").retry.click()
        await page.until(lambda: page.is_shown("git-host-fingerprint"))
        page.agent.refuse["trust_git_host"] = Conflict("Another host key is trusted", "since just now", "Forget it")
        await page.press("trust-git-host")
        await page.until(lambda: page.find("problem-panel").problem.code == "conflict")
        assert page.find("trust-git-host").isEnabled()

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_the_settings_list_git_hosts_with_who_confirmed_them(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("forget-git-host-code.example.com:2222"))
        assert "confirmed by ada, 3d ago" in page.words()
        assert "github.com" not in page.words()
        await page.press("shipped-git-hosts")
        assert "github.com" in page.words()
        assert "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU (ssh-ed25519)" in page.words()
        assert not page.is_shown("forget-git-host-github.com")
        await page.press("forget-git-host-code.example.com:2222")
        await page.press("confirm-forget-git-host")
        await page.until(lambda: not page.is_shown("forget-git-host-code.example.com:2222"))
        assert "No other git host was confirmed yet" in page.words()

    story(SERVER_SETTINGS, plot)


def test_a_host_is_trusted_before_a_service_needs_it(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("add-git-host"))
        await page.press("add-git-host")
        await page.type("git-host-address", "https://git.example.com/a")
        await page.press("ask-git-host")
        assert page.agent.asked == []
        await page.type("git-host-address", "git.example.com:2022")
        await page.press("ask-git-host")
        await page.until(lambda: page.is_shown("git-host-fingerprint"))
        await page.press("trust-git-host")
        await page.until(lambda: page.is_shown("forget-git-host-git.example.com:2022"))
        assert not page.is_shown("git-host-fingerprint")

    story(SERVER_SETTINGS, plot)


@pytest.mark.parametrize(("tab", "prefix"), [("settings", "settings"), ("push", "push")])
def test_the_deploy_key_is_tried(story, tab, prefix):
    async def plot(page):
        if tab == "push":
            await page.until(lambda: page.is_shown("push-by-hand"))
            await page.press("push-by-hand")
        button, words = f"{prefix}-test-key", f"{prefix}-key-result"
        await page.until(lambda: page.is_shown(button))
        page.agent.hold["check_source"] = asyncio.Event()
        await page.press(button)
        assert page.find(words).text() == "The server asks the git host…"
        assert page.find(button).text() == "Cancel"
        await page.press(button)
        await page.until(lambda: page.find(button).text() == "Test the key")
        assert not page.is_shown(words)
        del page.agent.hold["check_source"]

        page.agent.refuse["check_source"] = NotAllowed("The server may not read it", "denied", "Add this deploy key")
        await page.press(button)
        await page.until(lambda: page.is_shown("problem-panel"))
        assert not page.is_shown("look-at-host-key")
        page.agent.refuse["check_source"] = UNKNOWN
        await page.press(button)
        await page.until(lambda: page.is_shown("look-at-host-key"))
        await page.press("look-at-host-key")
        await page.until(lambda: page.is_shown("trust-git-host") and page.find("trust-git-host").isEnabled())
        await page.press("trust-git-host")
        await page.until(lambda: page.is_shown(words) and "stands at" in page.find(words).text())
        assert not page.is_shown("problem-panel")

    story(API.on(tab), plot)


def test_looking_at_how_it_would_be_built_leads_to_the_host_key_too(story):
    async def plot(page):
        page.agent.refuse["plan"] = UNKNOWN
        show_plan(page.page)
        await page.until(lambda: page.is_shown("look-at-host-key"))
        await page.press("look-at-host-key")
        await page.until(lambda: page.is_shown("trust-git-host") and page.find("trust-git-host").isEnabled())
        await page.press("trust-git-host")
        await page.until(lambda: page.find("deploy-planned").isEnabled())
        assert not page.is_shown("look-at-host-key")

    story(API, plot)


def test_without_a_connection_no_key_is_tried(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("settings-test-key"))
        page.server.connection.become(ConnectionState.LOST, Problem("unreachable", "a", "b", "c"))
        await page.settle()
        assert not page.find("settings-test-key").isEnabled()

    story(API.on("settings"), plot)


def test_the_dialog_says_what_trusting_leads_to(qapp, tmp_path):
    async def plot(page):
        dialog = GitHostKeyDialog(page.page.context, page.page, page.server, "git@git.example.com:a.git", confirm="Yes")
        dialog.open()
        await page.until(lambda: page.is_shown("git-host-fingerprint"))
        assert page.find("trust-git-host").text() == "Yes"
        dialog.cancel()

    tell(qapp, tmp_path, SERVER_SETTINGS, plot)
