"""Deleting something on a server: first the preview is read, then the person sees what will be lost and says yes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.losses import losses, warning
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.widgets import ConfirmDialog
from godploy_server.contract import RemovalPreview


def confirm_removal(
    owner: Observer,
    parent: QWidget,
    *,
    title: str,
    text: str,
    preview: Callable[[], Awaitable[RemovalPreview]],
    name: str,
    confirmed: Callable[[], object],
) -> None:
    """Read `preview`, show it, and call `confirmed` once the person has typed `name` and pressed Delete."""

    def show(result: RemovalPreview) -> None:
        said = f"{text} {warning(result)}".rstrip()
        dialog = ConfirmDialog(parent, title, said, losses=losses(result), type_name=name)
        dialog.confirm.setObjectName("confirm-delete")
        if dialog.name_field is not None:
            dialog.name_field.edit.setObjectName("confirm-name")
        dialog.finished.connect(lambda answer: confirmed() if answer else None)
        dialog.open()

    owner.read("Reading what would be lost", preview, show)
