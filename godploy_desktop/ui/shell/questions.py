"""What a connection must ask the person, as dialogs: host keys, passphrases, passwords, codes, the vault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion, PromptRequest
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CheckBox,
    CopyField,
    DialogFrame,
    Field,
    Form,
    Label,
    PasswordField,
    TextField,
)
from godploy_server.contract import BadInput

_LEAST_PASSPHRASE = 8


class HostKeyDialog(DialogFrame):
    """Shows the fingerprint of a key. The result is True for trust.

    A changed key is not trusted with one press: the person must say that the change is expected.
    """

    def __init__(self, parent: QWidget, server: str, question: HostKeyQuestion) -> None:
        if question.is_changed:
            title = f"The host key of {server} has changed"
            words = (
                "Either the server was set up anew, or someone else answers in its place. Nothing was sent to it. "
                "Go on only if you know why the key changed."
            )
        else:
            title = f"Is this {server}?"
            words = (
                "This is the first contact with this server. Compare the fingerprint with the one your provider "
                "shows, or run ssh-keygen -lf on the server."
            )
        super().__init__(parent, title, question.host, width=540, icon="shield-alert" if question.is_changed else "key")
        self.body.addWidget(Label(words, "md", 400, "text2", wrap=True))
        self.body.addWidget(CopyField(question.fingerprint, label=f"Shown now ({question.key_type})"))
        for known in question.known_fingerprints:
            self.body.addWidget(CopyField(known, label="Known until now"))
        self.add_button(Button("Do not connect", on_click=self.cancel), is_primary=question.is_changed)
        kind = ButtonKind.DANGER if question.is_changed else ButtonKind.PRIMARY
        self.trust = Button("Trust the new key" if question.is_changed else "Trust and connect", "", kind)
        self.trust.on_click(lambda: self.close_with(True))
        self.expected = CheckBox("I know why the key changed")
        if question.is_changed:
            self.body.addWidget(self.expected, 0, Qt.AlignmentFlag.AlignLeft)
            self.trust.setEnabled(False)
            self.expected.toggled.connect(self.trust.setEnabled)
        self.add_button(self.trust, is_primary=not question.is_changed)


class SecretsDialog(DialogFrame):
    """Asks for one or more values; the result is their list."""

    def __init__(self, parent: QWidget, title: str, content: str, fields: Sequence[Field], confirm: str) -> None:
        super().__init__(parent, title, width=460, icon="key-round")
        self._fields = fields
        for number, field in enumerate(fields, 1):
            field.control.setObjectName(f"answer-{number}")
        self._form = Form(*fields)
        if content:
            self.body.addWidget(Label(content, "md", 400, "text2", wrap=True))
        self.body.addWidget(self._form)
        self.add_button(Button("Cancel", on_click=self.cancel))
        self.add_button(Button(confirm, kind=ButtonKind.PRIMARY, on_click=self._answer), is_primary=True)

    def _answer(self) -> None:
        if self._form.is_valid():
            self.close_with([field.value() for field in self._fields])
        else:
            self.refit()


class DialogQuestions:
    """Implements core's `Questions`. One dialog at a time: several servers may ask at once."""

    def __init__(self) -> None:
        self._window: QWidget | None = None
        self._turn = asyncio.Lock()

    def use(self, window: QWidget | None) -> None:
        """Ask in this window from now on; with None everything is declined."""
        self._window = window

    async def host_key(self, server: str, question: HostKeyQuestion) -> HostKeyDecision:
        """Show the fingerprint and ask."""
        async with self._turn:
            if self._window is None:
                return HostKeyDecision.REFUSE
            trusted = await HostKeyDialog(self._window, server, question).ask()
        return HostKeyDecision.TRUST if trusted else HostKeyDecision.REFUSE

    async def key_passphrase(self, server: str, key_file: Path) -> str | None:
        """Ask for the passphrase of a key file."""
        return await self._one(
            f"Unlock the key for {server}", "", lambda: PasswordField(f"Passphrase of {key_file.name}"), "Unlock"
        )

    async def password(self, server: str, account: str) -> str | None:
        """Ask for the password of an account."""
        return await self._one(f"Sign in to {server}", "", lambda: PasswordField(f"Password of {account}"), "Sign in")

    async def answers(self, server: str, request: PromptRequest) -> Sequence[str] | None:
        """Ask whatever the server asks."""

        def fields() -> list[Field]:
            return [TextField(each.text) if each.is_echoed else PasswordField(each.text) for each in request.prompts]

        return await self._ask(f"{server} asks", request.instructions or request.title, fields, "Answer")

    async def vault_passphrase(self, is_new: bool) -> str | None:
        """Ask for the passphrase of the file of secrets, or offer to make such a file."""
        if not is_new:
            words = "They are kept in an encrypted file."
            return await self._one("Unlock your secrets", words, lambda: PasswordField("Passphrase"), "Unlock")
        content = (
            "This computer offers no keyring. Secrets can be kept in a file that is encrypted with a passphrase of "
            "yours; without it nobody can read them, and it cannot be recovered. Cancel keeps no secrets at all."
        )

        def field() -> Field:
            return PasswordField("New passphrase", hint="At least 8 characters", check=_check_new_passphrase)

        return await self._one("Where to keep secrets", content, field, "Use an encrypted file")

    async def _one(self, title: str, content: str, field: Callable[[], Field], confirm: str) -> str | None:
        answers = await self._ask(title, content, lambda: [field()], confirm)
        return answers[0] if answers else None

    async def _ask(
        self, title: str, content: str, fields: Callable[[], Sequence[Field]], confirm: str
    ) -> Sequence[str] | None:
        async with self._turn:
            if self._window is None:
                return None
            answers = await SecretsDialog(self._window, title, content, fields(), confirm).ask()
        return answers if isinstance(answers, list) else None


def _check_new_passphrase(value: str) -> None:
    if len(value) < _LEAST_PASSPHRASE:
        raise BadInput("The passphrase is too short", f"it needs {_LEAST_PASSPHRASE} characters", "Choose a longer one")
