"""Qt's own messages where windows are drawn without a screen."""

import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_EXPECTED = "This plugin does not support"  # the offscreen platform says it of each window's size hints


def leave_out_what_offscreen_cannot() -> None:
    """Print Qt's messages as before, except those that are true of every window without a screen."""

    def tell(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if not message.startswith(_EXPECTED):
            print(message, file=sys.stderr, flush=True)

    qInstallMessageHandler(tell)
