"""The dialog that makes a service: what is to run, where it comes from, and what it needs to begin with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.addresses import generated_host
from godploy_desktop.core.git.from_repository import FromRepository, Wanted
from godploy_desktop.core.git.host_keys import is_known
from godploy_desktop.core.sources import archive_source, folder_source, this_computer
from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.new_service import name_for, new_service_request, wanted_host, with_secrets
from godploy_desktop.ui.models.repository_look import DEFAULT_PORT, automatic_words, variables_text
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.projects.deploy_key import deploy_at_once
from godploy_desktop.ui.pages.projects.made_from_repository import show_made
from godploy_desktop.ui.pages.projects.making import MakingPanel
from godploy_desktop.ui.pages.projects.new_parts import NewCustom, NewFolder, NewImage
from godploy_desktop.ui.pages.projects.new_repository import NewRepository
from godploy_desktop.ui.pages.projects.secret_marks import SecretMarks
from godploy_desktop.ui.pages.projects.template_chooser import TemplateChooser
from godploy_desktop.ui.pages.service.sending import start_sending
from godploy_desktop.ui.pages.service_forms.builder import BuilderForm
from godploy_desktop.ui.pages.service_forms.running import port_field
from godploy_desktop.ui.pages.service_forms.sources import ArchiveForm, call, side_by_side
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
from godploy_server.contract import EXAMPLE, AddDomain, CreateService, GitSource, GodployError, ProjectId, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

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
_VARIABLES_HINT = "One NAME=value a line"


def new_service(page: Page, server: Server, project_id: ProjectId) -> None:
    """Open the dialog; goes to the new service afterwards. One from git that could not be linked shows its deploy key
    first, the others are deployed at once where that was wanted."""
    dialog = NewServiceDialog(page, server, project_id)
    context, window = page.context, page.window()  # the page itself is gone once the service's is shown

    def made(service: object) -> None:
        if dialog.making is not None:
            show_made(context, window, server, dialog.making)
        if not isinstance(service, Service):
            return
        is_sent = dialog.archive is not None or (dialog.choice == "folder" and dialog.deploys)
        if is_sent:  # before its page is there, which shows it
            start_sending(context, server, service, dialog.archive, deploys=dialog.deploys)
        context.shell.go(Route("service", server=server.id, project=project_id, service=service.id))
        if dialog.deploys and not is_sent:
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
        self._secrets = SecretMarks(self._fields["variables"], f"{_PREFIX}-secret")
        self._git, self._archive = NewRepository(self, server, _PREFIX), ArchiveForm(_PREFIX)
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
        self._is_named = self._has_domain = False
        self._example = ""  # the variables that a repository's example names, as they were filled in
        self._making = MakingPanel(page.context, done=self._made, back=self._show_form, resized=self.refit)
        self._making.hide()
        self.when_disposed(self._making.dispose)
        self._lay_out()
        self._connect()
        self._show_choice()

    def open(self) -> None:
        super().open()
        self._git.opened()  # what most begin with; the tiles are one Tab back

    @property
    def choice(self) -> str:
        """What is to run: a key of the tiles."""
        return self._tiles.value

    @property
    def deploys(self) -> bool:
        """Whether it is to be deployed as soon as it is made."""
        return self._deploy_now.isChecked()

    @property
    def making(self) -> FromRepository | None:
        """What is made of a repository, as far as it came; None where nothing was made of one."""
        making = self._making.making
        return making if making is not None and making.service is not None else None

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
                hint=_VARIABLES_HINT,
                lines=2,
                mono=True,
                check=forms.parse_variables,
            ),
        }
        call(fields, _PREFIX)
        return fields

    def _lay_out(self) -> None:
        self._form = Form(
            self._tiles, self._sources, self._named, self._builder, self._custom.more, self._fields["variables"],
            self._secrets,
        )  # fmt: skip
        self.body.addWidget(self._form)
        self.body.addWidget(self._making)
        self.add_foot("Create service", "create-service", self._create)
        self.add_left(self._deploy_now)

    def _connect(self) -> None:
        self._builder.changed.connect(self._folder.look_again)
        self._tiles.chosen.connect(lambda _value: self._show_choice())
        self._templates.chosen.connect(self._show_choice)
        self._templates.refitted.connect(self.refit)
        self._image.registries_asked.connect(self._show_registries)
        self._git.changed.connect(self._show_choice)
        self._git.looked.connect(self._show_found)
        self._fields["name"].control.textEdited.connect(self._note_named)  # type: ignore[attr-defined]  # a QLineEdit
        self._fields["domain"].control.textEdited.connect(self._note_domain)  # type: ignore[attr-defined]  # a QLineEdit
        self._fields["name"].changed.connect(self._suggest_domain)
        self._fields["port"].changed.connect(self._suggest_domain)
        self._deploy_now.toggled.connect(lambda _on: self._show_deploy_now())
        for part in (self._git, self._folder, self._archive, self._image, self._custom):
            for key in ("url", "folder", "archive", "image"):
                if key in part.by_key:
                    part.by_key[key].changed.connect(self._suggest_name)

    def _note_named(self) -> None:
        self._is_named = bool(self._fields["name"].value())

    def _note_domain(self) -> None:
        self._has_domain = True

    def _show_choice(self) -> None:
        """Show what the choice needs, and nothing else."""
        choice = self.choice
        is_template, is_listing = choice == "database", choice == "git" and self._git.is_choosing
        has_fields = not is_template and not is_listing
        self._sources.show_part(choice)
        self._named.setVisible(has_fields)
        self._builder.setVisible(has_fields)
        self._builder.offer(is_offered=choice in _BUILT)
        self._custom.more.setVisible(choice == "custom")
        self._fields["variables"].setVisible(has_fields)
        self._secrets.show_if(is_wanted=has_fields)
        self._show_deploy_now()
        if self.primary is not None:
            self.primary.setVisible(has_fields or (is_template and self._templates.template is not None))
        if choice == "image":
            self._image.opened()
        elif is_template:
            self._templates.opened()
        self._suggest_name()
        self._suggest_domain()
        self.problems.clear_problem()
        self.refit()

    def _show_deploy_now(self) -> None:
        """What has to be fetched with a key that is not added yet cannot be deployed at once."""
        is_offered = True
        if self.choice == "git":
            is_offered = not self._git.is_choosing and self._git.can_be_read
        elif self.choice == "database":
            is_offered = self._templates.template is not None
        self._deploy_now.setVisible(is_offered)
        if self.primary is not None:
            is_deployed = is_offered and self.choice == "git" and self.deploys
            self.primary.set_content("Deploy" if is_deployed else "Create service")

    def _show_found(self) -> None:
        """Take what was found in the repository where nothing else was typed."""
        look = self._git.found
        detection = look.detection if look is not None else None
        self._builder.set_automatic(automatic_words(detection))
        port, variables = self._fields["port"], self._fields["variables"]
        if detection is not None and detection.port is not None and port.value() == str(DEFAULT_PORT):
            port.set_value(str(detection.port))
        if variables.value() == self._example and look is not None:
            self._example = variables_text(look.variables)
            if self._example != variables.value():
                variables.set_value(self._example)
                variables.set_hint(f"From {EXAMPLE} of the repository" if self._example else _VARIABLES_HINT)
        self._show_deploy_now()

    def _suggest_domain(self) -> None:
        """A host name that needs nobody's DNS, until a person types another."""
        if self._has_domain or self.choice != "git":
            return
        host = self._generated_host() if self._fields["port"].value() else ""
        if host != self._fields["domain"].value():
            self._fields["domain"].set_value(host)

    def _generated_host(self) -> str:
        model, name = self._server.model, self._fields["name"].value()
        project = model.projects.get(self._project_id)
        if model.info is None or project is None or not name:
            return ""
        return generated_host(model.info, name, project.name)

    def _suggest_name(self) -> None:
        if not self._is_named and self.choice != "database":  # a template's form has a name of its own
            self._fields["name"].set_value(name_for(self.choice, self._texts()))

    def _texts(self) -> dict[str, str]:
        """What stands in the fields of the choice."""
        part = self._parts[self.choice]
        fields = dict(self._fields)
        if isinstance(part, NewRepository | NewFolder | ArchiveForm | NewImage | NewCustom):
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
        request = new_service_request(self.choice, self._project_id, texts, this_computer())
        return with_secrets(request, self._secrets.secrets())

    def _create(self) -> None:
        if self.primary is None or not self.primary.isVisible() or not are_valid(fields_in_use(self._form)):
            return
        if self.choice == "git" and not self._git.is_settled:
            self._busy(is_busy=True)
            self.read("Looking into the repository", self._git.settled, lambda _none: self._create_now())
        else:
            self._create_now()

    def _create_now(self) -> None:
        self._busy(is_busy=False)
        try:
            request = self._request()
        except GodployError as error:
            self.show_problem(error.problem)
            return
        host = wanted_host(self._texts()) if self.choice != "database" else ""
        if self.choice == "git":
            self._make(request, host)
            return

        async def work() -> Service:
            service = await self._server.create_service(request)
            if host:
                await self._add_domain(service, host)
            return service

        self.submit(f"Create service {request.name}", work, str(self._server.id))

    def _make(self, request: CreateService, host: str) -> None:
        """Make it of its repository, step by step; a git host that the server does not know is asked about first."""
        source = request.settings.source
        self._busy(is_busy=True)

        def known(is_known: bool) -> None:
            self._busy(is_busy=False)
            if is_known or not isinstance(source, GitSource):
                self._begin(request, host)
            else:
                self._ask_host_key(source.url, lambda: self._begin(request, host))

        self.read("Looking at the git host", lambda: is_known(self._server, source), known, self.show_problem)

    def _ask_host_key(self, address: str, then: Callable[[], object]) -> None:
        from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog

        dialog = GitHostKeyDialog(self.context, self, self._server, address)
        dialog.finished.connect(lambda trusted: then() if trusted is not None else None)
        dialog.open()

    def _begin(self, request: CreateService, host: str) -> None:
        linked = self._git.linked
        domain = AddDomain(host, tls=host != self._generated_host()) if host else None
        deploys = self.deploys and self._git.can_be_read
        wanted = Wanted(request, domain, linked.repository if linked is not None else None, deploys)
        git = self.context.workspace.git if linked is not None else None
        open_host = None if git is None or linked is None else partial(git.host, linked.account)
        account = linked.account if linked is not None else None
        self._form.hide()
        self._deploy_now.hide()
        if self.dismiss is not None:
            self.dismiss.set_content("Close")
        if self.primary is not None:
            self.primary.hide()
        self.problems.clear_problem()
        self._making.show()
        verb = "Deploy" if deploys else "Make"
        self._making.begin(f"{verb} {request.name}", FromRepository(self._server, wanted, open_host), account)
        self.refit()

    def _show_form(self) -> None:
        """Correct what was typed; nothing was made."""
        self._making.hide()
        if self.dismiss is not None:
            self.dismiss.set_content("Cancel")
        self._form.show()
        self._show_choice()

    def _made(self, making: FromRepository) -> None:
        self.close_with(making)

    def _busy(self, *, is_busy: bool) -> None:
        if self.primary is not None:
            self.primary.set_busy(is_busy)

    async def _add_domain(self, service: Service, host: str) -> None:
        try:
            await self._server.add_domain(service.id, AddDomain(host))
        except GodployError as error:  # the service is made; its page is where the domain is tried again
            self.context.shell.notify(f"{host} was not added: {error.problem.why}", "warn")

    def _show_registries(self) -> None:
        self.cancel()
        self.context.shell.go(Route("server", server=self._server.id, tab="settings"))
