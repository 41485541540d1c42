"""The commit state's section of the Push tab, the dialog of its token, and the switch of an account."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_desktop.ui.models.commit_state_words import (
    check_api,
    check_repository,
    state_words,
    teller_words,
    told_words,
    writer_words,
)
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import (
    BadInput,
    CommitState,
    DeploymentChanged,
    DeploymentState,
    HookHost,
    NotAllowed,
    SetStatusWriter,
    StatusWriterChanged,
    Unreachable,
)
from tests.gui.page_story import tell
from tests.gui.recorded import pushes, snapshots, writers
from tests.gui.recorded.git_hosts import GITHUB, OURS, with_accounts
from tests.gui.recorded.scenes import API
from tests.gui.recorded.workspace import recorded_workspace

OURS_LABEL = "storefront@git.example.com"
WHOLE = "9be44109" * 5


@pytest.fixture
def story(qapp, tmp_path):
    """Runs a plot at the Push tab, or at the Git page. `page.hosts` are the recorded git hosts."""

    def run(plot, accounts=(OURS,), writer=None, route=API.on("push")):  # noqa: B008  a frozen value
        made = []

        def make():
            workspace = recorded_workspace(tmp_path)
            server = workspace.servers[0]
            server.agent.kept_hook = pushes.HOOK
            if writer is not None:
                writers.tell_writer(server, writer)
            made.append(with_accounts(workspace, *accounts))
            return workspace

        async def with_hosts(page):
            page.hosts = made[0]
            page.workspace.statuses.follow(page.workspace.servers)
            try:
                await plot(page)
            finally:
                await page.workspace.statuses.close()

        tell(qapp, tmp_path, route, with_hosts, make)

    return run


def test_who_tells_and_what_came_of_it_is_told_in_words():
    account = Account("a", HostKind.GITEA, "https://git.example.com", "ada", "Ada", SignIn.TOKEN)
    assert teller_words(None, by_server=False).startswith("Nobody")
    assert "ada@git.example.com" in teller_words(account, by_server=False)
    assert teller_words(account, by_server=True).startswith("The server")
    assert told_words(None, snapshots.NOW).startswith("Nothing")
    assert told_words(writers.WRITER.told, snapshots.NOW) == f"{writers.WRITER.told.commit[:7]}, 4m ago"
    assert writer_words(writers.REFUSED_WRITER) == (
        "storefront/api at git.example.com, as godploy/storefront/api; 1 state still to be told"
    )
    assert {state_words(each)[0] for each in CommitState} == {"Pending", "Success", "Failure", "Stopped"}


@pytest.mark.parametrize("text", ["", "git.example.com", "ftp://git.example.com", "https://u:p@host", "https://h?a=1"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(BadInput):
        check_api(text)
    assert check_api(" https://git.example.com/api/v1/ ") == "https://git.example.com/api/v1"


@pytest.mark.parametrize("text", ["", "shop", "team//shop", "team/my shop"])
def test_a_repository_that_is_none_is_refused(text):
    with pytest.raises(BadInput):
        check_repository(text)
    assert check_repository(" /team/sub/shop ") == "team/sub/shop"


def test_this_computer_tells_once_the_accounts_owner_allows_it(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("commit-state-switch"))
        assert "Nobody tells the git host" in page.words()
        assert not page.is_shown("commit-state-test")
        await page.press("commit-state-switch")
        assert page.workspace.git.accounts[0].tells_commits
        assert f"in the name of {OURS_LABEL}" in page.words()
        running = replace(
            snapshots.API_RUNNING, commit=WHOLE, state=DeploymentState.RUNNING, started_at=datetime.now(UTC)
        )
        page.server.model.apply(DeploymentChanged(running))
        await page.until(lambda: page.hosts.statuses)
        await page.until(lambda: "Pending" in [each.content for each in pills(page)])
        page.server.model.apply(DeploymentChanged(replace(running, state=DeploymentState.SUCCEEDED)))
        await page.until(lambda: "Success" in [each.content for each in pills(page)])
        assert [each["state"] for each in page.hosts.statuses] == ["pending", "success"]
        await page.press("commit-state-test")
        await page.until(lambda: len(page.hosts.statuses) == 3)
        assert page.hosts.statuses[2] == page.hosts.statuses[1]
        await page.press("commit-state-switch")
        assert not page.workspace.git.accounts[0].tells_commits

    story(plot)


def pills(page):
    from godploy_desktop.ui.widgets import Pill

    return [each for each in page.page.findChildren(Pill) if each.isVisible()]


def test_an_account_that_has_to_sign_in_again_is_one_press_away(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("commit-state-switch"))
        await page.press("commit-state-switch")
        page.hosts.refuses = True
        running = replace(
            snapshots.API_RUNNING, commit=WHOLE, state=DeploymentState.RUNNING, started_at=datetime.now(UTC)
        )
        page.server.model.apply(DeploymentChanged(running))
        await page.until(lambda: page.is_shown("sign-in-again"))
        assert page.dialog is None  # shown where it belongs, and in nobody's way
        assert page.workspace.statuses.problems_of(page.workspace.git.accounts[0])[0].code == "sign-in-again"

    story(plot)


def test_a_token_is_stored_with_the_server_and_shown_nowhere(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("commit-state-token"))
        assert not page.is_shown("commit-state-remove")
        await page.press("commit-state-token")
        assert page.find("writer-api").text() == "https://git.example.com/api/v1"
        assert page.find("writer-repository").text() == "storefront/api"
        assert "write:repository" in page.words()
        await page.press("save-writer")
        assert page.agent.asked == []  # without a token there is nothing to store
        await page.type("writer-token", "status-token-8f3a1c")
        page.agent.refuse["set_status_writer"] = BadInput("It cannot be used", "api: should be another", "Correct it")
        await page.press("save-writer")
        assert page.find("problem-panel").problem.what == "It cannot be used"
        await page.press("save-writer")
        wanted = SetStatusWriter(
            HookHost.GITEA, "https://git.example.com/api/v1", "storefront/api", "status-token-8f3a1c"
        )
        assert page.agent.asked[-1] == ("set_status_writer", snapshots.API.id, wanted)
        assert page.dialog is None
        assert "status-token" not in page.words() + repr(wanted)

    story(plot, accounts=())


def test_what_is_filled_in_follows_the_kind_of_host_and_http_has_to_be_wanted(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("commit-state-token"))
        await page.press("commit-state-token")
        page.find("writer-host").choose(HookHost.GITLAB.value)
        await page.settle()
        assert page.find("writer-api").text() == "https://git.example.com/api/v4"
        assert "scope api" in page.words()
        assert not page.is_shown("writer-allow-http")
        await page.type("writer-api", "http://git.example.com/api/v4")
        await page.press("writer-allow-http")
        await page.type("writer-token", "x")
        await page.press("save-writer")
        wanted = page.agent.asked[-1][2]
        assert (wanted.host, wanted.api, wanted.allows_http) == (
            HookHost.GITLAB,
            "http://git.example.com/api/v4",
            True,
        )

    story(plot)


def test_the_servers_telling_is_shown_tested_changed_and_ended(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("commit-state-remove"))
        await page.until(lambda: "does not accept the token" in page.words())
        assert "The server tells the git host" in page.words()
        assert not page.is_shown("commit-state-switch")
        page.agent.refuse["test_status_writer"] = Unreachable("It is away", "no route", "Test again")
        await page.press("commit-state-test")
        assert page.find("problem-panel").problem.what == "It is away"
        await page.press("commit-state-test")
        await page.until(lambda: not page.is_shown("problem-panel"))
        page.server.agent.kept_writer = writers.REFUSED_WRITER
        page.server.model.apply(StatusWriterChanged(writers.REFUSED_WRITER))
        await page.until(lambda: "does not accept the token" in page.words())

        await page.press("commit-state-token")
        await page.press("save-writer")  # the stored token stays
        assert page.agent.asked[-1][2] == SetStatusWriter(
            HookHost.GITEA, writers.WRITER.api, "storefront/api", name="godploy/storefront/api"
        )
        await page.press("commit-state-token")
        await page.type("writer-api", "https://other.example.com/api/v1")
        await page.press("save-writer")
        assert page.dialog is not None  # it goes to no other address
        page.dialog.cancel()
        await page.settle()
        page.agent.refuse["delete_status_writer"] = NotAllowed("You may not", "you may only read", "Ask for more")
        await page.press("commit-state-remove")
        await page.press("confirm-remove-writer")
        assert page.find("problem-panel").problem.what == "You may not"
        await page.press("commit-state-remove")
        await page.press("confirm-remove-writer")
        writers.tell_writer(page.server, None)
        await page.until(lambda: "Nobody tells the git host" in page.words())

    story(plot, writer=writers.REFUSED_WRITER)


def test_an_accounts_switch_is_on_the_git_page_with_what_went_wrong(story):
    async def plot(page):
        switch = f"tell-commits-{OURS_LABEL}"
        await page.until(lambda: page.is_shown(switch))
        assert not page.find(switch).isChecked()
        await page.press(switch)
        ours, other = page.workspace.git.accounts
        assert (ours.tells_commits, other.tells_commits) == (True, False)
        page.hosts.refuses = True
        running = replace(
            snapshots.API_RUNNING, commit=WHOLE, state=DeploymentState.RUNNING, started_at=datetime.now(UTC)
        )
        page.server.model.apply(DeploymentChanged(running))
        await page.until(lambda: "has to sign in again" in page.words())
        await page.press(switch)
        assert not page.workspace.git.accounts[0].tells_commits

    story(plot, accounts=(OURS, GITHUB), route=Route("git"))
