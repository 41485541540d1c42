"""Choosing the encrypted file of secrets: its passphrase, twice."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.widgets import Form, PasswordField
from godploy_server.contract import BadInput

_LEAST = 8


class VaultDialog(AskingDialog):
    """The result is True once the file exists."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(
            context,
            parent,
            "Keep secrets in an encrypted file",
            "The passphrase is asked for once in each session. Without it the secrets are lost.",
            icon="lock",
        )
        self._first = PasswordField("Passphrase", hint=f"At least {_LEAST} characters", check=_check)
        self._first.edit.setObjectName("vault-passphrase")
        self._second = PasswordField("Once more", check=self._check_same)
        self._second.edit.setObjectName("vault-passphrase-again")
        self._form = Form(self._first, self._second)
        self.body.addWidget(self._form)
        self.add_foot("Make the file", "make-vault", self._make)

    def _check_same(self, text: str) -> None:
        if text != self._first.value():
            raise BadInput("The passphrases differ", "the two are not the same", "Type both again")

    def _make(self) -> None:
        if not self._form.is_valid():
            return
        vault, passphrase = self.context.workspace.secrets.vault, self._first.value()

        async def work() -> bool:
            await asyncio.to_thread(vault.choose_file, passphrase)
            return True

        self.submit("Make the encrypted file", work)


def _check(text: str) -> None:
    if len(text) < _LEAST:
        raise BadInput("The passphrase is too short", f"it needs at least {_LEAST} characters", "Choose a longer one")
