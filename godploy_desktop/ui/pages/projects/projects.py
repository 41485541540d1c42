"""The list of projects, with a filter."""

from __future__ import annotations

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.home.project_grid import ProjectGrid
from godploy_desktop.ui.pages.projects.new_project import new_project
from godploy_desktop.ui.widgets import Button, ButtonKind, EmptyState, FilterField, Label, column, row


class ProjectsPage(Page):
    """Every project of every server."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Projects"))
        self._count = Label("", "md", 400, "text2")
        self._filter = FilterField("Filter projects and services", width=240)
        self._filter.setObjectName("project-filter")
        create = Button("New project", "plus", ButtonKind.PRIMARY, on_click=lambda: new_project(self))
        create.setObjectName("new-project")
        self._grid = ProjectGrid(context)
        self._empty = EmptyState(
            "folder-kanban",
            "No projects yet",
            "A project groups the services that belong together, on a network of their own.",
            Button("New project", "plus", on_click=lambda: new_project(self)),
            Button("Add a server", "server", on_click=lambda: context.shell.go(Route("servers"))),
        )
        self._nothing = EmptyState("search", "Nothing found", "No project, service or server has that in its name.")
        head = column(Label("Projects", "xl", 600), self._count, spacing=4)
        self.body.addLayout(row(head, None, self._filter, create))
        self.body.addSpacing(4)
        self.body.addWidget(self._grid)
        self.body.addWidget(self._empty, 1)
        self.body.addWidget(self._nothing, 1)
        self.body.addStretch(1)
        self._filter.textChanged.connect(self._grid.set_filter)
        self._grid.changed.connect(self._refresh)
        self.when_disposed(self._grid.dispose)
        self._refresh()

    def _refresh(self) -> None:
        total = sum(len(each.model.projects) for each in self.context.workspace.servers)
        self._grid.setVisible(self._grid.count > 0)
        self._empty.setVisible(total == 0)
        self._nothing.setVisible(total > 0 and self._grid.count == 0)
        self._filter.setVisible(total > 0)
        self._count.setText(words.counted(total, "project"))
