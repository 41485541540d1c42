"""The settings of a project: what it is, and removing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.frame.removal import confirm_removal
from godploy_desktop.ui.widgets import Button, ButtonKind, PropertyList, Section, column
from godploy_server.contract import Problem, ProjectId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ProjectSettings(QWidget, Observer):
    """Facts and the delete button."""

    def __init__(self, context: Context, server: Server, project_id: ProjectId) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, project_id
        self._problems = ProblemSlot()
        facts = Section("Project", "What the server knows it by")
        self._facts = PropertyList()
        facts.body.addWidget(self._facts)
        delete = Button("Delete project", "trash-2", ButtonKind.DANGER, on_click=self._ask)
        delete.setObjectName("delete-project")
        danger = Section(
            "Delete", "Removes the project with every service in it, their releases, images and domains.", delete
        )
        column(self._problems, facts, danger, None, spacing=12, parent=self)
        self._show()

    def _show(self) -> None:
        project = self._server.model.projects.get(self._id)
        if project is None:
            return
        self._facts.set("name", "Name", project.name)
        self._facts.set("server", "Server", self._server.name)
        self._facts.set("subnet", "Network", project.subnet, mono=True)
        self._facts.set("made", "Made", project.created_at.astimezone().strftime("%d %b %Y, %H:%M"))

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

    def _ask(self) -> None:
        project = self._server.model.projects.get(self._id)
        if project is None:
            return
        confirm_removal(
            self,
            self,
            title=f"Delete {project.name}?",
            text=f"Everything below goes from {self._server.name} and does not come back.",
            preview=lambda: self._server.agent.preview_project_removal(self._id),
            name=project.name,
            confirmed=self._delete,
        )

    def _delete(self) -> None:
        self.act("Delete the project", lambda: self._server.delete_project(self._id), about=str(self._id))
