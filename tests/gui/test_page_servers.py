"""Servers: the list, adding one, setting one up, its settings, used as a person would."""

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLineEdit

from godploy_desktop.core.tasks import TaskState
from godploy_desktop.core.trial import Finding
from godploy_desktop.local_store.values import AuthChoice
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.servers import add_server as add_server_module
from godploy_desktop.ui.pages.servers import set_up as set_up_module
from godploy_server.contract import Conflict, Problem, Unreachable
from tests.gui.page_story import tell
from tests.gui.recorded import snapshots
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

SERVERS, FIRST = Route("servers"), Route("server", server=1)
FINDING = Finding(
    user="root", hostname="web-1", os_name="Debian GNU/Linux 13 (trixie)", machine="x86_64", can_administer=True,
    python_version="3.13.5", docker_version="", is_bootstrapped=False, agent_version="", agent_problem=None,
    memory_bytes=4 << 30, free_disk_bytes=30 << 30,
)  # fmt: skip


@pytest.fixture
def story(qapp, tmp_path):
    return lambda route, plot, workspace=None: tell(qapp, tmp_path, route, plot, workspace)


@pytest.fixture
def uninstalled(monkeypatch):
    """What was asked of an uninstall."""
    asked = []

    async def uninstall(server, _progress, **options):
        asked.append((server.name, options))

    monkeypatch.setattr(set_up_module, "uninstall", uninstall)
    return asked


@pytest.fixture
def tried(monkeypatch):
    """What the test of a connection was given; it finds FINDING."""
    asked = []

    async def try_server(_workspace, new, progress):
        progress.begin("connect", "Connect")
        asked.append(new)
        return FINDING

    monkeypatch.setattr(add_server_module, "try_server", try_server)
    return asked


def test_each_server_has_a_card_with_its_state(story):
    async def plot(page):
        assert page.find("server-card-fra-1").accessibleName() == "fra-1, root@fra-1.example.com, Connected"
        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        assert page.find("server-card-fra-1").accessibleName().endswith("Reconnecting")
        assert "1 of 2 servers connected" in page.words()

    story(SERVERS, plot)


def test_a_card_leads_to_its_server(story):
    async def plot(page):
        page.find("server-card-fra-2").clicked.emit()
        assert page.shell.went == [Route("server", server=2)]

    story(SERVERS, plot)


def test_a_server_is_tested_before_it_is_added_and_what_was_found_is_shown(story, tried):
    async def plot(page):
        await page.press("add-server")
        await page.type("add-server-host", "203.0.113.10")
        await page.type("add-server-port", "2222")
        await page.press("add-server-next")
        await page.until(lambda: "Debian GNU/Linux 13 (trixie) · x86_64" in page.words())
        assert (tried[0].host, tried[0].port, tried[0].user) == ("203.0.113.10", 2222, "root")
        assert page.find("add-server-next").text() == "Add and set up"
        assert len(page.workspace.servers) == 2
        await page.press("add-server-back")
        assert page.find("add-server-host").text() == "203.0.113.10"

    story(SERVERS, plot)


def test_a_server_that_cannot_be_reached_says_why_and_keeps_what_was_typed(story, monkeypatch):
    async def try_server(*_):
        raise Unreachable("203.0.113.10 does not answer", "no route to host", "Check the address")

    monkeypatch.setattr(add_server_module, "try_server", try_server)

    async def plot(page):
        await page.press("add-server")
        await page.type("add-server-host", "203.0.113.10")
        await page.press("add-server-next")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("problem-panel").problem.next_step == "Check the address"
        await page.press("add-server-back")
        assert page.find("add-server-host").text() == "203.0.113.10"

    story(SERVERS, plot)


