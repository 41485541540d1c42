"""Whether a service deploys by itself; and linking it to its repository, testing that, and undoing it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git import linking
from godploy_desktop.core.tasks import Progress
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Account
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.account_words import host_icon
from godploy_desktop.ui.models.push_words import rule_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.git.host_problem import HostProblem
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    ConfirmDialog,
    MenuEntry,
    Section,
    Switch,
    column,
    open_menu,
    row,
)
from godploy_server.contract import BadInput, GitSource, Hook, Problem, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

T = TypeVar("T")
Use = Callable[[Account, str], object]
"""Does something with an account and the name of the repository at its host."""


class RepositorySection(QWidget, Observer):
    """`changed` is called when the hook is another one; `switch` and `by_hand` when a person wants that."""

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        *,
        changed: Callable[[], object],
        switch: Callable[[bool], object],
        by_hand: Callable[[], object],
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id, self._on_changed = server, service_id, changed
        self._hook: Hook | None = None
        self._is_live = True
        self._problem = HostProblem(context, lambda: None)
        self._switch = Switch("Deploy on push")
        self._switch.setObjectName("push-switch")
        self._switch.clicked.connect(switch)
        self._link = self._button("Link repository", "link", "link-repository", self._ask_link)
        self._by_hand = self._button("Set up by hand", "sliders-horizontal", "push-by-hand", by_hand)
        self._test = self._button("Send a test", "zap", "test-push", lambda: self._with_account(self._send_test))
        self._unlink = self._button("Unlink…", "unplug", "unlink-repository", self._ask_unlink)
        self._section = Section("Deploy on push", " ", self._switch)
        self._section.body.addWidget(self._problem)
        self._section.body.addLayout(row(self._link, self._by_hand, self._test, self._unlink, None, spacing=8))
        column(self._section, parent=self)

    def show_problem(self, problem: Problem) -> None:
        self._problem.show_problem(problem)

    def show_hook(self, hook: Hook | None) -> None:
        """Show what is so now; None where the service has no hook."""
        self._hook = hook
        service = self._service()
        if service is not None and isinstance(service.settings.source, GitSource):
            self._section.subtitle.setText(rule_words(hook, service.settings.source))
        self._switch.setVisible(hook is not None)
        self._switch.setChecked(hook is not None and hook.is_on)
        self._by_hand.setVisible(hook is None)
        self._test.setVisible(hook is not None and not hook.shared)  # GitHub sends none by the webhook of an app
        self._unlink.setVisible(hook is not None)
        self._link.kind = ButtonKind.PRIMARY if hook is None else ButtonKind.PLAIN
        self._link.set_content("Link repository" if hook is None else "Link again")

    def set_live(self, is_live: bool) -> None:
        """Whether the server can be told now."""
        self._is_live = is_live
        for each in (self._switch, self._link, self._by_hand, self._test, self._unlink):
            each.setEnabled(is_live)

    def _button(self, text: str, icon: str, name: str, on_click: Callable[[], object]) -> Button:
        made = Button(text, icon, on_click=on_click)
        made.setObjectName(name)
        return made

    def _service(self) -> Service | None:
        return self._server.model.services.get(self._id)

    def _fitting(self) -> tuple[tuple[Account, str], ...]:
        service = self._service()
        if service is None or not isinstance(service.settings.source, GitSource):
            return ()
        return linking.fitting(service.settings.source, self.context.workspace.git.accounts)

    def _with_account(self, use: Use) -> None:
        """Use the account at the repository's host; lets a person choose one of several, or sign in."""
        self._problem.clear_problem()
        found = self._fitting()
        if len(found) == 1:
            use(*found[0])
        elif found:
            entries = [
                MenuEntry(
                    account.label,
                    partial(use, account, full_name),
                    host_icon(account.kind),
                    name=f"use-account-{account.label}",
                )
                for account, full_name in found
            ]
            open_menu(entries, self._link, self._link.mapToGlobal(QPoint(0, self._link.height() + 4)))
        else:
            self._sign_in(use)

    def _sign_in(self, use: Use) -> None:
        from godploy_desktop.ui.pages.git.sign_in import SignInDialog  # loads what speaks with hosts

        def signed_in(account: object) -> None:
            service = self._service()
            if not isinstance(account, Account) or service is None:
                return
            source = service.settings.source
            if isinstance(source, GitSource):
                self._use_signed_in(source, account, use)

        dialog = SignInDialog(self.context, self)
        dialog.finished.connect(signed_in)
        dialog.open()

    def _use_signed_in(self, source: GitSource, account: Account, use: Use) -> None:
        try:
            full_name = linking.full_name_of(source, account)
        except BadInput as error:  # signed in at another host
            self._problem.show_problem(error.problem)
            return
        use(account, full_name)

    def _at_host(
        self,
        title: str,
        account: Account,
        button: Button,
        work: Callable[[GitHost, Progress], Awaitable[T]],
        done: Callable[[T], object],
    ) -> None:
        """Do something in an account's name, as a task; what goes wrong is shown here."""
        git = self.context.workspace.git

        async def whole(progress: Progress) -> T:
            host = git.host(account)
            try:
                return await work(host, progress)
            finally:
                await host.close()

        def ended(result: T) -> None:
            button.set_busy(False)
            self.set_live(self._is_live)
            done(result)

        def failed(problem: Problem) -> None:
            button.set_busy(False)
            self.set_live(self._is_live)
            self._problem.show_problem(problem, account)
            self._on_changed()

        button.set_busy(True)
        self.attend(self.context.workspace.tasks.run(title, whole, self._id), ended, failed)

    def _ask_link(self) -> None:
        self._with_account(self._link_with)

    def _link_with(self, account: Account, full_name: str) -> None:
        service = self._service()
        if service is None:
            return

        async def work(host: GitHost, progress: Progress) -> linking.Link:
            repository = await host.repository(full_name)
            return await linking.link(self._server, service, host, repository, progress)

        def done(_linked: linking.Link) -> None:
            self.context.shell.notify(f"{full_name} has the deploy key of {service.name}, and tells of pushes")
            self._on_changed()

        self._at_host(f"Link {service.name} to {full_name}", account, self._link, work, done)

    def _send_test(self, account: Account, full_name: str) -> None:
        service = self._service()
        if service is None:
            return
        self._at_host(
            f"Test the webhook at {full_name}",
            account,
            self._test,
            lambda host, _progress: linking.try_webhook(self._server, service, host, full_name),
            lambda _none: self.context.shell.notify("The host was asked to send a test: it appears below"),
        )

    def _ask_unlink(self) -> None:
        service = self._service()
        if service is None or not isinstance(service.settings.source, GitSource):
            return
        found = self._fitting()
        name = words.repository_name(service.settings.source.url)
        is_shared = self._hook is not None and bool(self._hook.shared)
        removed = "The deploy key is" if is_shared else "The deploy key and the webhook are"
        at_host = (
            f"{removed} removed from {name}. Later deployments can fetch it only if it is public or the key is added"
            " again."
            if found
            else f"No account fits {name}: remove the webhook and the deploy key at the host yourself."
        )
        dialog = ConfirmDialog(
            self, f"Unlink {service.name}?", f"Pushes deploy no more. {at_host}", confirm_text="Unlink"
        )
        dialog.confirm.setObjectName("confirm-unlink")
        dialog.finished.connect(lambda answer: self._unlink_now(service, found) if answer else None)
        dialog.open()

    def _unlink_now(self, service: Service, found: tuple[tuple[Account, str], ...]) -> None:
        self._problem.clear_problem()
        if not found:
            self.act(
                f"Unlink {service.name}",
                lambda: self._server.agent.delete_hook(service.id),
                done=lambda _hook: self._on_changed(),
                about=self._id,
            )
            return
        account, full_name = found[0]
        self._at_host(
            f"Unlink {service.name} from {full_name}",
            account,
            self._unlink,
            lambda host, _progress: linking.unlink(self._server, service, host, full_name),
            lambda _gone: self._on_changed(),
        )
