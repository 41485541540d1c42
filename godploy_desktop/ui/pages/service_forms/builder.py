"""What turns a source into an image: the builder, and only that one's fields."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.builder_form import (
    BUILDER_HINTS,
    BUILDERS,
    builder_of,
    check_builder_image,
    parse_arguments,
)
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.service_forms.sources import call, side_by_side
from godploy_desktop.ui.widgets import Disclosure, Field, Form, Select, SwitchField, TextAreaField, TextField
from godploy_server.contract import AutoBuilder, BadInput, Builder, BuildpacksBuilder, DockerfileBuilder, StaticBuilder


class BuilderForm(Form):
    """`by_key` is keyed as in `models.builder_form`. What was typed for one builder stays while another is looked
    at. `beside` is put into the line of the choice. `changed` tells of edits."""

    changed = Signal()

    def __init__(self, prefix: str, beside: QWidget | None = None) -> None:
        self._automatic = BUILDER_HINTS["auto"]
        self.choice = Select("Builder", BUILDERS, "auto", hint=BUILDER_HINTS["auto"])
        self.by_key: dict[str, Field] = {"builder": self.choice, **_builder_fields()}
        parts = {
            "auto": QWidget(),
            "dockerfile": self._dockerfile(prefix),
            "nixpacks": self._nixpacks(prefix),
            "buildpacks": self._buildpacks(prefix),
            "static": self._static(prefix),
        }
        self._parts = Switcher(parts)
        call(self.by_key, prefix)
        self.choice.changed.connect(self._show_builder)
        self._blank = QWidget()  # keeps what stands beside the choice at its width while that is hidden
        self._blank.hide()
        super().__init__(self.choice if beside is None else side_by_side(self.choice, beside, self._blank), self._parts)
        for field in self.by_key.values():
            field.changed.connect(self.changed)
        self._show_builder()

    def builder(self) -> Builder:
        """Give back what is chosen; *auto* while its fields cannot be used yet."""
        try:
            return builder_of({key: field.value() for key, field in self.by_key.items()})
        except BadInput:
            return AutoBuilder()

    def set_automatic(self, hint: str) -> None:
        """Say below *Automatic* what that will be."""
        self._automatic = hint
        self._show_builder()

    def offer(self, *, is_offered: bool) -> None:
        """Show or hide everything but what stands beside the choice."""
        self.choice.setVisible(is_offered)
        self._blank.setVisible(not is_offered)
        self._parts.setVisible(is_offered and self.choice.value() != "auto")

    def _show_builder(self) -> None:
        kind = self.choice.value()
        self.choice.set_hint(self._automatic if kind == "auto" else BUILDER_HINTS[kind])
        self._parts.show_part(kind)
        self._parts.setVisible(kind != "auto")

    def _dockerfile(self, prefix: str) -> Form:
        of = self.by_key
        more = Disclosure("Build arguments", of["arguments"], f"{prefix}-more-of-builder")
        return Form(side_by_side(of["dockerfile"], of["target"]), more)

    def _nixpacks(self, prefix: str) -> Form:
        of = self.by_key
        more = Disclosure(
            "Other commands",
            Form(of["install_command"], of["build_command"], of["start_command"], of["configuration"]),
            f"{prefix}-more-of-nixpacks",
        )
        return Form(more)

    def _buildpacks(self, prefix: str) -> Form:
        of = self.by_key
        more = Disclosure("Buildpacks in another order", of["buildpacks"], f"{prefix}-more-of-buildpacks")
        return Form(of["builder_image"], of["process"], more)

    def _static(self, prefix: str) -> Form:
        of = self.by_key
        del prefix
        return Form(of["static_command"], side_by_side(of["output"], of["build_image"]), of["single_page"])


def _builder_fields() -> dict[str, Field]:
    """The fields of all builders, with what a new one begins with."""
    return {
        "dockerfile": TextField("Dockerfile", DockerfileBuilder().path, check=forms.parse_relative_path, mono=True),
        "target": TextField("Stage", placeholder="the last one", mono=True),
        "arguments": TextAreaField(
            "", placeholder="NODE_ENV=production", lines=3, mono=True, check=parse_arguments,
            hint="One NAME=value a line, for ARG. A secret belongs under Variables, for the build.",
        ),
        "install_command": TextField("Install", placeholder="as Nixpacks finds out", mono=True),
        "build_command": TextField("Build", placeholder="as Nixpacks finds out", mono=True),
        "start_command": TextField("Start", placeholder="as Nixpacks finds out", mono=True),
        "configuration": TextField(
            "Configuration", placeholder="nixpacks.toml", check=forms.parse_relative_path, mono=True
        ),
        "builder_image": TextField(
            "Builder image", BuildpacksBuilder().image, check=check_builder_image, mono=True,
            hint="Such as paketobuildpacks/builder-jammy-full or heroku/builder:24",
        ),
        "process": TextField("Process type", placeholder="web, or the buildpacks' default", mono=True),
        "buildpacks": TextAreaField(
            "", placeholder="paketo-buildpacks/nodejs", lines=3, mono=True, hint="One a line, in their order"
        ),
        "static_command": TextField(
            "Build command", placeholder="npm ci && npm run build", hint="Empty: the files are served as they are",
            mono=True,
        ),
        "output": TextField("Output folder", placeholder="dist", check=forms.parse_relative_path, mono=True),
        "build_image": TextField("Image that builds", StaticBuilder().build_image, mono=True),
        "single_page": SwitchField(
            "Single page", on=True, hint="A path that is no file gets index.html"
        ),
    }  # fmt: skip