def test_a_test_under_way_ends_when_the_dialog_is_closed(story, monkeypatch):
    async def try_server(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(add_server_module, "try_server", try_server)

    async def plot(page):
        await page.press("add-server")
        await page.type("add-server-host", "203.0.113.10")
        await page.press("add-server-next")
        task = page.workspace.tasks.all[-1]
        page.dialog.cancel()
        await page.until(lambda: not task.is_running)
        assert task.state is TaskState.CANCELLED

    story(SERVERS, plot)


def test_an_address_with_a_user_is_refused_at_its_field(story, tried):
    async def plot(page):
        await page.press("add-server")
        await page.type("add-server-host", "root@web-1")
        await page.press("add-server-next")
        assert tried == []
        assert "the user has a field of its own" in page.words()

    story(SERVERS, plot)


def test_the_password_is_hidden_and_only_given_when_it_is_chosen(story, tried):
    async def plot(page):
        await page.press("add-server")
        await page.type("add-server-host", "web-1")
        assert not page.is_shown("add-server-password")
        page.find("add-server-auth").choose(AuthChoice.PASSWORD.value)
        await page.settle()
        assert page.find("add-server-password").echoMode() is QLineEdit.EchoMode.Password
        await page.type("add-server-password", "pass phrase")
        await page.press("add-server-next")
        await page.until(lambda: tried)
        assert tried[0].auth is AuthChoice.PASSWORD
        assert tried[0].secrets.password == "pass phrase"

    story(SERVERS, plot)


def test_a_host_of_the_ssh_config_fills_the_form(story, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("Host shop\n  HostName 203.0.113.10\n  User admin\n  Port 2222\n")
    monkeypatch.setattr("godploy_desktop.ui.pages.servers.login_form._SSH_CONFIG", config)

    async def plot(page):
        await page.press("add-server")
        await page.until(lambda: page.is_shown("add-server-known"))
        page.find("add-server-known").choose("shop")
        assert [page.find(f"add-server-{each}").text() for each in ("host", "user", "port")] == [
            "shop",
            "admin",
            "2222",
        ]

    story(SERVERS, plot)


def test_setting_up_shows_its_steps_and_can_be_cancelled_and_tried_again(story, monkeypatch, tmp_path):
    runs = []

    async def bootstrap(_server, progress, **options):
        runs.append(options)
        progress.plan({"docker": "Install Docker", "agent": "Start the agent"})
        progress.begin("docker")
        await asyncio.Event().wait()

    monkeypatch.setattr(set_up_module, "bootstrap", bootstrap)

    async def plot(page):
        await page.press("allow-docker-restart")
        await page.press("set-up-server")
        assert runs == [{"allow_docker_restart": True}]
        assert page.workspace.tasks.running[0].steps[0].name == "Install Docker"
        await page.press("cancel-task")
        await page.until(lambda: page.is_shown("retry-task"))
        await page.press("retry-task")
        assert len(runs) == 2
        assert page.is_shown("cancel-task")

    story(FIRST, plot, lambda: recorded_workspace(tmp_path, recorded_server(1, "fra-3", None)))


def test_a_set_up_that_fails_shows_the_problem_beside_its_steps(story, monkeypatch, tmp_path):
    async def bootstrap(_server, progress, **_):
        progress.begin("ports", "Check ports 80 and 443")
        raise Conflict("Port 80 is in use", "nginx listens on it", "Stop nginx")

    monkeypatch.setattr(set_up_module, "bootstrap", bootstrap)

    async def plot(page):
        await page.press("set-up-server")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("problem-panel").problem.next_step == "Stop nginx"
        assert page.is_shown("retry-task")

    story(FIRST, plot, lambda: recorded_workspace(tmp_path, recorded_server(1, "fra-3", None)))


def test_a_server_page_shows_versions_and_marks_what_is_old(story):
    async def plot(page):
        for version in ("26.1.5", "3.7.0", "3.13.5"):
            assert version in page.words()
        problem = Problem("host-key-changed", "fra-1 shows another key", "SHA256:new instead of SHA256:old", "Ask")
        page.server.connection.become(ConnectionState.BLOCKED, problem)
        await page.settle()
        assert "fra-1 shows another host key: not connected" in page.words()
        assert "SHA256:new instead of SHA256:old" in page.words()

    story(FIRST, plot)


def test_only_the_settings_that_changed_are_sent(story):
    async def plot(page):
        await page.type("server-kept-releases", "8")
        await page.press("save-server-settings")
        change = page.agent.asked[-1][1]
        assert (change.kept_releases, change.builds_at_once, change.acme_email) == (8, None, None)
        await page.until(lambda: page.server.model.settings.kept_releases == 8)

    story(Route("server", server=1, tab="settings"), plot)


def test_uninstalling_names_what_is_lost_and_wants_the_name_typed(story, uninstalled):
    async def plot(page):
        await page.press("uninstall-server")
        assert "storefront.example.com" in page.words()
        assert not page.find("confirm-uninstall").isEnabled()
        await page.type("confirm-name", "fra-1")
        await page.press("confirm-uninstall")
        await page.until(lambda: uninstalled)
        assert uninstalled == [("fra-1", {"purge": True})]

    story(Route("server", server=1, tab="settings"), plot)


def test_the_data_of_an_uninstalled_server_can_be_kept(story, uninstalled):
    async def plot(page):
        await page.press("uninstall-server")
        await page.press("keep-data")
        await page.type("confirm-name", "fra-1")
        await page.press("confirm-uninstall")
        await page.until(lambda: uninstalled)
        assert uninstalled == [("fra-1", {"purge": False})]

    story(Route("server", server=1, tab="settings"), plot)


def test_docker_trouble_on_the_server_is_shown_on_its_page(story, tmp_path):
    trouble = Problem("not-ready", "Docker does not answer on fra-1", "its socket is gone", "Start Docker")
    broken = snapshots.first_server()
    broken = replace(broken, info=replace(broken.info, docker_problem=trouble))

    async def plot(page):
        assert page.find("problem-panel").problem == trouble

    story(FIRST, plot, lambda: recorded_workspace(tmp_path, recorded_server(1, "fra-1", broken)))
