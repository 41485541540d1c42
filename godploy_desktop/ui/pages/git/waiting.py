"""While the host asks the person: in the browser, or for a code."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import TaskStep
from godploy_desktop.git_hosting.oauth import DeviceCode
from godploy_desktop.git_hosting.values import SignIn
from godploy_desktop.ui.models.step_lines import step_lines
from godploy_desktop.ui.widgets import Button, CopyField, Label, Spinner, StepList, column, row


class SignInWaiting(QWidget):
    """Says what is waited for, with the page to open and the code to type in there."""

    def __init__(self) -> None:
        super().__init__()
        self._words = Label("", "md", 400, "text2", wrap=True)
        self._code = CopyField(label="Code to type in there")
        self._code.setObjectName("git-code")
        self._steps = StepList("Steps of the sign-in")
        self._steps.setObjectName("git-steps")
        self._page = CopyField(label="Page")
        self._page.setObjectName("git-page")
        self._open = Button("Open the page", "external-link", on_click=self._open_page)
        self._open.setObjectName("open-git-page")
        head = row(Spinner(), spacing=10)
        head.addWidget(self._words, 1)
        column(head, self._steps, self._code, self._page, row(self._open, None), spacing=14, parent=self)

    def begin(self, way: SignIn) -> None:
        """Nothing came from the host yet."""
        self._steps.hide()
        self._code.hide()
        self._page.hide()
        self._open.hide()
        self._words.setText("Asking the host for a code…" if way is SignIn.DEVICE else "Opening the browser…")

    def show_steps(self, steps: tuple[TaskStep, ...]) -> None:
        """Show where a sign-in of several steps stands."""
        self._steps.set_steps(step_lines(steps, datetime.now(UTC)))
        self._steps.setVisible(bool(steps))

    def show_page(self, address: str) -> None:
        """The browser was sent to `address`."""
        self._words.setText(
            "Agree in the browser; this goes on by itself then. If none opened, open the page yourself."
        )
        self._show_page(address)

    def show_code(self, code: DeviceCode) -> None:
        """The host wants `code` to be typed in."""
        self._words.setText("Open the page and type the code in. This goes on by itself then.")
        self._code.set_value(code.user_code)
        self._code.show()
        self._show_page(code.address)

    def _show_page(self, address: str) -> None:
        self._page.set_value(address)
        self._page.show()
        self._open.show()

    def _open_page(self) -> None:
        open_address(self._page.value())


def open_address(address: str) -> None:
    """Show a page in the browser."""
    QDesktopServices.openUrl(QUrl(address))
