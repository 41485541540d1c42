"""Where a server is and how to log in there, as a form."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from godploy_desktop.core.secrets import GivenSecrets
from godploy_desktop.core.workspace import NewServer
from godploy_desktop.local_store.values import AuthChoice
from godploy_desktop.remote.ssh.ssh_config import ConfiguredHost, SshConfig
from godploy_desktop.ui.models.forms import check_address, check_optional_port
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.widgets import Button, Form, PasswordField, Select, TextField, row

_SSH_CONFIG = Path("~/.ssh/config")
_AUTH = {
    AuthChoice.AUTOMATIC.value: "SSH agent and default keys",
    AuthChoice.KEY_FILE.value: "A key file",
    AuthChoice.PASSWORD.value: "A password",
}


class LoginForm(Form):
    """`value` gives back what was typed; hosts of ~/.ssh/config are offered once they are read."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._known: dict[str, ConfiguredHost] = {}
        self._offer = Select("From ~/.ssh/config", {"": "Choose a host…"})
        self._offer.box.setObjectName("add-server-known")
        self.host = TextField("Address", placeholder="203.0.113.10 or web-1.example.com", check=check_address)
        self.user = TextField("User", "root")
        self.port = TextField("Port", placeholder="22", check=check_optional_port)
        self.name = TextField("Name", placeholder="as the address", hint="How it is called here")
        self.auth = Select("Log in with", _AUTH)
        self.key_file = TextField("Key file", placeholder="~/.ssh/id_ed25519", mono=True)
        self.passphrase = PasswordField("Passphrase of the key", hint="Asked for when it is needed, if left empty")
        self.password = PasswordField("Password", hint="Kept in the keyring of this computer")
        for name in ("host", "user", "port", "name", "key_file", "passphrase", "password"):
            getattr(self, name).edit.setObjectName(f"add-server-{name.replace('_', '-')}")
        self.auth.box.setObjectName("add-server-auth")
        self._browse = Button("Choose…", "folder", on_click=self._choose_file)
        self.add(self._offer)
        first = row(spacing=12)
        for field, share in ((self.host, 3), (self.user, 2), (self.port, 1)):
            first.addWidget(field, share, Qt.AlignmentFlag.AlignTop)
        self.add(first)
        second = row(spacing=12)
        second.addWidget(self.name, 1, Qt.AlignmentFlag.AlignTop)
        second.addWidget(self.auth, 1, Qt.AlignmentFlag.AlignTop)
        self.add(second)
        self.add(self.key_file)
        self.add(self.passphrase)
        self.add(self.password)
        self.add(row(self._browse, None))
        self._offer.hide()
        self._offer.changed.connect(self._take_known)
        self.auth.changed.connect(self._show_auth)
        self._show_auth()

    async def read_known_hosts(self) -> None:
        """Offer what ~/.ssh/config names."""
        hosts = await asyncio.to_thread(lambda: SshConfig(_SSH_CONFIG.expanduser()).hosts())
        self._known = {each.name: each for each in hosts}
        if self._known:
            self._offer.set_options({"": "Choose a host…", **{name: name for name in self._known}})
            self._offer.show()

    def value(self) -> NewServer:
        """Give back the server as typed."""
        auth = AuthChoice(self.auth.value())
        port = self.port.value()
        is_key, is_password = auth is AuthChoice.KEY_FILE, auth is AuthChoice.PASSWORD
        key_file = str(Path(self.key_file.value()).expanduser()) if is_key and self.key_file.value() else ""
        return NewServer(
            host=self.host.value(),
            name=self.name.value(),
            user=self.user.value(),
            port=int(port) if port else None,
            identity_file=key_file,
            auth=auth,
            secrets=GivenSecrets(
                password=self.password.value() if is_password else "",
                key_passphrase=self.passphrase.value() if is_key else "",
            ),
        )

    def _take_known(self) -> None:
        known = self._known.get(self._offer.value())
        if known is None:
            return
        self.host.set_value(known.name)  # the alias: the connection reads the rest of its entry, jumps included
        self.user.set_value(known.user)
        self.port.set_value("" if known.port == 22 else str(known.port))
        self.name.set_value(known.name)

    def _show_auth(self) -> None:
        auth = AuthChoice(self.auth.value())
        self.key_file.setVisible(auth is AuthChoice.KEY_FILE)
        self.passphrase.setVisible(auth is AuthChoice.KEY_FILE)
        self._browse.setVisible(auth is AuthChoice.KEY_FILE)
        self.password.setVisible(auth is AuthChoice.PASSWORD)

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, "Choose a private key", str(Path.home() / ".ssh"))
        dialog.fileSelected.connect(self.key_file.set_value)
        dialog.open()
