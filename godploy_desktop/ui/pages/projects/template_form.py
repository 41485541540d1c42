"""What a template asks for: version, parameters by their types, and whether it is reached from outside."""

from __future__ import annotations

import functools

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLayout, QWidget

from godploy_desktop.core import templates
from godploy_desktop.core.templates import Parameter, ParameterType, Template
from godploy_desktop.ui.models.forms import check_service_name, parse_port
from godploy_desktop.ui.pages.projects.template_card import template_icon
from godploy_desktop.ui.pages.service_forms.sources import side_by_side
from godploy_desktop.ui.widgets import (
    YES,
    Button,
    ButtonKind,
    Field,
    Form,
    Icon,
    IconTile,
    Label,
    SecretField,
    Select,
    SwitchField,
    TextField,
    column,
    row,
)
from godploy_server.contract import BadInput, CreateService, ProjectId

_SHORT = (
    ParameterType.TEXT,
    ParameterType.NUMBER,
    ParameterType.PORT,
    ParameterType.SIZE,
    ParameterType.CHOICE,
)


class TemplateForm(QWidget):
    """`back` asks for the gallery again; `refitted` tells that the form became larger or smaller."""

    back = Signal()
    refitted = Signal()

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.template = template
        self.name = TextField("Name", template.name, check=check_service_name)
        self.name.edit.setObjectName("service-name")
        self._fields = {each.name: parameter_field(each) for each in template.parameters}
        for name, field in self._fields.items():
            field.control.setObjectName(f"template-param-{name}")
            if isinstance(field, SecretField):
                field.reveal.setObjectName(f"template-reveal-{name}")
                field.again.setObjectName(f"template-generate-{name}")
        self._version = Select("Version", {each.version: each.version for each in template.versions})
        self._version.box.setObjectName("template-version")
        self._version.changed.connect(self._show_notes)
        self._is_public = SwitchField("Reachable from outside the server")
        self._is_public.switch.setObjectName("template-public")
        self._port = TextField("Port of the server", check=_check_public_port)
        self._port.edit.setObjectName("template-public-port")
        self._warning = _warning_line(template.public.warning if template.public else "")
        self._lay_out()
        self._show_notes()
        self._show_public()

    def _lay_out(self) -> None:
        back = Button("All templates", "arrow-left", ButtonKind.GHOST, on_click=self.back.emit)
        back.setObjectName("template-back")
        words = column(Label(self.template.title, "md", 600), spacing=2)
        words.addWidget(Label(self.template.description, "sm", 400, "text2", wrap=True))
        head = row(IconTile(template_icon(self.template), 36, "accent"), spacing=12)
        head.addLayout(words, 1)
        head.addWidget(back)
        form = Form(head, side_by_side(self.name, self._version), *self._lines())
        if self.template.public is not None:
            self._port.set_value(str(self.template.public.port))
            self._is_public.switch.toggled.connect(lambda _on: self._show_public())
            form.add(self._is_public)
            form.add(self._port)
            form.add(self._warning)
        column(form, parent=self)

    def _lines(self) -> list[QWidget | QLayout]:
        """The parameters, short ones in pairs."""
        lines: list[QWidget | QLayout] = []
        waiting: Field | None = None
        for parameter in self.template.parameters:
            field = self._fields[parameter.name]
            if parameter.type not in _SHORT:
                lines += [waiting] if waiting else []
                lines, waiting = [*lines, field], None
            elif waiting is None:
                waiting = field
            else:
                lines, waiting = [*lines, side_by_side(waiting, field)], None
        return [*lines, waiting] if waiting else lines

    def request(self, project_id: ProjectId) -> CreateService:
        """Give back what makes the service; raises BadInput."""
        values = {key: _value(field) for key, field in self._fields.items()}
        port = parse_port(self._port.value()) if self._is_open() else None
        return templates.render(
            self.template, project_id, self.name.value(), version=self._version.value(), values=values, public_port=port
        )

    def _is_open(self) -> bool:
        return self.template.public is not None and self._is_public.value() == YES

    def _show_notes(self) -> None:
        chosen = next((each for each in self.template.versions if each.version == self._version.value()), None)
        self._version.set_hint(chosen.notes if chosen is not None else "")
        self.refitted.emit()

    def _show_public(self) -> None:
        for part in (self._port, self._warning):
            part.setVisible(self._is_open())
        self.refitted.emit()


def parameter_field(parameter: Parameter) -> Field:
    """Give back the field for a parameter of its type."""
    check = functools.partial(_check, parameter)
    title = parameter.title if parameter.required else f"{parameter.title} (may be empty)"
    match parameter.type:
        case ParameterType.CHOICE:
            return Select(parameter.title, parameter.choices, parameter.default, hint=parameter.hint)
        case ParameterType.BOOLEAN:
            is_on = templates.check_value(parameter, parameter.default or "no") == "true"
            return SwitchField(parameter.title, on=is_on, hint=parameter.hint)
        case ParameterType.PASSWORD:
            generate = functools.partial(templates.generate, parameter) if parameter.is_generated else None
            return SecretField(title, generate=generate, hint=parameter.hint, check=check)
        case _:
            return TextField(title, parameter.default, hint=parameter.hint, check=check)


def _check(parameter: Parameter, text: str) -> None:
    """What is left empty is made up, or as the template has it, where it says so."""
    if text or not (parameter.is_generated or parameter.default):
        templates.check_value(parameter, text)


def _value(field: Field) -> str:
    if isinstance(field, SwitchField):
        return "true" if field.value() == YES else "false"
    return field.value()


def _check_public_port(text: str) -> int:
    port = parse_port(text)
    if port is None:
        raise BadInput("No port is given", "programs elsewhere need a port to reach it at", "Type a port")
    return port


def _warning_line(text: str) -> QWidget:
    holder = QWidget()
    line = row(Icon("triangle-alert", 14, "warn"), spacing=8, parent=holder)
    line.addWidget(Label(text, "sm", 400, "warn", wrap=True), 1)
    return holder
