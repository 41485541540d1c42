"""The git part of the form for a new service: a repository of an account or any address, and what is found in it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.from_repository import clone_address
from godploy_desktop.core.git.looking import Look, look_by_server, look_through_account
from godploy_desktop.ui.models.forms import check_git_url, parse_relative_path
from godploy_desktop.ui.models.host_key_words import host_to_confirm
from godploy_desktop.ui.models.repository_look import below, found_words, parent_of, unread_words
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.projects.look_line import LookLine
from godploy_desktop.ui.pages.service_forms.sources import GitForm
from godploy_desktop.ui.widgets import IconButton, MenuEntry, column, open_menu
from godploy_server.contract import BadInput, Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.git_hosting.values import Page, Ref
    from godploy_desktop.ui.pages.git.choose_repository import Chosen, RepositoryList

_LOOK_AFTER_MS: Final = 700
"""While someone types, each letter is another address."""
_SETTLED_WITHIN_S: Final = 15.0
_MOST_ENTRIES: Final = 30
"""More would not fit into a menu."""


class NewRepository(QWidget):
    """First the list of an account's repositories, then the form. `changed` tells of another choice, `looked` of
    what was found (`found`)."""

    changed = Signal()
    looked = Signal()

    def __init__(self, owner: AskingDialog, server: Server, prefix: str) -> None:
        super().__init__()
        self._owner, self._server = owner, server
        self._chosen: Chosen | None = None
        self._list: RepositoryList | None = None
        self._looking: asyncio.Task[Look] | None = None
        self._is_branch_typed = False
        self.found: Look | None = None
        self._line = LookLine(f"{prefix}-repository-found")
        self.form = GitForm(prefix, choose=self.choose, found=self._line)
        self.by_key = self.form.by_key
        self._holder = QWidget()
        column(parent=self._holder)
        self._parts = Switcher({"list": self._holder, "form": self.form})
        self._parts.show_part("form")
        column(self._parts, parent=self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_AFTER_MS)
        self._timer.timeout.connect(self._look)
        self.by_key["url"].changed.connect(self._follow_address)
        for key in ("follows", "branch", "tag", "commit", "root"):
            self.by_key[key].changed.connect(self._timer.start)
        self.by_key["branch"].control.textEdited.connect(self._note_branch)  # type: ignore[attr-defined]  # a QLineEdit
        self.form.branches.on_click(self._offer_branches)
        self.form.folders.on_click(self._offer_folders)
        owner.when_disposed(self._end)

    @property
    def is_choosing(self) -> bool:
        """Whether the list of repositories is shown, and nothing is chosen yet."""
        return not self._holder.isHidden()

    @property
    def chosen(self) -> Chosen | None:
        """The repository of an account, while its address stands in the form."""
        chosen = self._chosen
        return chosen if chosen is not None and self.by_key["url"].value() == _address(chosen) else None

    @property
    def linked(self) -> Chosen | None:
        """What was chosen, where the account may add key and webhook."""
        chosen = self.chosen
        return chosen if chosen is not None and chosen.repository.can_administer else None

    @property
    def can_be_read(self) -> bool:
        """Whether a deployment can fetch it as soon as the service is made: by the key that is added, or by anyone."""
        chosen = self.chosen
        is_open = chosen is None or not chosen.repository.is_private
        return self.linked is not None or (is_open and self.found is not None)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being looked into, or waits for it."""
        return self._looking is None and not self._timer.isActive()

    async def settled(self) -> None:
        """Wait until it was looked into as the form names it now, whatever came of it, but not for long: what is found
        is what the service begins with."""
        if self._timer.isActive():
            self._look()
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=_SETTLED_WITHIN_S)
            await asyncio.sleep(0)  # what was found is shown

    def opened(self) -> None:
        """Begin with the repositories where there are accounts; without, with the address."""
        if self._owner.context.workspace.has_git_accounts and self._chosen is None and not self.by_key["url"].value():
            self.choose()
        else:
            self.by_key["url"].setFocus()

    def choose(self) -> None:
        """Show the list of repositories."""
        if self._list is None:
            from godploy_desktop.ui.pages.git.choose_repository import RepositoryList  # loads what speaks with hosts

            self._list = RepositoryList(
                self._owner.context, chosen=self._take, by_address=self._by_address, resized=self._owner.refit
            )
            self._owner.when_disposed(self._list.dispose)
            layout = self._holder.layout()
            assert layout is not None
            layout.addWidget(self._list)
        self._parts.show_part("list")
        self.changed.emit()
        self._list.opened()

    def _by_address(self) -> None:
        self._parts.show_part("form")
        self.changed.emit()
        self.by_key["url"].setFocus()

    def _take(self, chosen: Chosen) -> None:
        self._chosen, self._is_branch_typed = chosen, False
        self.by_key["follows"].set_value("branch")
        self.by_key["branch"].set_value(chosen.repository.default_branch)
        self.by_key["root"].set_value("")
        self.by_key["url"].set_value(_address(chosen))
        self._parts.show_part("form")
        self._follow_address()
        self.by_key["url"].setFocus()
        self._look()

    def _follow_address(self) -> None:
        chosen = self.chosen
        self.form.branches.setVisible(chosen is not None)
        self.form.folders.hide()
        self._forget()
        if chosen is None:
            self.by_key["url"].set_hint("")
        elif chosen.repository.can_administer:
            self.by_key["url"].set_hint("Its deploy key and webhook are added at the host")
        else:
            self.by_key["url"].set_hint("Only an administrator of it can add the deploy key and the webhook")
        self.changed.emit()
        self._timer.start()

    def _note_branch(self) -> None:
        self._is_branch_typed = True

    def _forget(self) -> None:
        """What was found belongs to another address, branch or folder."""
        self._end()
        self.found = None
        self._line.clear()
        self.looked.emit()

    def _end(self) -> None:
        self._timer.stop()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _look(self) -> None:
        """Look into the repository as the form names it now, in place of an earlier look."""
        self._forget()
        try:
            url = check_git_url(self.by_key["url"].value())
            root = parse_relative_path(self.by_key["root"].value())
        except BadInput:
            return
        self._line.say("loader-circle", "text3", "Looking into the repository…")
        self._owner.refit()
        looking = asyncio.ensure_future(self._read(url, root))
        self._looking = looking
        looking.add_done_callback(self._ended)

    async def _read(self, url: str, root: str) -> Look:
        reference = self.by_key[self.by_key["follows"].value()].value()
        chosen = self.chosen
        if chosen is None:
            is_branch = self.by_key["follows"].value() == "branch"
            return await look_by_server(
                self._server, url, reference if is_branch and self._is_branch_typed else "", root
            )
        host = self._owner.context.workspace.git.host(chosen.account)
        try:
            return await look_through_account(self._server, host, chosen.repository, reference, root)
        finally:
            await host.close()

    def _ended(self, looking: asyncio.Task[Look]) -> None:
        if looking.cancelled() or looking is not self._looking:
            return
        self._looking = None
        error = looking.exception()
        if error is None:
            self._show(looking.result())
        else:
            from godploy_server.contract import GodployError, internal_error

            problem = error if isinstance(error, GodployError) else internal_error("Looking into the repository", error)
            self._fail(problem.problem)

    def _show(self, look: Look) -> None:
        self.found = look
        branch = self.by_key["branch"]
        if not self._is_branch_typed and branch.value() != look.branch and self.by_key["follows"].value() == "branch":
            branch.set_value(look.branch)
            self._timer.stop()  # it is what was looked at
        self.form.branches.show()
        self.form.folders.setVisible(bool(look.folders or look.root))
        if look.detection.builder is None:
            self._line.say("triangle-alert", "warn", found_words(look))
        else:
            self._line.say("circle-check", "ok", found_words(look))
        self.looked.emit()
        self._owner.refit()

    def _fail(self, problem: Problem) -> None:
        if host_to_confirm(problem):
            self._line.say("key-round", "warn", problem.what, "Compare the key…", self._ask_host_key)
        else:
            self._line.say("triangle-alert", "warn", unread_words(problem), "Look again", self._look)
        self._owner.refit()

    def _ask_host_key(self) -> None:
        from godploy_desktop.ui.pages.git.host_key_dialog import GitHostKeyDialog

        dialog = GitHostKeyDialog(self._owner.context, self, self._server, self.by_key["url"].value())
        dialog.finished.connect(lambda trusted: self._look() if trusted is not None else None)
        dialog.open()

    def _offer_branches(self) -> None:
        chosen, button = self.chosen, self.form.branches
        if chosen is None:
            self._show_branches(self.found.branches if self.found else (), is_all=True)
            return

        async def read() -> Page[Ref]:
            host = self._owner.context.workspace.git.host(chosen.account)
            try:
                return await host.branches(chosen.repository.full_name)
            finally:
                await host.close()

        def done(found: Page[Ref]) -> None:
            button.set_busy(False)
            self._show_branches(tuple(each.name for each in found.items), is_all=not found.next)

        def failed(problem: Problem) -> None:
            button.set_busy(False)
            self._owner.show_problem(problem)

        button.set_busy(True)
        self._owner.read("Reading the branches", read, done, failed)

    def _show_branches(self, names: tuple[str, ...], *, is_all: bool) -> None:
        entries = [
            MenuEntry(name, partial(self._use_branch, name), name=f"branch-{name}") for name in names[:_MOST_ENTRIES]
        ]
        _open(entries, self.form.branches, is_all=is_all and len(names) <= _MOST_ENTRIES)

    def _use_branch(self, name: str) -> None:
        self._is_branch_typed = True
        self.by_key["branch"].set_value(name)
        self._look()

    def _offer_folders(self) -> None:
        look = self.found
        if look is None:
            return
        entries = []
        if look.root:
            entries.append(MenuEntry("The top", partial(self._use_folder, ""), "corner-down-left", name="root-top"))
            if around := parent_of(look.root):
                entries.append(MenuEntry(around, partial(self._use_folder, around), "corner-down-left"))
        for name in look.folders[:_MOST_ENTRIES]:
            path = below(look.root, name)
            entries.append(MenuEntry(path, partial(self._use_folder, path), "folder", name=f"root-{path}"))
        _open(entries, self.form.folders, is_all=len(look.folders) <= _MOST_ENTRIES)

    def _use_folder(self, path: str) -> None:
        self.by_key["root"].set_value(path)
        self._look()


def _address(chosen: Chosen) -> str:
    return clone_address(chosen.repository, gets_key=chosen.repository.can_administer)


def _open(entries: list[MenuEntry], button: IconButton, *, is_all: bool) -> None:
    if not is_all:
        entries.append(MenuEntry("Others: type the name", is_enabled=False))
    if entries:
        open_menu(entries, button, button.mapToGlobal(QPoint(0, button.height() + 4)))
