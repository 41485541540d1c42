"""The dialog that makes a project."""

from __future__ import annotations

from godploy_desktop.ui.models.forms import check_project_name
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.widgets import Form, Select, TextField
from godploy_server.contract import Project


def new_project(page: Page) -> None:
    """Open the dialog; goes to the new project afterwards. Without a server it leads to adding one."""
    if not page.context.workspace.servers:
        page.context.shell.notify("Add a server first: a project lives on one", "info")
        page.context.shell.go(Route("welcome"))
        return
    NewProjectDialog(page).open()


class NewProjectDialog(AskingDialog):
    """A name, and the server that the project lives on."""

    def __init__(self, page: Page) -> None:
        super().__init__(
            page.context,
            page,
            "New project",
            "A group of services with a network of its own. It lives on one server.",
            icon="folder-plus",
        )
        servers = page.context.workspace.servers
        live = [each for each in servers if each.model.is_live]
        self.name_field = TextField("Name", placeholder="storefront", check=check_project_name)
        self.name_field.edit.setObjectName("project-name")
        options = {str(each.id): each.name for each in servers}
        self.server_field = Select("Server", options, str((live or servers)[0].id))
        self.server_field.box.setObjectName("project-server")
        self._form = Form(self.name_field, self.server_field)
        self.body.addWidget(self._form)
        self.add_foot("Create project", "create-project", self._create)

    def _create(self) -> None:
        server = self.context.server(int(self.server_field.value()))
        if not self._form.is_valid() or server is None:
            return
        name = self.name_field.value()

        def go(project: Project) -> None:
            self.context.shell.go(Route("project", server=server.id, project=project.id))

        self.submit(f"Create project {name}", lambda: server.create_project(name), str(server.id), go)
