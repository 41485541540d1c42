"""All templates there are: those that ship with Godploy and those in a folder of the person's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from godploy_desktop.assets import asset
from godploy_desktop.core.templates.checks import check
from godploy_desktop.core.templates.problems import broken_because
from godploy_desktop.core.templates.reading import read
from godploy_desktop.core.templates.schema import Template
from godploy_desktop.core.templates.yaml_tree import LARGEST_FILE
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import BadInput, NotFound, Problem

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class BrokenTemplate:
    """A file that cannot be used, and why."""

    path: Path
    problem: Problem


@dataclass(frozen=True)
class Library:
    """Templates by title, and the files that are none."""

    templates: tuple[Template, ...]
    broken: tuple[BrokenTemplate, ...] = ()

    def find(self, name: str) -> Template | None:
        """Give the template of that name, if there is one."""
        return next((each for each in self.templates if each.name == name), None)

    def get(self, name: str) -> Template:
        """Give the template of that name. Raises NotFound."""
        found = self.find(name)
        if found is None:
            names = ", ".join(each.name for each in self.templates)
            raise NotFound(f"There is no template “{name}”", f"there are {names}", "Check the name")
        return found

    def matching(self, words: str) -> tuple[Template, ...]:
        """Give the templates that a search for `words` finds: each word begins one in its names or keywords, or stands
        in its description."""
        wanted = words.lower().split()
        return tuple(each for each in self.templates if all(_has(each, word) for word in wanted))


def own_folder(folders: Folders) -> Path:
    """Give the folder for a person's own templates. It may not exist."""
    return folders.data / "templates"


def library(folders: Folders | None = None) -> Library:
    """Give all templates, those of the person's own as their files are now. One of these takes the place of a shipped
    one of the same name."""
    shipped, unusable = _shipped()
    broken = [*unusable]
    own: dict[str, Template] = {}
    if folders is not None:
        found, wrong = _read_all(_files(own_folder(folders)))
        broken += wrong
        for template in found:
            assert template.origin is not None
            if template.name in own:
                why = f"name: should be a name of its own: {own[template.name].origin} has “{template.name}” too"
                broken.append(BrokenTemplate(template.origin, broken_because(template.origin.name, why).problem))
            else:
                own[template.name] = template
    by_name = {each.name: replace(each, origin=None) for each in shipped} | own
    return Library(tuple(sorted(by_name.values(), key=lambda each: each.title.lower())), tuple(broken))


def source_of(template: Template) -> str:
    """Give the whole file of a template, with its comments."""
    return _text(template.origin or asset(f"resources/templates/{template.name}.yaml"))


def read_template(path: Path) -> Template:
    """Read one file. Raises TemplateBroken, or BadInput if it cannot be read at all."""
    template, lines = read(_text(path), path.name)
    check(template, lines)
    return replace(template, origin=path)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(each for each in folder.glob("*") if each.suffix in _ENDINGS and each.is_file())


@cache
def _shipped() -> tuple[list[Template], list[BrokenTemplate]]:
    """Read what ships with Godploy, once: it takes 80 ms, and the window asks at each look at the gallery."""
    return _read_all(_files(asset("resources/templates")))


def _read_all(files: Iterable[Path]) -> tuple[list[Template], list[BrokenTemplate]]:
    templates, broken = [], []
    for path in files:
        try:
            templates.append(read_template(path))
        except BadInput as error:
            broken.append(BrokenTemplate(path, error.problem))
    return templates, broken


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise broken_because(path.name, f"it is larger than {LARGEST_FILE // 1024} KiB")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise broken_because(path.name, "it is not text in UTF-8") from None
    except OSError as error:
        raise BadInput(
            f"The template {path.name} cannot be read",
            error.strerror or type(error).__name__,
            "Check its name and mode",
        ) from None


def _has(template: Template, word: str) -> bool:
    names = f"{template.name} {template.title} {' '.join(template.keywords)}".lower().split()
    return any(each.startswith(word) for each in names) or word in template.description.lower()
