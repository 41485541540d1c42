"""One domain: its address, its certificate, and what to set in DNS while it does not lead here."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices

from godploy_desktop.ui.models import words
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import Button, Card, CopyField, Icon, IconButton, Label, Pill, column, row
from godploy_server.contract import AgentInfo, CertificateState, Domain


class DomainCard(Card):
    """Shows one domain as it is; the owner makes a new card when it changes."""

    check_asked = Signal()
    remove_asked = Signal()

    def __init__(self, domain: Domain, info: AgentInfo | None) -> None:
        super().__init__(16, name=domain.host)
        self._url = words.domain_url(domain, info.http_port, info.https_port) if info else f"https://{domain.host}"
        state, tone = words.certificate_state(domain.certificate)
        pill = Pill(state, tone)
        pill.setObjectName(f"certificate-{domain.host}")
        check = Button("Check", "refresh-cw", on_click=self.check_asked.emit)
        check.setObjectName(f"check-domain-{domain.host}")
        remove = IconButton("trash-2", f"Remove {domain.host}", on_click=self.remove_asked.emit)
        remove.setObjectName(f"remove-domain-{domain.host}")
        link = Link(self._open, self._url)
        first = row(Icon("globe", 16, "text3"), link, pill, None, check, remove, spacing=8)
        self.body.addLayout(first)
        if domain.certificate_detail:
            self.body.addSpacing(6)
            self.body.addWidget(Label(_sentence(domain.certificate_detail), "sm", 400, "text2", wrap=True))
        if domain.certificate is CertificateState.WAITING_FOR_DNS and info is not None and info.public_address:
            self.body.addSpacing(12)
            kind = "AAAA" if ":" in info.public_address else "A"
            self.body.addLayout(
                column(
                    CopyField(info.public_address, label=f"Set an {kind} record of {domain.host} to"),
                    Label(
                        "The certificate is asked for as soon as the name leads here, so no attempt is wasted.",
                        "sm",
                        400,
                        "text3",
                        wrap=True,
                    ),
                    spacing=6,
                )
            )

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl(self._url))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
