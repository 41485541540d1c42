"""The domains of a service: which names lead here, whether DNS and certificate are right, and what to set where not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from godploy_desktop.ui.models import forms, words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.service.domain_card import DomainCard
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CheckBox,
    ConfirmDialog,
    CopyField,
    EmptyState,
    Form,
    Label,
    TextField,
    clear,
    row,
)
from godploy_server.contract import AddDomain, Domain, ServiceId, check_host

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class DomainsTab(ServiceTab):
    """Follows the service's domains."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._count = Label("", "sm", 400, "text3")
        self._add = Button("Add domain", "plus", ButtonKind.PRIMARY, on_click=self._ask)
        self._add.setObjectName("add-domain")
        self._cards = QVBoxLayout()
        self._cards.setSpacing(12)
        self._empty = EmptyState(
            "globe",
            "No domain yet",
            "A domain is a name such as shop.example.com that leads visitors to this service.",
            Button("Add domain", "plus", on_click=self._ask),
        )
        self.body.addLayout(row(self._count, None, self._add))
        self.body.addLayout(self._cards)
        self.body.addWidget(self._empty)
        self.body.addStretch(1)
        self._shown: tuple[Domain, ...] | None = None
        self.service_changed()

    def service_changed(self) -> None:
        service = self.service
        if service is None:
            return
        self._add.setEnabled(self.server.model.is_live)
        if self._shown == service.domains:
            return
        self._shown = service.domains
        clear(self._cards)
        for domain in service.domains:
            card = DomainCard(domain, self.server.model.info)
            card.check_asked.connect(lambda domain=domain: self._check(domain))
            card.remove_asked.connect(lambda domain=domain: self._ask_remove(domain))
            self._cards.addWidget(card)
        self._empty.setVisible(not service.domains)
        self._count.setText(words.counted(len(service.domains), "domain") if service.domains else "")

    def _ask(self) -> None:
        AddDomainDialog(self).open()

    def _check(self, domain: Domain) -> None:
        self._do(f"Check {domain.host}", lambda: self.server.check_domain(domain.id))

    def _ask_remove(self, domain: Domain) -> None:
        dialog = ConfirmDialog(
            self,
            f"Remove {domain.host}?",
            "Visitors who open this name get an error from then on. DNS stays as it is.",
            confirm_text="Remove",
        )
        dialog.confirm.setObjectName("confirm-remove-domain")
        dialog.finished.connect(lambda answer: self._remove(domain) if answer else None)
        dialog.open()

    def _remove(self, domain: Domain) -> None:
        self._do(f"Remove {domain.host}", lambda: self.server.delete_domain(domain.id))

    def _do(self, title: str, work: Callable[[], Awaitable[object]]) -> None:
        self.problems.clear_problem()
        self.act(title, work, about=self.service_id)


class AddDomainDialog(AskingDialog):
    """Host, path, HTTPS; names the address that DNS has to point to."""

    def __init__(self, tab: DomainsTab) -> None:
        super().__init__(tab.context, tab, "Add a domain", "It takes effect at once.", icon="globe")
        self._tab = tab
        self._host = TextField("Host name", placeholder="shop.example.com", check=check_host)
        self._host.edit.setObjectName("domain-host")
        self._path = TextField("Path", "/", hint="Requests below it come here", check=forms.check_path)
        self._path.edit.setObjectName("domain-path")
        self._tls = CheckBox("HTTPS with a certificate from the server's ACME authority", checked=True)
        self._tls.setObjectName("domain-tls")
        self._form = Form(self._host, self._path, self._tls)
        self.body.addWidget(self._form)
        info = tab.server.model.info
        if info is not None and info.public_address:
            self.body.addWidget(CopyField(info.public_address, label="Point the name's A or AAAA record to"))
        self.add_foot("Add domain", "create-domain", self._add)

    def _add(self) -> None:
        if not self._form.is_valid():
            return
        request = AddDomain(check_host(self._host.value()), self._path.value(), self._tls.isChecked())
        self.submit(
            f"Add {request.host}",
            lambda: self._tab.server.add_domain(self._tab.service_id, request),
            self._tab.service_id,
        )
