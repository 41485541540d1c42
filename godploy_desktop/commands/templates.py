"""`godploy template ...`: what services can be made from, and files of one's own. Needs no server."""

from __future__ import annotations

import argparse
from pathlib import Path

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.output import Output
from godploy_desktop.core import templates
from godploy_desktop.core.templates import Parameter, Template
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import BadInput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of templates."""
    verbs = options.verbs_of(parser)
    for name, run, summary in (
        ("list", list_templates, "list the templates, and where your own go"),
        ("show", show, "show what a template asks for and offers"),
        ("check", check, "check a template file of your own"),
    ):
        each = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        each.add_argument("--json", action="store_true", help="print JSON")
        each.set_defaults(run_plain=run)
        if name == "show":
            each.add_argument("name", metavar="NAME")
            each.add_argument("--annotated", action="store_true", help="print the whole file with its comments")
        elif name == "check":
            each.add_argument("file", metavar="FILE", type=Path)


def list_templates(given: argparse.Namespace) -> int | None:
    """List all templates; files that are none are named on stderr."""
    output = Output(as_json=given.json)
    folders = Folders.of()
    found = templates.library(folders)
    rows = [
        [each.name, each.title, ", ".join(version.version for version in each.versions), str(each.origin or "")]
        for each in found.templates
    ]
    output.rows([_summary(each) for each in found.templates], ("NAME", "TITLE", "VERSIONS", "FILE"), rows, "None.")
    for broken in found.broken:
        output.note(f"Not used: {broken.path}: {broken.problem.why}")
    output.note(f"Your own go into {templates.own_folder(folders)}")
    return None


def show(given: argparse.Namespace) -> int | None:
    """Show one template, or its file."""
    output = Output(as_json=given.json)
    template = templates.library(Folders.of()).get(given.name)
    if given.annotated:
        output.raw(templates.source_of(template))
        return None
    service = template.service
    pairs = [
        ("template", template.name),
        ("title", template.title),
        ("", template.description),
        ("file", str(template.origin or "")),
        *(("version", f"{each.version}  {each.notes}".strip()) for each in template.versions),
        *(("--set", _described(each)) for each in template.parameters),
        *(
            ("connection", each.name + ("  (only with --public)" if each.public else ""))
            for each in service.connections
        ),
        *(("keeps", each.partition(":")[2]) for each in service.volumes),
        ("documented at", template.homepage),
    ]
    output.value(_summary(template), rendering.fields(pairs, colour=output.colour))
    return None


def check(given: argparse.Namespace) -> int | None:
    """Check a file; the error names the path of the key and the line. Exit code 2 if it cannot be used."""
    if not given.file.is_file():
        raise BadInput("There is no such file", str(given.file), "Check the name")
    template = templates.read_template(given.file)
    Output(as_json=given.json).value(_summary(template), f"{given.file} is a template: {template.title}")
    return None


def _described(parameter: Parameter) -> str:
    if parameter.is_generated:
        usual = "generated"
    elif parameter.default:
        usual = f"default: {parameter.default}"
    else:
        usual = "must be given" if parameter.required else "may be left out"
    kind = "|".join(parameter.choices) or parameter.type.value
    return f"{parameter.name}={kind}  {parameter.title} ({usual})"


def _summary(template: Template) -> dict[str, object]:
    return {
        "name": template.name,
        "title": template.title,
        "description": template.description,
        "file": str(template.origin) if template.origin else None,
        "versions": [{"version": each.version, "image": each.image, "notes": each.notes} for each in template.versions],
        "parameters": [
            {
                "name": each.name,
                "title": each.title,
                "type": each.type.value,
                "default": each.default,
                "is_generated": each.is_generated,
                "choices": dict(each.choices),
            }
            for each in template.parameters
        ],
    }
