"""The settings of the application itself: theme, the agent of this computer, where secrets are kept, versions."""

from __future__ import annotations

import asyncio
import platform

from PySide6.QtCore import QUrl, qVersion
from PySide6.QtGui import QDesktopServices

from godploy_desktop.core.workspace import KEEP_EMBEDDED_AGENT
from godploy_desktop.local_store.vault import VaultKind
from godploy_desktop.ui.models.route import Crumb
from godploy_desktop.ui.pages.everywhere.vault_dialog import VaultDialog
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.theme import ThemeChoice, theme
from godploy_desktop.ui.widgets import Button, Label, PropertyList, Section, Select, Switch, column, row
from godploy_server import __version__

_THEMES = {
    ThemeChoice.SYSTEM.value: "As the system",
    ThemeChoice.DARK.value: "Dark",
    ThemeChoice.LIGHT.value: "Light",
}
_VAULT = {
    VaultKind.KEYRING: "In the keyring of this computer.",
    VaultKind.FILE: "In a file encrypted with your passphrase, because you chose so.",
    VaultKind.MISSING: "Nowhere yet: this computer has no keyring that works. Choose an encrypted file to keep "
    "passwords; otherwise they are asked for each time.",
}


class SettingsPage(Page):
    """Each choice takes effect at once."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Settings"))
        workspace = context.workspace
        look = Section("Look", "Colours of the window")
        self._theme = Select("Theme", _THEMES, str(workspace.setting("theme", ThemeChoice.SYSTEM.value)))
        self._theme.box.setObjectName("theme-choice")
        self._theme.setMaximumWidth(280)
        self._theme.changed.connect(self._choose_theme)
        look.body.addWidget(self._theme)
        computer = Section("This computer", "Its agent is a child of this window, and runs your services in its Docker")
        keep = bool(workspace.setting(KEEP_EMBEDDED_AGENT, False))
        self._keep = Switch("Keep the agent running when the window closes", on=keep)
        self._keep.setObjectName("keep-agent")
        self._keep.toggled.connect(lambda on: workspace.set_setting(KEEP_EMBEDDED_AGENT, bool(on)))
        computer.body.addLayout(row(self._keep, None))
        computer.body.addSpacing(6)
        computer.body.addWidget(
            Label(
                "Services run on in either case; without an agent nothing watches them and nothing is deployed.",
                "sm",
                400,
                "text3",
                wrap=True,
            )
        )
        self._choose_file = Button("Use an encrypted file…", "lock", on_click=self._ask_passphrase)
        self._choose_file.setObjectName("choose-vault-file")
        self._choose_file.hide()
        secrets = Section("Secrets", "Passwords and passphrases of servers", self._choose_file)
        self._vault = Label("Looking for a keyring…", "sm", 400, "text2", wrap=True)
        secrets.body.addWidget(self._vault)
        self._logs = Button("Open the folder", "folder", on_click=self._open_folder)
        self._logs.setObjectName("open-data-folder")
        about = Section("About", "Godploy, Apache License 2.0", self._logs)
        facts = PropertyList(140)
        facts.set("version", "Godploy", __version__)
        facts.set("python", "Python", platform.python_version())
        facts.set("qt", "Qt", qVersion())
        facts.set("data", "Data", str(workspace.folders.data), mono=True)
        facts.set("cache", "Cache", str(workspace.folders.cache), mono=True)
        about.body.addWidget(facts)
        self.body.addLayout(column(Label("Settings", "xl", 600), spacing=4))
        self.body.addSpacing(4)
        for section in (look, computer, secrets, about):
            self.body.addWidget(section)
        self.body.addStretch(1)
        self.watch(workspace.setting_changed, self._setting_changed)
        self._read_vault()

    def _choose_theme(self) -> None:
        choice = ThemeChoice(self._theme.value())
        theme().set_choice(choice)
        self.context.workspace.set_setting("theme", choice.value)

    def _setting_changed(self, key: str) -> None:
        if key == "theme":
            self._theme.set_value(str(self.context.workspace.setting("theme", ThemeChoice.SYSTEM.value)))

    def _read_vault(self) -> None:
        vault = self.context.workspace.secrets.vault
        self.read("Looking for a keyring", lambda: asyncio.to_thread(vault.kind), self._show_vault)

    def _show_vault(self, kind: VaultKind) -> None:
        self._vault.setText(_VAULT[kind])
        self._choose_file.setVisible(kind is not VaultKind.FILE)

    def _ask_passphrase(self) -> None:
        dialog = VaultDialog(self.context, self)
        dialog.finished.connect(lambda made: self._read_vault() if made else None)
        dialog.open()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.context.workspace.folders.data)))
