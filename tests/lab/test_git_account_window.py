"""At the window: an account signed in by the browser, a service made of its repository, and a push that is deployed."""

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from godploy_desktop.core.server import Server as KnownServer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import Deployment, DeploymentState
from tests.lab.at_gitea import clone, consent, trusting
from tests.lab.labkit.gitea import GiteaPerson, GiteaRepository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import CommandRefused, Godploy, add_server, soon, use_lab_acme, visit_page
from tests.lab.window import Person, at_the_window


class RealBrowser(QObject):
    """What the window's links open: a browser in which its person consents."""

    def __init__(self, person: GiteaPerson) -> None:
        super().__init__()
        self._person = person
        self._pool = ThreadPoolExecutor(1)
        self.opened: list[Future[None]] = []

    @Slot(QUrl)
    def open(self, address: QUrl) -> None:
        """Begin to open a page."""
        login = (self._person.login, self._person.password)
        self.opened.append(
            self._pool.submit(consent, address.toString(QUrl.ComponentFormattingOption.FullyEncoded), *login)
        )


def test_from_a_sign_in_to_a_push_by_clicks(
    bootstrapped_server: Server,
    godploy: Godploy,
    lab: Lab,
    gitea_person: GiteaPerson,
    shop_repository: GiteaRepository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, gitea, host = bootstrapped_server, gitea_person.gitea, bootstrapped_server.domain("bought")
    use_lab_acme(godploy, lab)
    with contextlib.suppress(CommandRefused):  # nobody confirmed it yet
        godploy("git", "host-keys", "forget", gitea.name)
    client_id = gitea_person.register_application()
    profile = Godploy(tmp_path / "home", trusting(gitea_person))
    add_server(profile, server, lab)
    for name in ("GODPLOY_HOME", "PYTHON_KEYRING_BACKEND", "SSL_CERT_FILE", "NO_PROXY"):
        monkeypatch.setenv(name, profile.environment[name])
    browser = RealBrowser(gitea_person)

    async def live(person: Person) -> None:
        # what the annotation asks for, bytes, is refused
        QDesktopServices.setUrlHandler("https", browser, "open")  # type: ignore[arg-type]
        await person.see(lambda: person.workspace.servers, "the server")
        known = person.workspace.servers[0]
        await person.see(lambda: known.model.is_live, "a live server", 60)

        await person.go(Route("git"))
        await person.click("git-sign-in")
        await person.click("git-host-gitea")
        await person.type("git-address", gitea.url)
        await person.choose("git-way", "browser")
        await person.type("git-client-id", client_id)
        await person.click("sign-in")
        await person.see_text("Where to keep secrets", 60)
        await person.type("answer-1", "a passphrase for the lab")
        await person.press("Use an encrypted file")
        await person.see_text(f"{gitea_person.login}@{gitea.name}", 60)
        await person.picture(tmp_path / "pictures" / "signed-in.png")
        assert [each.exception() for each in browser.opened] == [None]

        await person.go(Route("projects"))
        await person.click("new-project" if person.shows("new-project") else "empty-new-project")
        await person.type("project-name", "shop")
        await person.click("create-project")
        await person.click("new-service")
        await person.type("repository-search", "web")
        await person.click_row("repository-table", shop_repository.full_name)
        await person.type("service-domain", host)
        await person.see_text("Dockerfile: ")
        await person.picture(tmp_path / "pictures" / "found.png")
        await person.click("create-service")
        await person.see_text(gitea.host_key_fingerprint)  # the server is to know this host from now on
        await person.click("trust-git-host")
        await see_deployed(person, known, 1)
        keys, hooks = shop_repository.ask("GET", "keys"), shop_repository.ask("GET", "hooks")
        assert ([each["read_only"] for each in keys], [each["active"] for each in hooks]) == ([True], [True])
        assert hooks[0]["config"]["url"].startswith(f"https://{host}/")

        copy = clone(shop_repository, tmp_path / "copy")
        pushed = copy.commit("Version 2", {"VERSION": "2\n"})
        copy.push()
        assert (await see_deployed(person, known, 2)).commit == pushed
        service = next(iter(known.model.services.values()))
        await person.go(Route("service", server=known.id, project=service.project_id, service=service.id, tab="push"))
        await person.see_text(pushed[:7])
        await person.picture(tmp_path / "pictures" / "pushed.png")

    try:
        at_the_window(live)
    finally:
        QDesktopServices.unsetUrlHandler("https")
    root = lab.internet.acme.issuing_root()
    assert soon(lambda: visit_page(server, host, tls_root=root).version == "2")


async def see_deployed(person: Person, server: KnownServer, number: int) -> Deployment:
    """Wait until deployment `number` of the only service ended well; gives it."""

    def ended() -> Deployment | None:
        for service in server.model.services.values():
            newest = server.model.latest_deployment(service.id)
            if newest is not None and newest.number == number and newest.state.is_final:
                return newest
        return None

    found = await person.see(ended, f"the end of deployment {number}", 240)
    assert found is not None
    assert found.state is DeploymentState.SUCCEEDED, found.problem
    return found
