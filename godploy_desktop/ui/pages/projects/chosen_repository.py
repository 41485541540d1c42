"""The git part of the form for a new service: an address typed by hand, or a repository chosen from an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from godploy_desktop.core.git.looking import EXAMPLE, example_of
from godploy_desktop.ui.models.new_service import variables_of_example
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.service_forms.sources import GitForm
from godploy_desktop.ui.widgets import Field

if TYPE_CHECKING:
    from godploy_desktop.ui.pages.git.choose_repository import Chosen


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
        is_linked = self.linked is not None
        if is_linked != self._was_linked:
            self._was_linked = is_linked
            self._url.set_hint("Its deploy key and webhook are added at the host" if is_linked else "")
            self._on_changed()

    def _read_example(self, chosen: Chosen) -> None:
        git = self._owner.context.workspace.git

        async def work() -> str:
            host = git.host(chosen.account)
            try:
                return await example_of(host, chosen.repository.full_name, chosen.repository.default_branch)
            finally:
                await host.close()

        def done(text: str) -> None:
            found = variables_of_example(text)
            if found and chosen is self._chosen and not self._variables.value().strip():
                self._variables.set_value(found)
                self._variables.set_hint(f"From {EXAMPLE} of the repository. Add secrets under Variables later.")

        self._owner.read(f"Reading {EXAMPLE}", work, done, lambda _problem: None)  # the form goes without it
