"""The Push tab of a service that is built from git: what deploys by itself, the webhook, and its deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git import linking
from godploy_desktop.core.git.likely import likely_host
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.loader import Loader
from godploy_desktop.ui.pages.push.address import AddressSection
from godploy_desktop.ui.pages.push.commit_state import CommitStateSection
from godploy_desktop.ui.pages.push.deliveries import DeliveriesSection
from godploy_desktop.ui.pages.push.repository import RepositorySection
from godploy_desktop.ui.pages.push.rules import RulesSection
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import EmptyState, column
from godploy_server.contract import Delivery, GitSource, Hook, Problem, ServiceId, SetHook

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class PushTab(ServiceTab):
    """Reads the hook and its deliveries when opened, and again with each delivery that comes in."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._repository = RepositorySection(
            context, server, service_id, changed=self._load, switch=self._switch, by_hand=self._by_hand
        )
        self._address = AddressSection(
            context, server, service_id, renew=lambda: self._set(SetHook(renews_secret=True)), failed=self.show_problem
        )
        self._rules = RulesSection(self._save)
        self._deliveries = DeliveriesSection(context, server, service_id, changed=self._load, failed=self.show_problem)
        self._commit_state = CommitStateSection(context, server, service_id)
        for each in (self._repository, self._address, self._deliveries, self._commit_state):
            self.when_disposed(each.dispose)
        content = QWidget()
        parts = (self._repository, self._address, self._rules, self._commit_state, self._deliveries)
        column(*parts, spacing=12, parent=content)
        self._loader = Loader(self, content, "how the service deploys on push")
        self._offline = EmptyState(
            "wifi-off", "Not connected", "How the service deploys on push is read once its server answers again."
        )
        self.body.addWidget(self._loader)
        self.body.addWidget(self._offline)
        self.body.addStretch(1)
        self._hook: Hook | None = None
        self._is_open = False
        self._soon = Gathered(self, self._load)
        self._show_state()

    def opened(self) -> None:
        self._is_open = True
        self._load()
        self._commit_state.load()

    def closed(self) -> None:
        self._is_open = False
        self._address.hide_secret()

    def is_dirty(self) -> bool:
        return self._rules.is_dirty()

    def discard(self) -> None:
        self._rules.discard()

    def service_changed(self) -> None:
        self._show_state()
        if not self._loader.is_loaded and self._is_open:
            self._soon.ask()
        elif self._loader.is_loaded:  # another branch, or another domain to be reached by
            self._repository.show_hook(self._hook)
            if self._hook is not None:
                self._address.show_hook(self._hook)

    def delivery_changed(self) -> None:
        if self._is_open:
            self._soon.ask()

    def _show_state(self) -> None:
        is_live = self.server.model.is_live
        self._loader.setVisible(is_live or self._loader.is_loaded)
        self._offline.setVisible(not is_live and not self._loader.is_loaded)
        for each in (self._repository, self._address, self._rules, self._deliveries):
            each.set_live(is_live)

    def _load(self) -> None:
        if self.server.model.is_live:
            self._loader.load(self._read, self._show)

    async def _read(self) -> tuple[Hook | None, tuple[Delivery, ...]]:
        hook = await linking.hook_of(self.server, self.service_id)
        return hook, await self.server.agent.deliveries(self.service_id)

    def _show(self, found: tuple[Hook | None, tuple[Delivery, ...]]) -> None:
        self._show_hook(found[0])
        self._deliveries.show_deliveries(found[1])

    def _show_hook(self, hook: Hook | None) -> None:
        self._hook = hook
        self._repository.show_hook(hook)
        self._address.setVisible(hook is not None)
        self._rules.setVisible(hook is not None)
        if hook is not None:
            self._address.show_hook(hook)
            self._rules.show_hook(hook)

    def _switch(self, is_on: bool) -> None:
        self._set(SetHook(is_on=is_on))

    def _by_hand(self) -> None:
        service = self.service
        if service is not None and isinstance(service.settings.source, GitSource):
            self._set(SetHook(host=likely_host(service.settings.source.url), is_on=True))

    def _save(self, wanted: SetHook) -> None:
        self._set(wanted, is_typed=True)

    def _set(self, wanted: SetHook, *, is_typed: bool = False) -> None:
        """Tell the server; what it holds afterwards is shown, also where it refuses."""

        def done(hook: Hook) -> None:
            if is_typed:
                self._rules.saved(hook)
            self._show_hook(hook)

        def failed(problem: Problem) -> None:
            self._rules.failed()
            self._repository.show_hook(self._hook)
            self.show_problem(problem)

        self.problems.clear_problem()
        service = self.service
        self.act(
            f"Change how {service.name if service else 'the service'} deploys on push",
            lambda: self.server.agent.set_hook(self.service_id, wanted),
            done=done,
            failed=failed,
            about=self.service_id,
        )
