"""The repositories of an account, to choose one from. The host searches, so that thousands stay quick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Account, Page, Repository
from godploy_desktop.ui.models.repository_words import (
    SEARCH_DELAY_MS,
    changed_words,
    found_words,
    repository_detail,
    repository_icon,
)
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git import waiting
from godploy_desktop.ui.pages.git.host_problem import HostProblem
from godploy_desktop.ui.pages.git.sign_in import SignInDialog
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    Cell,
    Column,
    EmptyState,
    FilterField,
    Label,
    Row,
    ScrollArea,
    Select,
    Table,
    column,
    row,
)
from godploy_server.contract import Problem

_LIST_HEIGHT: Final = 232
_COLUMNS: Final = (
    Column("Repository", stretch=1),
    Column("Branch", width=120),
    Column("Changed", width=84, align_right=True),
)
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_closing: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Chosen:
    """A repository, and the account that reaches it."""

    account: Account
    repository: Repository


class RepositoryList(QWidget, Observer):
    """`chosen` gets what a person chooses, `by_address` is called for one that no account has; `resized` when this
    wants another height."""

    def __init__(
        self,
        context: Context,
        *,
        chosen: Callable[[Chosen], object],
        by_address: Callable[[], object],
        resized: Callable[[], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._on_chosen, self._on_resized = chosen, resized
        self._git = context.workspace.git
        self._host: GitHost | None = None
        self._asked = 0  # answers to earlier questions come too late
        self._found: tuple[Repository, ...] = ()
        self._next = ""
        self._accounts = Select("Account", {})
        self._accounts.box.setObjectName("repository-account")
        self._sign_in = Button("Sign in", "plus", ButtonKind.GHOST, on_click=self._ask_sign_in)
        self._sign_in.setObjectName("repository-sign-in")
        self._by_address = Button("Any other address", "link", ButtonKind.GHOST, on_click=by_address)
        self._by_address.setObjectName("repository-by-address")
        self._search = FilterField("Search repositories")
        self._search.setObjectName("repository-search")
        self._problem = HostProblem(context, self._begin_again)
        self._table = Table(_COLUMNS, name="Repositories")
        self._table.setObjectName("repository-table")
        self._words = Label("", "sm", 400, "text3")
        self._more = Button("Show more", "chevron-down", on_click=self._read_more)
        self._more.setObjectName("more-repositories")
        self._reach = Button(
            "Reach more",
            "external-link",
            ButtonKind.GHOST,
            tip="Choose at GitHub what the app reaches",
            on_click=self._open_app,
        )
        self._reach.setObjectName("reach-more-repositories")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_DELAY_MS)
        self._timer.timeout.connect(self._read_first)
        self._search.textChanged.connect(lambda _text: self._timer.start())
        self._accounts.changed.connect(self._use_account)
        self._table.activated.connect(self._choose)
        self.when_disposed(self._close_host)

    def opened(self) -> None:
        """Read the repositories, and let a person search."""
        self._offer_accounts()
        (self._search if self._choosing.isVisibleTo(self) else self._first).setFocus(Qt.FocusReason.TabFocusReason)

    def _lay_out(self) -> None:
        listing = QWidget()
        column(self._table, None, parent=listing)
        scroll = ScrollArea(listing)
        scroll.setFixedHeight(_LIST_HEIGHT)
        self._choosing = QWidget()
        foot = row(self._words, None, self._reach, self._more)
        column(self._accounts, self._search, self._problem, scroll, foot, spacing=12, parent=self._choosing)
        self._first = Button("Sign in", "key-round", on_click=self._ask_sign_in)
        self._first.setObjectName("repository-first-sign-in")
        self._none = EmptyState(
            "key-round",
            "No account yet",
            "Sign in at GitHub, GitLab, Bitbucket, Gitea or Forgejo to choose from there.",
            self._first,
        )
        ways = row(self._sign_in, self._by_address, None)
        column(self._choosing, self._none, ways, spacing=8, parent=self)

    def show_problem(self, problem: Problem) -> None:
        self._words.setText("")
        self._problem.show_problem(problem, self._account())
        self._on_resized()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        is_searching = self.window().focusWidget() is self._search
        if is_searching and key in _ENTER:
            if self._found and self._search.text():
                self._choose(self._found[0].full_name)
        elif is_searching and key == Qt.Key.Key_Down and self._found:
            self._table.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    def _account(self) -> Account | None:
        return next((each for each in self._git.accounts if each.id == self._accounts.value()), None)

    def _offer_accounts(self, wanted: str = "") -> None:
        """Offer the accounts there are, the one with the id `wanted` chosen, else the one that was chosen last."""
        accounts, preferred = self._git.accounts, self._git.preferred
        self._accounts.blockSignals(True)
        self._accounts.set_options({each.id: each.label for each in accounts})
        self._accounts.set_value(wanted or (preferred.id if preferred else ""))
        self._accounts.blockSignals(False)
        self._accounts.setVisible(len(accounts) > 1)
        self._choosing.setVisible(bool(accounts))
        self._none.setVisible(not accounts)
        self._sign_in.setVisible(bool(accounts))
        self._begin_again()
        self._on_resized()

    def _use_account(self) -> None:
        account = self._account()
        if account is not None:
            self._git.prefer(account)
        self._begin_again()

    def _begin_again(self) -> None:
        """Another account, or the same one signed in anew."""
        self._close_host()
        account = self._account()
        if account is not None:
            self._host = self._git.host(account)
            self._reach.setVisible(self._host.app is not None)
            self._show((), "")
            self._read_first()

    def _read_first(self) -> None:
        self._read("")

    def _read_more(self) -> None:
        self._read(self._next)

    def _read(self, page: str) -> None:
        host, search = self._host, self._search.text().strip()
        if host is None:
            return
        self._timer.stop()
        self._asked += 1
        number = self._asked
        self._problem.clear_problem()
        self._words.setText("Asking the host…")
        self._more.hide()

        def done(found: Page[Repository]) -> None:
            if number == self._asked:
                self._show((*(self._found if page else ()), *found.items), found.next, search)

        def failed(problem: Problem) -> None:
            if number == self._asked:
                self.show_problem(problem)

        self.read("Reading the repositories", lambda: host.repositories(search, page), done, failed)

    def _show(self, found: tuple[Repository, ...], following: str, search: str = "") -> None:
        self._found, self._next = found, following
        now = self.context.now()
        self._table.set_rows(
            [
                Row(
                    each.full_name,
                    (
                        Cell(each.full_name, icon=repository_icon(each), sub=repository_detail(each), weight=500),
                        Cell(each.default_branch, "text2"),
                        Cell(changed_words(each, now), "text3"),
                    ),
                )
                for each in found
            ]
        )
        self._words.setText(found_words(len(found), search, has_more=bool(following)))
        self._more.setVisible(bool(following))

    def _choose(self, full_name: str) -> None:
        account = self._account()
        found = next((each for each in self._found if each.full_name == full_name), None)
        if account is not None and found is not None:
            self._git.prefer(account)
            self._on_chosen(Chosen(account, found))

    def _open_app(self) -> None:
        if self._host is not None and self._host.app is not None:
            waiting.open_address(self._host.app.install_page)

    def _ask_sign_in(self) -> None:
        dialog = SignInDialog(self.context, self)
        dialog.finished.connect(lambda account: self._offer_accounts(account.id) if account is not None else None)
        dialog.open()

    def _close_host(self) -> None:
        if self._host is not None:
            closing = asyncio.ensure_future(self._host.close())
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)
            self._host = None
