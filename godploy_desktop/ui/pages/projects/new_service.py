"""The dialog that makes a service: what is to run, where it comes from, and what it needs to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.sources import archive_source, folder_source, this_computer
from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.new_service import name_for, new_service_request, wanted_host
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.projects.chosen_repository import ChosenRepository
from godploy_desktop.ui.pages.projects.deploy_key import DeployKeyDialog, deploy_at_once
from godploy_desktop.ui.pages.projects.link_new import link_new
from godploy_desktop.ui.pages.projects.new_parts import NewCustom, NewFolder, NewImage
from godploy_desktop.ui.pages.projects.template_chooser import TemplateChooser
from godploy_desktop.ui.pages.service.sending import start_sending
from godploy_desktop.ui.pages.service_forms.builder import BuilderForm
from godploy_desktop.ui.pages.service_forms.running import port_field
from godploy_desktop.ui.pages.service_forms.sources import ArchiveForm, GitForm, call, side_by_side
from godploy_desktop.ui.widgets import (
    CheckBox,
    Choice,
    ChoiceTiles,
    Field,
    Form,
    TextAreaField,
    TextField,
    are_valid,
    fields_in_use,
)
from godploy_server.contract import AddDomain, CreateService, GodployError, ProjectId, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.ui.pages.git.choose_repository import Chosen

_PREFIX = "service"
_WIDTH = 760
_CHOICES = (
    Choice("git", "git-branch", "Git repository", "Built on the server from a branch, a tag or a commit"),
    Choice("folder", "folder", "Folder", "A folder on this computer, sent or built with each deployment"),
    Choice("archive", "package", "Archive", "A zip or tar that is sent once"),
    Choice("image", "box", "Image", "A prebuilt image from any registry"),
    Choice("database", "database", "Database", "From a template: PostgreSQL, Redis and others"),
    Choice("custom", "sliders-horizontal", "Custom", "Any image with its command, ports, mounts and variables"),
)
_BUILT = ("git", "folder", "archive")


def new_service(page: Page, server: Server, project_id: ProjectId) -> None:
    """Open the dialog; goes to the new service afterwards. One from git shows its deploy key first, the others are
    deployed at once where that was wanted."""
    dialog = NewServiceDialog(page, server, project_id)
    context, window = page.context, page.window()  # the page itself is gone once the service's is shown

    def made(service: object) -> None:
        if not isinstance(service, Service):
            return
        is_sent = dialog.archive is not None or (dialog.choice == "folder" and dialog.deploys)
        if is_sent:  # before its page is there, which shows it
            start_sending(context, server, service, dialog.archive, deploys=dialog.deploys)
        context.shell.go(Route("service", server=server.id, project=project_id, service=service.id))
        if dialog.linked is not None:
            link_new(context, window, server, service, dialog.linked, deploys=dialog.deploys)
        elif dialog.choice == "git":
            DeployKeyDialog(context, window, server, service).open()
        elif dialog.deploys and not is_sent:
            deploy_at_once(context, server, service)

    dialog.finished.connect(made)
    dialog.open()


class NewServiceDialog(AskingDialog):
    """One dialog for every kind of service; only what the chosen kind needs is shown."""

    def __init__(self, page: Page, server: Server, project_id: ProjectId) -> None:
        super().__init__(page.context, page, "New service", "What do you want to run?", width=_WIDTH, icon="layers")
        self._server, self._project_id = server, project_id
        self._tiles = ChoiceTiles(_CHOICES, "What do you want to run?", f"{_PREFIX}-kind")
        self._tiles.setObjectName(f"{_PREFIX}-kind")
        self._fields = self._common_fields()
        self._builder = BuilderForm(_PREFIX, beside=self._fields["port"])
        self._repository = ChosenRepository(self, _PREFIX, self._fields["variables"], self._show_linked)
        self._git, self._archive = self._repository.form, ArchiveForm(_PREFIX)
        self._folder = NewFolder(self, _PREFIX, self._builder.builder)
        self._image, self._custom = NewImage(self, server, _PREFIX), NewCustom(_PREFIX)
        self._templates = TemplateChooser(self, page.context.workspace.folders)
        self._parts: dict[str, QWidget] = {
            "git": self._git,
            "folder": self._folder,
            "archive": self._archive,
            "image": self._image,
            "database": self._templates,
            "custom": self._custom,
        }
        self._sources = Switcher(self._parts)
        self._named = Form(side_by_side(self._fields["name"], self._fields["domain"]))
        self._deploy_now = CheckBox("Deploy now", checked=True)
        self._deploy_now.setObjectName("deploy-now")
        self._is_named = False
        self._lay_out()
        self._connect()
        self._show_choice()

    def open(self) -> None:
        super().open()
        self._git.by_key["url"].setFocus()  # what most begin with; the tiles are one Tab back

    @property
    def choice(self) -> str:
        """What is to run: a key of the tiles."""
        return self._tiles.value

    @property
    def deploys(self) -> bool:
        """Whether it is to be deployed as soon as it is made."""
        return self._deploy_now.isChecked()

    @property
    def linked(self) -> Chosen | None:
        """The repository that was chosen from an account, where the service gets that one and can be linked to it."""
        return self._repository.linked if self.choice == "git" else None

    @property
    def archive(self) -> Path | None:
        """The archive to send, where one is the source."""
        return Path(self._archive.path.value()).expanduser() if self.choice == "archive" else None

    def _common_fields(self) -> dict[str, Field]:
        fields: dict[str, Field] = {
            "name": TextField("Name", placeholder="web", check=forms.check_service_name),
            "domain": TextField(
                "Domain", placeholder="shop.example.com", hint="May follow later", check=forms.check_optional_host
            ),
            "port": port_field(),
            "variables": TextAreaField(
                "Variables",
                placeholder="LOG_LEVEL=info",
                hint="One NAME=value a line. Add secrets under Variables later: there they are write-only.",
                lines=2,
                mono=True,
                check=forms.parse_variables,
            ),
        }
        call(fields, _PREFIX)
        return fields

    def _lay_out(self) -> None:
        self._form = Form(
            self._tiles, self._sources, self._named, self._builder, self._custom.more, self._fields["variables"]
        )
        self.body.addWidget(self._form)
        self.add_foot("Create service", "create-service", self._create)
        self.add_left(self._deploy_now)

    def _connect(self) -> None:
        self._builder.changed.connect(self._folder.look_again)
        self._tiles.chosen.connect(lambda _value: self._show_choice())
        self._templates.chosen.connect(self._show_choice)
        self._templates.refitted.connect(self.refit)
        self._image.registries_asked.connect(self._show_registries)
        self._fields["name"].control.textEdited.connect(self._note_named)  # type: ignore[attr-defined]  # a QLineEdit
        for part in (self._git, self._folder, self._archive, self._image, self._custom):
            for key in ("url", "folder", "archive", "image"):
                if key in part.by_key:
                    part.by_key[key].changed.connect(self._suggest_name)

    def _note_named(self) -> None:
        self._is_named = bool(self._fields["name"].value())

    def _show_choice(self) -> None:
        """Show what the choice needs, and nothing else."""
        choice = self.choice
        is_template, has_form = choice == "database", self._templates.template is not None
        self._sources.show_part(choice)
        self._named.setVisible(not is_template)
        self._builder.setVisible(not is_template)
        self._builder.offer(is_offered=choice in _BUILT)
        self._custom.more.setVisible(choice == "custom")
        self._fields["variables"].setVisible(not is_template)
        self._show_deploy_now()
        if self.primary is not None:
            self.primary.setVisible(not is_template or has_form)
        if choice == "image":
            self._image.opened()
        elif is_template:
            self._templates.opened()
        self._suggest_name()
        self.problems.clear_problem()
        self.refit()

    def _show_deploy_now(self) -> None:
        """What has to be fetched with a key that is not added yet cannot be deployed at once."""
        is_offered = self.linked is not None if self.choice == "git" else True
        if self.choice == "database":
            is_offered = self._templates.template is not None
        self._deploy_now.setVisible(is_offered)

    def _show_linked(self) -> None:
        self._show_deploy_now()
        self.refit()

    def _suggest_name(self) -> None:
        if not self._is_named and self.choice != "database":  # a template's form has a name of its own
            self._fields["name"].set_value(name_for(self.choice, self._texts()))

    def _texts(self) -> dict[str, str]:
        """What stands in the fields of the choice."""
        part = self._parts[self.choice]
        fields = dict(self._fields)
        if isinstance(part, GitForm | NewFolder | ArchiveForm | NewImage | NewCustom):
            fields |= part.by_key
        if self.choice in _BUILT:
            fields |= self._builder.by_key
        return {key: field.value() for key, field in fields.items()}

    def _request(self) -> CreateService:
        if self._templates.form is not None and self.choice == "database":
            return self._templates.form.request(self._project_id)
        texts = self._texts()
        if self.choice == "folder":
            texts["folder"] = folder_source(texts["folder"], texts["root"]).path
        elif self.choice == "archive":
            texts["archive"] = archive_source(texts["archive"]).name
        return new_service_request(self.choice, self._project_id, texts, this_computer())

    def _create(self) -> None:
        if self.primary is None or not self.primary.isVisible() or not are_valid(fields_in_use(self._form)):
            return
        try:
            request = self._request()
        except GodployError as error:
            self.show_problem(error.problem)
            return
        host = wanted_host(self._texts()) if self.choice != "database" else ""

        async def work() -> Service:
            service = await self._server.create_service(request)
            if host:
                await self._add_domain(service, host)
            return service

        self.submit(f"Create service {request.name}", work, str(self._server.id))

    async def _add_domain(self, service: Service, host: str) -> None:
        try:
            await self._server.add_domain(service.id, AddDomain(host))
        except GodployError as error:  # the service is made; its page is where the domain is tried again
            self.context.shell.notify(f"{host} was not added: {error.problem.why}", "warn")

    def _show_registries(self) -> None:
        self.cancel()
        self.context.shell.go(Route("server", server=self._server.id, tab="settings"))
