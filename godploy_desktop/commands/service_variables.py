"""`godploy service variables ...`: values may stand on the command line, secrets come from a file or stdin."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.env_files import looks_secret, parse_env
from godploy_server.contract import BadInput, NotFound, SetVariables, Variable, check_variable_name

_SCOPES: Final = {(False, True): "program", (True, True): "program and build", (True, False): "build"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of variables."""
    verbs = options.verbs_of(parser)
    listing = options.verb(verbs, "list", list_variables, "list the variables; secrets without their values")
    options.service(listing)
    put = options.verb(verbs, "set", set_variables, "set variables; they take effect with the next deployment")
    options.service(put)
    put.add_argument("variables", nargs="*", type=options.pair, metavar="NAME=VALUE", help="what is not secret")
    put.add_argument(
        "--secret",
        metavar="NAME",
        help="set one secret, whose value comes from --from-file (never from the command line, which others can see)",
    )
    put.add_argument(
        "--from-file", metavar="PATH", default="-", help="file with the secret's value; - is stdin (default)"
    )
    scope = put.add_mutually_exclusive_group()
    scope.add_argument("--at-build", action="store_true", help="the build sees them too (secrets as BuildKit secrets)")
    scope.add_argument("--build-only", action="store_true", help="only the build sees them, the program does not")
    put.add_argument("--env-file", type=Path, metavar="PATH", help="set every NAME=VALUE line of this file")
    put.add_argument("--all-secret", action="store_true", help="with --env-file: all of them are secrets")
    remove = options.verb(verbs, "remove", remove_variables, "remove variables")
    options.service(remove)
    remove.add_argument("names", nargs="+", metavar="NAME")


async def list_variables(context: Context) -> None:
    """List the variables."""
    server = await context.server()
    service = await context.service(server)
    _show(context, await server.agent.variables(service.id))


async def set_variables(context: Context) -> None:
    """Set variables, or one secret."""
    given = context.options
    put = [Variable(check_variable_name(name), value) for name, value in given.variables]
    if given.env_file is not None:
        pairs = parse_env(_read(str(given.env_file)))
        put += [Variable(check_variable_name(name), value, given.all_secret) for name, value in pairs]
    if given.secret is not None:
        put.append(
            Variable(check_variable_name(given.secret), _without_line_end(_read(given.from_file)), is_secret=True)
        )
    if not put:
        raise BadInput(
            "Nothing is to be set", "no variable was given", "Add NAME=VALUE, --secret NAME or --env-file PATH"
        )
    at_build, at_run = given.at_build or given.build_only, not given.build_only
    scoped = tuple(replace(each, at_build=at_build, at_run=at_run) for each in put)
    server = await context.server()
    service = await context.service(server)
    variables = await server.set_variables(service.id, SetVariables(put=scoped))
    _show(context, variables)
    context.output.note(f"Takes effect with: godploy deploy {context.full_name(service)}")


async def remove_variables(context: Context) -> None:
    """Remove variables; raises NotFound for one that is not there."""
    server = await context.server()
    service = await context.service(server)
    existing = {each.name for each in await server.agent.variables(service.id)}
    for name in context.options.names:
        if name not in existing:
            raise NotFound(
                f"{context.full_name(service)} has no variable {name}",
                f"it has {', '.join(sorted(existing)) or 'none'}",
                "Check the name",
            )
    _show(context, await server.set_variables(service.id, SetVariables(remove=tuple(context.options.names))))
    context.output.note(f"Takes effect with: godploy deploy {context.full_name(service)}")


def variables_of_file(path: Path) -> tuple[Variable, ...]:
    """Give the variables of a file; those whose names look secret are. Raises BadInput."""
    pairs = parse_env(_read(str(path)))
    return tuple(Variable(check_variable_name(name), value, looks_secret(name)) for name, value in pairs)


def _show(context: Context, variables: tuple[Variable, ...]) -> None:
    rows = [[each.name, _shown(each), _SCOPES[each.at_build, each.at_run]] for each in variables]
    context.output.rows(variables, ("NAME", "VALUE", "SEEN BY"), rows, "It has no variables.")


def _shown(variable: Variable) -> str:
    if variable.reference:
        return f"(from {variable.reference})"
    return "(secret)" if variable.is_secret else rendering.plain(variable.value or "")


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "The file cannot be read", f"{path}: {type(error).__name__}", "Check its name and mode"
        ) from error


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
