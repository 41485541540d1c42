"""Where a service comes from: one form for each kind of source. `by_key` holds a form's fields by the keys of
`models.source_form`."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from godploy_desktop.core.sources import ARCHIVE_ENDINGS
from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.source_form import FOLLOWS, check_archive_name, check_commit, check_folder, check_tag
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.widgets import (
    Button,
    Disclosure,
    Field,
    Form,
    IconButton,
    PathField,
    Select,
    SwitchField,
    TextField,
)

ARCHIVES = f"Archives ({' '.join(f'*{ending}' for ending in ARCHIVE_ENDINGS)})"


def side_by_side(*fields: QWidget) -> QHBoxLayout:
    """Give back a line of equal parts; a hint under one must not push the others down."""
    line = QHBoxLayout()
    line.setSpacing(12)
    for field in fields:
        line.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)
    return line


def call(fields: dict[str, Field], prefix: str) -> None:
    """Give each field's control its object name: PREFIX-KEY, with dashes for underscores."""
    for key, field in fields.items():
        field.control.setObjectName(f"{prefix}-{key.replace('_', '-')}")


def root_field(where: str, beside: QWidget | None = None) -> TextField:
    """Give back the field of a folder inside a source."""
    return TextField(
        f"Folder in the {where}", placeholder="the top", check=forms.parse_relative_path, mono=True, beside=beside
    )


class GitForm(Form):
    """A repository, and what of it: a branch, a tag or one commit."""

    def __init__(
        self,
        prefix: str,
        *,
        wide: bool = True,
        choose: Callable[[], object] | None = None,
        found: QWidget | None = None,
    ) -> None:
        """`choose` lets a person choose the repository elsewhere; `branches` and `folders` are for those that it has
        then, and `found` stands below the repository."""
        self.choose = Button("Choose from an account…", "search", on_click=choose) if choose is not None else None
        if self.choose is not None:
            self.choose.setObjectName(f"{prefix}-choose-repository")
        self.branches = _chooser("chevrons-up-down", "Choose a branch of the repository", f"{prefix}-choose-branch")
        self.folders = _chooser("folder", "Choose a folder of the repository", f"{prefix}-choose-root")
        url = TextField(
            "Repository",
            placeholder="git@git.example.com:team/shop.git",
            check=forms.check_git_url,
            mono=True,
            beside=self.choose,
        )
        follows = Select("Build", FOLLOWS)
        branch = TextField("Branch", "main", beside=self.branches)
        tag = TextField("Tag", placeholder="v1.4.0", check=check_tag)
        commit = TextField("Commit", placeholder="full hash", check=check_commit, mono=True)
        self.by_key: dict[str, Field] = {
            "url": url,
            "follows": follows,
            "branch": branch,
            "tag": tag,
            "commit": commit,
            "root": root_field("repository", self.folders),
            "submodules": SwitchField("Fetch submodules"),
            "lfs": SwitchField("Fetch large files (LFS)"),
        }
        self._which = Switcher({"branch": branch, "tag": tag, "commit": commit})
        follows.changed.connect(lambda: self._which.show_part(follows.value()))
        self._which.show_part("branch")
        switches = (self.by_key["submodules"], self.by_key["lfs"])
        root = self.by_key["root"]
        if choose is not None:
            title, inner = "Submodules, large files", Form(side_by_side(*switches))
            parts = (url, found, side_by_side(follows, self._which, root))
        else:
            title = "Folder, submodules, large files"
            inner = Form(root, side_by_side(*switches)) if wide else Form(root, *switches)
            parts = (url, found, side_by_side(follows, self._which))
        self.more = Disclosure(title, inner, f"{prefix}-more-of-source")
        call(self.by_key, prefix)
        super().__init__(*(each for each in parts if each is not None), self.more)


def _chooser(icon: str, tip: str, name: str) -> IconButton:
    button = IconButton(icon, tip)
    button.setObjectName(name)
    button.hide()
    return button


class FolderForm(Form):
    """A folder of this computer."""

    def __init__(self, prefix: str) -> None:
        self.path = PathField(
            "Folder on this computer", picks_folder=True, placeholder="~/projects/shop", check=check_folder
        )
        self.by_key: dict[str, Field] = {"folder": self.path, "root": root_field("folder")}
        self.more = Disclosure("Only a folder inside it", Form(self.by_key["root"]), f"{prefix}-more-of-source")
        call(self.by_key, prefix)
        self.path.choose.setObjectName(f"{prefix}-choose-folder")
        super().__init__(self.path, self.more)


class ArchiveForm(Form):
    """An archive of this computer, which is sent once."""

    def __init__(self, prefix: str) -> None:
        self.path = PathField(
            "Archive",
            picks_folder=False,
            filters=ARCHIVES,
            placeholder="~/shop.tar.gz",
            hint="zip or tar, also compressed",
            check=check_archive_name,
        )
        self.by_key: dict[str, Field] = {"archive": self.path, "root": root_field("archive")}
        self.more = Disclosure("Only a folder inside it", Form(self.by_key["root"]), f"{prefix}-more-of-source")
        call(self.by_key, prefix)
        self.path.choose.setObjectName(f"{prefix}-choose-archive")
        super().__init__(self.path, self.more)


class ImageForm(Form):
    """A prebuilt image."""

    def __init__(self, prefix: str) -> None:
        self.by_key: dict[str, Field] = {
            "image": TextField("Image", placeholder="nginx:1.27", check=forms.check_image, mono=True)
        }
        call(self.by_key, prefix)
        super().__init__(self.by_key["image"])
