"""The dialog that signs in at a git host: with a token, in the browser, with a code typed in anywhere, or by a GitHub
App of one's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.accounts import PUBLIC, SCOPES, clean_address, token_page, ways
from godploy_desktop.core.tasks import Progress, Task
from godploy_desktop.git_hosting.oauth import DeviceCode
from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_desktop.ui.models.account_words import HOSTS, WAYS, first_way, host_icon, scope_words
from godploy_desktop.ui.models.registry_words import check_present
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.git import waiting
from godploy_desktop.ui.pages.git.app_fields import AppFields
from godploy_desktop.ui.widgets import (
    Button,
    Choice,
    ChoiceTiles,
    Form,
    Label,
    PasswordField,
    Select,
    TextField,
)
from godploy_server.contract import BadInput, GodployError, Problem

_WIDTH = 620
_REDIRECT: Final = "http://127.0.0.1/"
_NOTES: Final = {
    SignIn.APP: "GitHub shows in the browser what the app may do, you choose the repositories that it reaches, and sign"
    " in. Its secrets stay in this computer's keyring.",
    SignIn.BROWSER: "The host asks you in this computer's browser, and the browser comes back here.",
    SignIn.DEVICE: "You get a code, and type it in at the host, on whatever device you like.",
}
_CHOICES = [Choice(kind.value, host_icon(kind), name, tip) for kind, (name, tip) in HOSTS.items()]


class SignInDialog(AskingDialog):
    """The result is the account. With `account` that one signs in again."""

    def __init__(self, context: Context, parent: QWidget, account: Account | None = None) -> None:
        super().__init__(
            context,
            parent,
            f"Sign in again as {account.login}" if account else "Sign in at a git host",
            "What signs you in is kept in this computer's keyring. No server ever gets it.",
            width=_WIDTH,
            icon="key-round",
        )
        self._git = context.workspace.git
        self._task: Task[Account] | None = None
        self._is_stopped = False
        self._tiles = ChoiceTiles(_CHOICES, "Which kind of host?", "git-host")
        self._address = TextField("Address", check=self._check_address, mono=True)
        self._address.edit.setObjectName("git-address")
        self._way = Select("How", {SignIn.TOKEN.value: WAYS[SignIn.TOKEN]})
        self._way.box.setObjectName("git-way")
        self._email = TextField(
            "E-mail of the Atlassian account",
            hint="An API token goes with it",
            check=lambda text: _check("e-mail", text),
        )
        self._email.edit.setObjectName("git-email")
        self._token = PasswordField("Access token", check=lambda text: _check("token", text))
        self._token.edit.setObjectName("git-token")
        self._token_page = Button("Make a token", "external-link", on_click=self._open_token_page)
        self._token_page.setObjectName("git-token-page")
        self._client_id = TextField(
            "Client id",
            hint=f"Of a public OAuth application at the host, with the redirect address {_REDIRECT}; remembered",
            check=lambda text: _check("client id", text),
            mono=True,
        )
        self._client_id.edit.setObjectName("git-client-id")
        self._note = Label("", "sm", 400, "text2", wrap=True)
        self._app = AppFields(context, resized=self.refit)
        self._form = Form(
            self._tiles,
            self._address,
            self._way,
            self._email,
            self._token,
            self._token_page,
            self._client_id,
            self._app,
            self._note,
        )
        self._waiting = waiting.SignInWaiting()
        self._waiting.hide()
        self.body.addWidget(self._form)
        self.body.addWidget(self._waiting)
        self.add_foot("Sign in", "sign-in", self._sign_in)
        self._tiles.chosen.connect(lambda _value: self._show_host())
        self._address.changed.connect(self._show_known)
        self._way.changed.connect(self._show_way)
        self._begin(account)

    def cancel(self) -> None:
        """Stop waiting for the host, or close."""
        if self._task is not None and self._task.is_running:
            self._is_stopped = True
            self._task.cancel()
        else:
            super().cancel()

    @property
    def kind(self) -> HostKind:
        """Which kind of host is chosen."""
        return HostKind(self._tiles.value)

    def _begin(self, account: Account | None) -> None:
        if account is not None:
            self._tiles.choose(account.kind.value)
            self._tiles.hide()
        self._show_host()
        if account is not None:
            self._address.set_value(account.address)
            self._address.hide()
            if account.sign_in in WAYS:
                self._way.set_value(account.sign_in.value)
            self._app.begin(account)

    def _show_host(self) -> None:
        """Offer what this kind of host has."""
        kind = self.kind
        self._address.set_value(PUBLIC[kind])
        self._address.setVisible(kind is not HostKind.BITBUCKET)
        offered = [each for each in ways(kind) if each in WAYS]
        self._way.set_options({each.value: WAYS[each] for each in offered})
        self._way.setVisible(len(offered) > 1)
        self._way.set_value(first_way(offered, has_client_id=bool(self._git.client_id(PUBLIC[kind]))).value)
        self._token.set_hint(scope_words(SCOPES[kind]))
        self._show_way()

    def _show_way(self) -> None:
        way = self._chosen_way()
        is_token = way is SignIn.TOKEN
        self._token.setVisible(is_token)
        self._token_page.setVisible(is_token)
        self._email.setVisible(is_token and self.kind is HostKind.BITBUCKET)
        self._client_id.setVisible(way in (SignIn.BROWSER, SignIn.DEVICE))
        self._app.setVisible(way is SignIn.APP)
        self._note.setVisible(not is_token)
        self._note.setText(_NOTES.get(way, ""))
        self._show_known()
        self.problems.clear_problem()
        self.refit()

    def _chosen_way(self) -> SignIn:
        return SignIn(self._way.value() or SignIn.TOKEN.value)

    def _show_known(self) -> None:
        """Offer the client id that was given for this host before, and the apps that were made there."""
        try:
            address = clean_address(self.kind, self._address.value())
        except BadInput:
            return
        if known := self._git.client_id(address):
            self._client_id.set_value(known)
        self._app.show_apps(address)

    def _check_address(self, text: str) -> str:
        return clean_address(self.kind, text)

    def _open_token_page(self) -> None:
        if self._address.is_valid():
            waiting.open_address(token_page(self.kind, clean_address(self.kind, self._address.value())))

    def _sign_in(self) -> None:
        if self._waiting.isVisible() or not self._form.is_valid():
            return
        kind, address, way = self.kind, clean_address(self.kind, self._address.value()), self._chosen_way()
        if way in (SignIn.BROWSER, SignIn.DEVICE):
            self._git.set_client_id(address, self._client_id.value())
        if way is not SignIn.TOKEN:
            self._waiting.begin(way)
            self._show_waiting(is_waiting=True)
        self.problems.clear_problem()
        if self.primary is not None:
            self.primary.set_busy(True)
        self._is_stopped = False
        work = self._work(kind, address, way)
        self._task = self.context.workspace.tasks.run(f"Sign in at {address.partition('://')[2]}", work)
        self.watch(self._task.changed, self._show_steps)
        self.attend(self._task, self._done, self._failed)

    def _work(self, kind: HostKind, address: str, way: SignIn) -> Callable[[Progress], Awaitable[Account]]:
        """Give back what signs in; what is typed is read now."""
        token, email = self._token.value(), self._email.value() if kind is HostKind.BITBUCKET else ""
        match way:
            case SignIn.APP:
                return self._app.work(address, self._open_browser)
            case SignIn.BROWSER:
                return lambda _: self._git.sign_in_by_browser(kind, address, self._open_browser)
            case SignIn.DEVICE:
                return lambda _: self._git.sign_in_by_device(kind, address, self._show_code)
            case _:
                return lambda _: self._git.add_token(kind, address, token, email)

    def _show_steps(self, task: Task[Account]) -> None:
        if task.is_running and task.steps and not self.is_disposed:
            self._waiting.show_steps(task.steps)
            self.refit()

    async def _open_browser(self, url: str) -> None:
        if not self.is_disposed:
            self._waiting.show_page(url)
            self.refit()
            waiting.open_address(url)

    def _show_code(self, code: DeviceCode) -> None:
        if not self.is_disposed:
            self._waiting.show_code(code)
            self.refit()

    def _done(self, account: Account) -> None:
        self.close_with(account)

    def _failed(self, problem: Problem) -> None:
        self._show_waiting(is_waiting=False)
        self._show_known()  # an app may have been made before it failed
        if not self._is_stopped:
            self.show_problem(problem)
        elif self.primary is not None:
            self.primary.set_busy(False)

    def _show_waiting(self, *, is_waiting: bool) -> None:
        self._form.setVisible(not is_waiting)
        self._waiting.setVisible(is_waiting)
        self.refit()


def _check(what: str, text: str) -> str:
    try:
        return check_present(what, text)
    except GodployError:
        raise BadInput(f"The {what} is missing", f"signing in needs the {what}", f"Type the {what}") from None
