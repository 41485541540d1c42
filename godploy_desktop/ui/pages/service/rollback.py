"""Going back to an earlier release: which one, what that means, and yes or no."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.widgets import Label, Select
from godploy_server.contract import Deployment, Release, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


def choose_release(
    owner: Observer, parent: QWidget, server: Server, service_id: ServiceId, *, done: Callable[[Deployment], object]
) -> None:
    """Read the releases, let the person choose one, and roll back to it; `done` gets the deployment."""

    def show(releases: tuple[Release, ...]) -> None:
        earlier = [each for each in releases if not each.is_serving]
        if not earlier:
            owner.context.shell.notify("There is no earlier release to go back to", "info")
            return
        dialog = RollBackDialog(owner, parent, server, service_id, earlier)
        dialog.finished.connect(lambda made: done(made) if isinstance(made, Deployment) else None)
        dialog.open()

    owner.read("Reading the releases", lambda: server.agent.releases(service_id), show)


class RollBackDialog(AskingDialog):
    """A release out of those that are kept."""

    def __init__(
        self, owner: Observer, parent: QWidget, server: Server, service_id: ServiceId, releases: list[Release]
    ) -> None:
        service = server.model.services.get(service_id)
        name = service.name if service else "the service"
        super().__init__(
            owner.context,
            parent,
            f"Roll {name} back",
            "The image and the configuration of that release, as they were. Nothing is built; visitors lose nothing.",
            icon="history",
        )
        self._server, self._service_id, self._name = server, service_id, name
        self._releases = {str(each.number): each for each in releases}
        self._choice = Select("Release", {key: _describe(each) for key, each in self._releases.items()})
        self._choice.box.setObjectName("roll-back-release")
        self._meaning = Label("", "sm", 400, "text2", wrap=True)
        self.body.addWidget(self._choice)
        self.body.addWidget(self._meaning)
        self.add_foot("Roll back", "confirm-roll-back", self._roll_back)
        self._choice.changed.connect(self._explain)
        self._explain()

    def _explain(self) -> None:
        release = self._releases[self._choice.value()]
        how = "Its containers still exist: it takes seconds." if release.is_instant else "New containers are started."
        when = words.ago(release.created_at, self.context.now())
        self._meaning.setText(f"Release {release.number} was made {when}. {how}")

    def _roll_back(self) -> None:
        number = int(self._choice.value())
        self.submit(
            f"Roll {self._name} back to release {number}",
            lambda: self._server.roll_back(self._service_id, number),
            self._service_id,
        )


def _describe(release: Release) -> str:
    commit = words.short_commit(release.commit)
    return "  ".join(part for part in (f"Release {release.number}", commit, release.commit_message) if part)
