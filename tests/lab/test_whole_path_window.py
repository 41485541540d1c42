"""From a bare server to a served application and back, by clicking in the real window."""

from pathlib import Path

import pytest

from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import soon, visit_page
from tests.lab.window import Person, at_the_window
from tests.lab.window_story import WindowStory


def test_a_bare_server_serves_the_shop_by_clicks_alone(
    lab: Lab, fresh_server: Server, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GODPLOY_HOME", str(tmp_path / "home"))
    before = fresh_server.snapshot()
    root = lab.internet.acme.issuing_root()

    async def live(person: Person) -> None:
        story = WindowStory(person, lab, fresh_server, repository, print, tmp_path / "pictures")
        await story.add_and_set_up()
        await story.use_lab_acme()
        await story.make_service()
        await person.see(lambda: _serves(fresh_server, story.host, "1", root), "version 1 over HTTPS", 60)
        await story.look_at_logs_and_load()
        await story.deploy_change("2", 2)
        assert _serves(fresh_server, story.host, "2", root)
        await story.roll_back(3)
        assert _serves(fresh_server, story.host, "1", root)
        await story.uninstall()

    at_the_window(live)
    left = before.compare(fresh_server.snapshot())
    assert [line for line in str(left).splitlines() if "godploy" in line] == []
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 6


def _serves(server: Server, host: str, version: str, root: str) -> bool:
    try:
        return visit_page(server, host, tls_root=root).version == version
    except OSError:
        return False


def test_a_cut_connection_is_shown_and_healed_by_the_window(
    bootstrapped_server: Server, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GODPLOY_HOME", str(tmp_path / "home"))

    async def live(person: Person) -> None:
        from godploy_desktop.core.workspace import NewServer
        from godploy_desktop.ui.models.route import Route

        new = NewServer(
            bootstrapped_server.host, "web-1", "root", bootstrapped_server.ssh_port, identity_file=str(lab.key)
        )
        server = await person.workspace.add_server(new)
        server.keep_live()
        await person.press("Trust and connect")
        await person.see(lambda: server.model.is_live, "a live server", 30)
        await person.go(Route("server", server=server.id))
        bootstrapped_server.freeze_sshd()
        try:
            await person.see(lambda: not server.model.is_live, "the loss of the connection", 15)
            await person.picture(tmp_path / "lost.png")
            assert person.shows("connection-banner")
        finally:
            bootstrapped_server.unfreeze_sshd()
        await person.see(lambda: server.model.is_live, "the connection back", 60)
        await person.see(lambda: not person.shows("connection-banner"), "no banner", 10)

    at_the_window(live)


def test_the_window_and_the_command_share_one_profile(
    bootstrapped_server: Server, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.lab.product import Godploy, add_server

    person = Godploy(tmp_path)
    add_server(person, bootstrapped_server, lab)
    soon(lambda: person.json("server", "list"))
    monkeypatch.setenv("GODPLOY_HOME", person.environment["GODPLOY_HOME"])

    async def live(at_window: Person) -> None:
        await at_window.see(lambda: [each.name for each in at_window.workspace.servers], "the server")
        server = at_window.workspace.servers[0]
        await at_window.see(lambda: server.model.is_live, "a live server without another question", 30)

    at_the_window(live)
