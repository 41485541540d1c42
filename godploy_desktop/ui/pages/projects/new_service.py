"""The dialog that makes an application from a git repository, and the one that shows its deploy key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.widgets import CopyField, Form, Label, Select, TextAreaField, TextField
from godploy_server.contract import (
    AddDomain,
    CreateService,
    Deployment,
    DockerfileBuilder,
    GitSource,
    ImageSource,
    ProjectId,
    Service,
    ServiceKind,
    ServiceSettings,
)

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_KINDS = {ServiceKind.APPLICATION.value: "A git repository", ServiceKind.IMAGE.value: "A prebuilt image"}


def new_service(page: Page, server: Server, project_id: ProjectId) -> None:
    """Open the dialog; goes to the new service afterwards and shows its deploy key where it needs one."""
    dialog = NewServiceDialog(page, server, project_id)
    context, window = page.context, page.window()  # the page itself is gone once the service's is shown

    def made(service: object) -> None:
        if not isinstance(service, Service):
            return
        context.shell.go(Route("service", server=server.id, project=project_id, service=service.id))
        DeployKeyDialog(context, window, server, service).open()

    dialog.finished.connect(made)
    dialog.open()


class NewServiceDialog(AskingDialog):
    """Repository, how to build it, where it listens, variables, domain."""

    def __init__(self, page: Page, server: Server, project_id: ProjectId) -> None:
        super().__init__(
            page.context,
            page,
            "New service",
            "Built on the server from git with a Dockerfile, or a prebuilt image.",
            width=560,
            icon="layers",
        )
        self._server, self._project_id = server, project_id
        self._name_typed = False
        self._kind = Select("From", _KINDS)
        self._kind.box.setObjectName("service-kind")
        self._image = TextField("Image", placeholder="nginx:1.27", check=forms.check_image, mono=True)
        self._url = TextField(
            "Repository", placeholder="git@git.example.com:team/shop.git", check=forms.check_git_url, mono=True
        )
        self._name = TextField("Name", placeholder="web", check=forms.check_service_name)
        self._branch = TextField("Branch", "main")
        self._root = TextField("Folder in the repository", placeholder="the top")
        self._dockerfile = TextField("Dockerfile", "Dockerfile", mono=True)
        self._port = TextField("Port", "8080", hint="Empty for a worker that serves nothing", check=forms.parse_port)
        self._domain = TextField(
            "Domain", placeholder="shop.example.com", hint="May follow later", check=forms.check_optional_host
        )
        self._variables = TextAreaField(
            "Variables",
            placeholder="LOG_LEVEL=info",
            hint="One NAME=value a line. Add secrets under Variables later: there they are write-only.",
            lines=2,
            mono=True,
            check=forms.parse_variables,
        )
        for name, field in (
            ("service-url", self._url), ("service-name", self._name), ("service-branch", self._branch),
            ("service-root", self._root), ("service-dockerfile", self._dockerfile), ("service-port", self._port),
            ("service-domain", self._domain), ("service-variables", self._variables), ("service-image", self._image),
        ):  # fmt: skip
            field.edit.setObjectName(name)
        self._url.changed.connect(self._suggest_name)
        self._image.changed.connect(self._suggest_name)
        self._kind.changed.connect(self._show_kind)
        self._name.edit.textEdited.connect(self._note_typed)
        self._form = Form(
            self._kind,
            self._url,
            self._image,
            _side_by_side(self._name, self._branch),
            _side_by_side(self._root, self._dockerfile),
            _side_by_side(self._port, self._domain),
            self._variables,
        )
        self.body.addWidget(self._form)
        self.add_foot("Create service", "create-service", self._create)
        self._show_kind()

    def _note_typed(self) -> None:
        self._name_typed = bool(self._name.value())

    @property
    def _is_image(self) -> bool:
        return self._kind.value() == ServiceKind.IMAGE.value

    def _show_kind(self) -> None:
        self._image.setVisible(self._is_image)
        for field in (self._url, self._branch, self._root, self._dockerfile):
            field.setVisible(not self._is_image)
        self._suggest_name()
        self.refit()

    def _suggest_name(self) -> None:
        if not self._name_typed:
            source = self._image.value().partition(":")[0] if self._is_image else self._url.value()
            self._name.set_value(forms.suggested_name(source))

    def _create(self) -> None:
        if not self._form.is_valid():
            return
        port = forms.parse_port(self._port.value())
        if self._is_image:
            kind, settings = ServiceKind.IMAGE, ServiceSettings(ImageSource(self._image.value()), port=port)
        else:
            source = (self._url.value(), self._branch.value(), self._root.value(), self._dockerfile.value())
            kind, settings = ServiceKind.APPLICATION, _git_settings(*source, port)
        variables = forms.parse_variables(self._variables.value())
        request = CreateService(self._project_id, self._name.value(), settings, kind, variables)
        host = forms.check_optional_host(self._domain.value())

        async def work() -> Service:
            service = await self._server.create_service(request)
            if host:
                await self._server.add_domain(service.id, AddDomain(host))
            return service

        self.submit(f"Create service {request.name}", work, str(self._server.id))


class DeployKeyDialog(AskingDialog):
    """What stands between a new service and its first deployment: for a private repository, its key."""

    def __init__(self, context: Context, window: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            context,
            window,
            f"{service.name} is made",
            "It runs nothing until it is deployed.",
            width=560,
            icon="rocket",
        )
        self._server, self._service = server, service
        source = service.settings.source
        if service.deploy_key and isinstance(source, GitSource):
            self.body.addWidget(
                Label(
                    "If the repository is private, add this deploy key to it, read-only. The key was made on the "
                    "server; its private half never leaves it.",
                    "md",
                    400,
                    "text2",
                    wrap=True,
                )
            )
            key = CopyField(service.deploy_key, label="Deploy key")
            key.setObjectName("deploy-key")
            self.body.addWidget(key)
        self.add_foot("Deploy", "deploy-new-service", self._deploy, icon="rocket")

    def _deploy(self) -> None:
        service, server = self._service, self._server

        def go(deployment: Deployment) -> None:
            route = Route("service", server.id, service.project_id, service.id, deployment.id, "deployments")
            self.context.shell.go(route)

        self.submit(f"Deploy {service.name}", lambda: server.deploy(service.id), service.id, go)


def _side_by_side(first: TextField, second: TextField) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(12)
    for field in (first, second):
        line.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)  # a hint under one must not push the other down
    return line


def _git_settings(url: str, branch: str, root: str, dockerfile: str, port: int | None) -> ServiceSettings:
    source = GitSource(url.strip(), branch.strip() or "main", root.strip().strip("/"))
    return ServiceSettings(source, DockerfileBuilder(dockerfile.strip() or "Dockerfile"), port=port)
