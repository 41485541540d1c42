"""Deploying a certain commit: one that was deployed before, or any by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.deploy_ways import check_commit, known_commits
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.widgets import Button, ButtonKind, DialogFrame, Form, Select, TextField
from godploy_server.contract import Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class DeployCommitDialog(DialogFrame):
    """Closes with the commit, or None."""

    def __init__(self, context: Context, parent: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            parent,
            f"Deploy a commit of {service.name}",
            "It is fetched from the repository and built; the settings and variables are those of now.",
            icon="git-commit-horizontal",
        )
        self.context = context
        known = known_commits(server.model.deployments_of(service.id))
        self._known = Select("Deployed before", {"": "Choose one, or type another below"} | known)
        self._known.box.setObjectName("known-commit")
        self._known.setVisible(bool(known))
        self._commit = TextField("Commit", placeholder="f3a91c2…", check=check_commit, mono=True)
        self._commit.edit.setObjectName("commit-hash")
        self._form = Form(self._known, self._commit)
        self.body.addWidget(self._form)
        self._known.changed.connect(self._take_known)
        self.add_button(Button("Cancel", on_click=self.cancel))
        deploy = Button("Deploy", "rocket", ButtonKind.PRIMARY, on_click=self._deploy)
        deploy.setObjectName("confirm-deploy-commit")
        self.add_button(deploy, is_primary=True)

    def _take_known(self) -> None:
        if self._known.value():
            self._commit.set_value(self._known.value())

    def _deploy(self) -> None:
        if self._form.is_valid():
            self.close_with(check_commit(self._commit.value()))
