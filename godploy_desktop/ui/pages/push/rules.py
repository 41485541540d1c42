"""What deploys by itself: whose signature counts, which tags, which changed files."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.push_words import HOSTS, parse_patterns, patterns_text
from godploy_desktop.ui.pages.service_forms.sources import side_by_side
from godploy_desktop.ui.widgets import Button, ButtonKind, Field, Form, Section, Select, TextAreaField, column, row
from godploy_server.contract import Hook, HookHost, SetHook


class RulesSection(QWidget):
    """What is typed stays until it is saved or discarded. `save` gets what is to change."""

    def __init__(self, save: Callable[[SetHook], object]) -> None:
        super().__init__()
        self._on_save = save
        self._host = Select("Git host", {host.value: name for host, name in HOSTS.items()})
        self._host.set_hint("Whose signature the deliveries carry")
        self._host.box.setObjectName("push-host")
        self._tags = TextAreaField(
            "Tags", placeholder="v*", hint="Patterns, one a line; a tag that fits one deploys", lines=3, mono=True,
            check=parse_patterns,
        )  # fmt: skip
        self._tags.edit.setObjectName("push-tags")
        self._paths = TextAreaField(
            "Watched files", placeholder="web/**", hint="Patterns, one a line; none: every change deploys", lines=3,
            mono=True, check=parse_patterns,
        )  # fmt: skip
        self._paths.edit.setObjectName("push-paths")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._ask_save)
        self._save.setObjectName("save-push")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._discard.setObjectName("discard-push")
        self._held: tuple[str, ...] = ()
        self._is_live = True
        self._form = Form(self._host, side_by_side(self._tags, self._paths))
        section = Section("What deploys", "[skip ci] or [skip deploy] in a commit's message skips it")
        section.body.addWidget(self._form)
        section.body.addSpacing(10)
        section.body.addLayout(row(None, self._discard, self._save, spacing=8))
        column(section, parent=self)
        for field in self._fields():
            field.changed.connect(self._show_state)

    def show_hook(self, hook: Hook) -> None:
        """Show what the server holds; what is being typed stays."""
        is_dirty = self.is_dirty()
        self._host.setVisible(not hook.shared)  # that of the app
        self._held = (hook.host.value, patterns_text(hook.tag_patterns), patterns_text(hook.watch_paths))
        if not is_dirty:
            self.discard()
        self._save.set_busy(False)
        self._show_state()

    def is_dirty(self) -> bool:
        """Whether a field differs from what the server holds."""
        return bool(self._held) and tuple(each.value() for each in self._fields()) != self._held

    def discard(self) -> None:
        """Show what the server holds."""
        for field, value in zip(self._fields(), self._held, strict=False):
            field.set_value(value)
            field.set_error("")
        self._show_state()

    def set_live(self, is_live: bool) -> None:
        """Whether the server can be told now."""
        self._is_live = is_live
        self._show_state()

    def saved(self, hook: Hook) -> None:
        """The server holds what was typed, as `hook` says."""
        self._held = ()
        self.show_hook(hook)

    def failed(self) -> None:
        """The server did not take it."""
        self._save.set_busy(False)
        self._show_state()

    def _fields(self) -> tuple[Field, ...]:
        return (self._host, self._tags, self._paths)

    def _show_state(self) -> None:
        is_dirty = self.is_dirty()
        self._save.setEnabled(is_dirty and self._is_live)
        self._discard.setVisible(is_dirty)

    def _ask_save(self) -> None:
        if not self._form.is_valid():
            return
        self._save.set_busy(True)
        self._on_save(
            SetHook(
                host=HookHost(self._host.value()),
                tag_patterns=parse_patterns(self._tags.value()),
                watch_paths=parse_patterns(self._paths.value()),
            )
        )
