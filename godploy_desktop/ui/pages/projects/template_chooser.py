"""A database from a template: first the gallery, then the form of what was chosen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.templates import Library, Template, library
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.projects.template_form import TemplateForm
from godploy_desktop.ui.pages.projects.template_gallery import TemplateGallery
from godploy_desktop.ui.widgets import LoadingPanel, clear, column

if TYPE_CHECKING:
    from godploy_desktop.local_store.folders import Folders


class TemplateChooser(QWidget):
    """`chosen` tells that a template was picked or given back (`template` is then None); `refitted` that the height
    changed."""

    chosen = Signal()
    refitted = Signal()

    def __init__(self, owner: Observer, folders: Folders) -> None:
        super().__init__()
        self._owner, self._folders = owner, folders
        self._library: Library | None = None
        self.form: TemplateForm | None = None
        self._layout = column(parent=self)
        self._layout.addWidget(LoadingPanel("Reading the templates…"))

    @property
    def template(self) -> Template | None:
        """The template whose form is shown."""
        return self.form.template if self.form is not None else None

    def opened(self) -> None:
        """Read the templates, the first time."""
        if self._library is None:
            self._owner.read("Reading the templates", self._read, self._show_gallery)

    async def _read(self) -> Library:
        return await asyncio.to_thread(library, self._folders)

    def _show_gallery(self, read: Library) -> None:
        self._library = read
        gallery = TemplateGallery(read)
        gallery.chosen.connect(self._show_form)
        gallery.refitted.connect(self.refitted)
        self.form = None
        self._show(gallery)
        gallery.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_form(self, template: Template) -> None:
        self.form = TemplateForm(template)
        self.form.back.connect(self._back)
        self.form.refitted.connect(self.refitted)
        self._show(self.form)

    def _back(self) -> None:
        if self._library is not None:
            self._show_gallery(self._library)

    def _show(self, part: QWidget) -> None:
        clear(self._layout)
        self._layout.addWidget(part)
        self.chosen.emit()
