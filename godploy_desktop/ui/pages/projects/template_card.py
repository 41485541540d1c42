"""The cards of the gallery: a template, and a file that cannot be one."""

from __future__ import annotations

from PySide6.QtCore import Qt

from godploy_desktop.core.templates import BrokenTemplate, Template
from godploy_desktop.ui.models.gallery import origin_words
from godploy_desktop.ui.theme.icons import icon_exists
from godploy_desktop.ui.widgets import Card, IconTile, Label, Pill, column, row


def template_icon(template: Template) -> str:
    """Give back the icon of a template that the theme has."""
    return template.icon if icon_exists(template.icon) else "database"


class TemplateCard(Card):
    """Icon, title, a sentence; a person's own one is marked and says where it is kept."""

    def __init__(self, template: Template) -> None:
        super().__init__(12, clickable=True, name=f"{template.title}: {template.description}")
        self.template = template
        self.setObjectName(f"template-{template.name}")
        text = Label(template.description, "sm", 400, "text2", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignTop)
        words = column(Label(template.title, "md", 600, elide=True), text, spacing=2)
        words.addStretch(1)
        if template.origin is not None:
            place = Label(origin_words(template.origin), "xs", 400, "text3", elide=True)
            place.setToolTip(str(template.origin))
            mark = row(Pill("Your own", "accent", dot=False), spacing=6)
            mark.addWidget(place, 1)
            words.addSpacing(6)
            words.addLayout(mark)
            self.setAccessibleDescription(f"your own, from {template.origin}")
        line = row(spacing=10)
        line.addWidget(IconTile(template_icon(template), 34, "accent"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        self.body.addLayout(line)


class BrokenTemplateCard(Card):
    """A file in the person's own folder that cannot be used, and what is wrong with it."""

    def __init__(self, broken: BrokenTemplate) -> None:
        super().__init__(12, name=f"{broken.path.name} cannot be used: {broken.problem.why}")
        self.setObjectName(f"broken-template-{broken.path.stem}")
        name = Label(broken.path.name, "md", 600)
        place = Label(origin_words(broken.path), "sm", 400, "text3", elide=True)
        place.setToolTip(str(broken.path))
        head = row(name, Pill("Broken", "err", dot=False), spacing=8)
        head.addWidget(place, 1)
        why = Label(broken.problem.why, "sm", 400, "text2", wrap=True, selectable=True)
        line = row(spacing=10)
        line.addWidget(IconTile("triangle-alert", 34, "err"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(column(head, why, spacing=3), 1)
        self.body.addLayout(line)
