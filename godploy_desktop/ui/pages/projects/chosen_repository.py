"""The git part of the form for a new service: an address typed by hand, or a repository chosen from an account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import QPoint

from godploy_desktop.core.git.looking import EXAMPLE, example_of
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Page, Ref
from godploy_desktop.ui.models.new_service import variables_of_example
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.service_forms.sources import GitForm
from godploy_desktop.ui.widgets import Field, MenuEntry, open_menu
from godploy_server.contract import Problem

if TYPE_CHECKING:
    from godploy_desktop.ui.pages.git.choose_repository import Chosen

T = TypeVar("T")

_MOST_BRANCHES: Final = 30
"""More would not fit into a menu."""


class ChosenRepository:
    """`form` is the part of the form. `variables` gets what the repository's example names, unless something stands
    there; `changed` is called when the service is linked to a repository now, or no more."""

    def __init__(self, owner: AskingDialog, prefix: str, variables: Field, changed: Callable[[], object]) -> None:
        self._owner, self._variables, self._on_changed = owner, variables, changed
        self._chosen: Chosen | None = None
        self._was_linked = False
        self.form = GitForm(prefix, choose=self._ask)
        self._url = self.form.by_key["url"]
        self._url.changed.connect(self._show)
        if self.form.branches is not None:
            self.form.branches.on_click(self._read_branches)

    @property
    def linked(self) -> Chosen | None:
        """What was chosen, while its address stands in the form and the account may link it."""
        chosen = self._chosen
        if chosen is None or not chosen.repository.can_administer or self._url.value() != chosen.repository.clone_ssh:
            return None
        return chosen

    def _ask(self) -> None:
        from godploy_desktop.ui.pages.git.choose_repository import (  # loads what speaks with hosts
            ChooseRepositoryDialog,
            Chosen,
        )

        dialog = ChooseRepositoryDialog(self._owner.context, self._owner)
        dialog.finished.connect(lambda chosen: self._take(chosen) if isinstance(chosen, Chosen) else None)
        dialog.open()

    def _take(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._url.set_value(chosen.repository.clone_ssh)
        self.form.by_key["follows"].set_value("branch")
        self.form.by_key["branch"].set_value(chosen.repository.default_branch)
        self._show()
        self._read_example(chosen)

    def _show(self) -> None:
        """Say whether the deploy key and the webhook are added at the host."""
        if self.form.branches is not None:
            is_chosen = self._chosen is not None and self._url.value() == self._chosen.repository.clone_ssh
            self.form.branches.setVisible(is_chosen)
        is_linked = self.linked is not None
        if is_linked != self._was_linked:
            self._was_linked = is_linked
            self._url.set_hint("Its deploy key and webhook are added at the host" if is_linked else "")
            self._on_changed()

    async def _ask_host(self, chosen: Chosen, ask: Callable[[GitHost], Awaitable[T]]) -> T:
        host = self._owner.context.workspace.git.host(chosen.account)
        try:
            return await ask(host)
        finally:
            await host.close()

    def _read_branches(self) -> None:
        chosen, button = self._chosen, self.form.branches
        if chosen is None or button is None:
            return

        def done(found: Page[Ref]) -> None:
            button.set_busy(False)
            names = [each.name for each in found.items]
            entries = [
                MenuEntry(name, partial(self.form.by_key["branch"].set_value, name), name=f"branch-{name}")
                for name in names[:_MOST_BRANCHES]
            ]
            if len(names) > _MOST_BRANCHES or found.next:
                entries.append(MenuEntry("Others: type the name", is_enabled=False))
            if entries:
                open_menu(entries, button, button.mapToGlobal(QPoint(0, button.height() + 4)))

        def failed(problem: Problem) -> None:
            button.set_busy(False)
            self._owner.show_problem(problem)

        button.set_busy(True)
        self._owner.read(
            "Reading the branches",
            lambda: self._ask_host(chosen, lambda host: host.branches(chosen.repository.full_name)),
            done,
            failed,
        )

    def _read_example(self, chosen: Chosen) -> None:
        full_name, ref = chosen.repository.full_name, chosen.repository.default_branch

        def done(text: str) -> None:
            found = variables_of_example(text)
            if found and chosen is self._chosen and not self._variables.value().strip():
                self._variables.set_value(found)
                self._variables.set_hint(f"From {EXAMPLE} of the repository. Add secrets under Variables later.")

        self._owner.read(
            f"Reading {EXAMPLE}",
            lambda: self._ask_host(chosen, lambda host: example_of(host, full_name, ref)),
            done,
            lambda _problem: None,  # the form goes without it
        )
