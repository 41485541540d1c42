"""Storing a token with which a server tells the git host the states of a service's commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.commit_state_words import check_api, check_repository
from godploy_desktop.ui.models.push_words import HOSTS
from godploy_desktop.ui.models.registry_words import check_present
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.widgets import YES, Form, PasswordField, Select, SwitchField, TextField
from godploy_server.contract import GitSource, HookHost, ServiceId, SetStatusWriter, StatusWriter
from godploy_server.contract.status_requests import TOKENS

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class WriterDialog(AskingDialog):
    """Where to tell, filled in by the source, and the token. With `writer` an empty token keeps the one stored."""

    def __init__(
        self,
        context: Context,
        parent: QWidget,
        server: Server,
        service_id: ServiceId,
        source: GitSource,
        writer: StatusWriter | None,
        *,
        saved: Callable[[StatusWriter], object],
    ) -> None:
        super().__init__(
            context, parent, "Let the server tell commit states",
            f"{server.name} keeps the token as a secret, never shows it again, and sends it to this one address.",
            width=520, icon="git-branch",
        )  # fmt: skip
        self._server, self._id, self._source = server, service_id, source
        self._saved, self._writer = saved, writer
        self._host = Select("Git host", {host.value: name for host, name in HOSTS.items()})
        self._host.box.setObjectName("writer-host")
        self._api = TextField("Address of the API", check=check_api, mono=True)
        self._api.edit.setObjectName("writer-api")
        self._repository = TextField("Repository", placeholder="owner/name", check=check_repository, mono=True)
        self._repository.edit.setObjectName("writer-repository")
        self._token = PasswordField("Token", hint=" ", check=self._check_token)
        self._token.edit.setObjectName("writer-token")
        self._http = SwitchField("Send the token unencrypted", hint="This address is not https: others may read it")
        self._http.switch.setObjectName("writer-allow-http")
        self._form = Form(self._host, self._api, self._repository, self._token, self._http)
        self.body.addWidget(self._form)
        self._fill(None if writer is None else writer.host)
        self._host.changed.connect(lambda: self._fill(HookHost(self._host.value())))
        self._api.changed.connect(self._show_http)
        self.add_foot("Store the token", "save-writer", self._save)

    def _fill(self, host: HookHost | None) -> None:
        """Fill in what follows from the kind of host; the address that a stored token is for stays."""
        from godploy_desktop.core.git.writer_place import writer_place  # loads what speaks with hosts

        writer = self._writer
        if writer is not None and host is writer.host:
            chosen, api, repository = writer.host, writer.api, writer.repository
        else:
            place = writer_place(self._source, self.context.workspace.git.accounts, host)
            chosen, api, repository = place.host, place.api, place.repository
        if self._host.value() != chosen.value:
            self._host.set_value(chosen.value)
        self._api.set_value(api)
        self._repository.set_value(repository)
        kept = " Leave it empty to keep the one that is stored." if self._is_kept() else ""
        self._token.set_hint(f"{TOKENS[chosen][:1].upper()}{TOKENS[chosen][1:]}.{kept}")
        self._show_http()
        self.refit()

    def _show_http(self) -> None:
        self._http.setVisible(self._api.value().strip().startswith("http://"))
        self.refit()

    def _is_kept(self) -> bool:
        writer = self._writer
        api = self._api.value().strip().rstrip("/")
        return writer is not None and (writer.host.value, writer.api) == (self._host.value(), api)

    def _check_token(self, text: str) -> str:
        return text if self._is_kept() else check_present("token", text)

    def _save(self) -> None:
        if not self._form.is_valid():
            return
        wanted = SetStatusWriter(
            host=HookHost(self._host.value()),
            api=check_api(self._api.value()),
            repository=check_repository(self._repository.value()),
            token=self._token.value().strip(),
            name=self._writer.name if self._writer is not None else "",
            allows_http=self._http.value() == YES,
        )
        self.submit(
            "Store the token for commit states",
            lambda: self._server.agent.set_status_writer(self._id, wanted),
            self._id,
            then=self._saved,
        )
