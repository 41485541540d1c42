"""The whole path at the window: what the test sees pass and what `make demo` shows on a display."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import DeploymentState, Service, ServiceState
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.window import Person


@dataclass(frozen=True)
class WindowStory:
    """One person, one bare server, one repository. `say` hears of each step before it begins."""

    person: Person
    lab: Lab
    server: Server
    repository: Repository
    say: Callable[[str], None]
    pictures: Path

    @property
    def host(self) -> str:
        """The shop's name on the lab's network."""
        return self.server.domain("shop")

    async def add_and_set_up(self) -> None:
        """From the welcome page to a server that is set up."""
        person, server = self.person, self.server
        self.say("add the server, its host key compared")
        await person.see_text("Add a server")
        await person.click("welcome-add-server")
        await person.type("add-server-host", server.host)
        await person.type("add-server-port", str(server.ssh_port))
        await person.type("add-server-user", "root")
        await person.type("add-server-name", server.name)
        await person.choose("add-server-auth", "key-file")
        await person.type("add-server-key-file", str(self.lab.key))
        await person.click("add-server-next")
        await person.see_text(server.host_key_fingerprint)
        await person.picture(self.pictures / "1-host-key.png")
        await person.press("Trust and connect")
        await person.see_text("The connection works", 30)
        self.say("set it up over SSH (Docker, Traefik, agent, relay)")
        await person.press("Add and set up")
        await person.see(self._model_is_live, "a live server", 600)
        await person.picture(self.pictures / "2-server.png")

    def _model_is_live(self) -> bool:
        failed = [each.error for each in self.person.workspace.tasks.all if each.error is not None]
        assert not failed, failed
        servers = self.person.workspace.servers
        return bool(servers) and servers[0].model.is_live and servers[0].model.info is not None

    async def use_lab_acme(self) -> None:
        """Certificates come from the lab's authority."""
        person, acme = self.person, self.lab.internet.acme
        self.say("choose the lab's ACME authority")
        await person.go(Route("server", server=person.workspace.servers[0].id, tab="settings"))
        await person.type("server-acme-email", "ops@lab.test")
        await person.type("server-acme-ca-url", acme.directory_url)
        await person.type("server-acme-ca-certificate", acme.ca_certificate)
        await person.click("save-server-settings")
        settings = person.workspace.servers[0].model
        await person.see(
            lambda: settings.settings and settings.settings.acme_ca_url == acme.directory_url, "saved settings"
        )

    async def make_service(self) -> None:
        """Project and service by the dialogs, the deploy key given to the git host, then Deploy."""
        person = self.person
        self.say("create project and service, deploy version 1")
        await person.go(Route("projects"))
        await person.click("new-project" if person.shows("new-project") else "empty-new-project")
        await person.type("project-name", "shop")
        await person.click("create-project")
        await person.click("new-service")
        await person.type("service-url", self.repository.url)
        await person.type("service-name", "web")
        await person.type("service-domain", self.host)
        await person.click("create-service")
        await person.see_text(self.repository.host_key_fingerprint)  # the server never spoke to this host before
        await person.click("trust-git-host")
        await person.see(lambda: self._model().services, "the new service", 30)
        await person.see_text("Deploy key")
        self.repository.allow(self.service().deploy_key)
        await person.click("deploy-new-service")
        await self.see_deployed(1)
        await person.picture(self.pictures / "3-deployed.png")

    def service(self) -> Service:
        """The service as the window's model holds it."""
        return next(iter(self._model().services.values()))

    def _model(self) -> ServerModel:
        return self.person.workspace.servers[0].model

    def route(self, tab: str) -> Route:
        """A tab of the service's page."""
        service = self.service()
        server = self.person.workspace.servers[0]
        return Route("service", server=server.id, project=service.project_id, service=service.id, tab=tab)

    async def see_deployed(self, number: int) -> None:
        """Wait until deployment `number` ended well; its log is looked at meanwhile."""
        model = self.person.workspace.servers[0].model

        def ended() -> bool:
            newest = model.latest_deployment(self.service().id)
            return newest is not None and newest.number == number and newest.state.is_final

        await self.person.see(ended, f"the end of deployment {number}", 300)
        newest = model.latest_deployment(self.service().id)
        assert newest is not None
        assert newest.state is DeploymentState.SUCCEEDED, newest.problem
        await self.person.see(lambda: self.service().state is ServiceState.RUNNING, "a running service", 30)

    async def look_at_logs_and_load(self) -> None:
        """Log lines and load are in sight on their tabs."""
        self.say("look at log and load")
        person, model = self.person, self.person.workspace.servers[0].model
        await person.go(self.route("logs"))
        await person.see(lambda: person.shows("service-log"), "the log")
        await person.picture(self.pictures / "4-logs.png")
        await person.go(self.route("metrics"))
        await person.see(lambda: model.service_metrics(self.service().id), "a sample of load", 60)
        await person.picture(self.pictures / "5-metrics.png")

    async def deploy_change(self, version: str, number: int) -> None:
        """Push and press Deploy."""
        self.say(f"push a change and deploy version {version}")
        self.repository.commit({"VERSION": version + "\n"}, f"Version {version}")
        await self.person.go(self.route("overview"))
        await self.person.click("deploy-button")
        await self.see_deployed(number)

    async def roll_back(self, number: int) -> None:
        """Roll back to the release before."""
        self.say("roll back")
        await self.person.go(self.route("deployments"))
        await self.person.click("roll-back-button")
        await self.person.click("confirm-roll-back")
        await self.see_deployed(number)
        await self.person.picture(self.pictures / "6-rolled-back.png")

    async def uninstall(self) -> None:
        """Leave the server as it was."""
        self.say("uninstall")
        person = self.person
        await person.go(Route("server", server=person.workspace.servers[0].id, tab="settings"))
        await person.click("uninstall-server")
        await person.type("confirm-name", self.server.name)
        await person.click("confirm-uninstall")
        tasks = person.workspace.tasks
        await person.see(
            lambda: any(each.title.startswith("Uninstall") and not each.is_running for each in tasks.all),
            "the end of the uninstall",
            180,
        )
