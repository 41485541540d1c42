"""`godploy completion`: scripts generated from the parsers themselves, so that they never lag behind.

Completed are commands, verbs and options. Names of services would need the network, so they are not.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from godploy_desktop.commands.registry import COMMANDS


@dataclass(frozen=True)
class Node:
    """One place in the tree of commands: the words that lead there, and what may follow."""

    path: tuple[str, ...]
    verbs: dict[str, str]  # word to summary
    options: dict[str, str]  # option to help


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=sorted(_SHELLS), help="put the output where your shell looks for completions")
    parser.set_defaults(run_plain=completion)


def completion(given: argparse.Namespace) -> None:
    """Print the script."""
    print(_SHELLS[given.shell](list(tree())))


def tree() -> Iterator[Node]:
    """Every place in the tree, the top first."""
    from godploy_desktop.cli import parser_of

    yield Node(
        (), {each.name: each.summary for each in COMMANDS}, {"--help": "show help", "--version": "show the version"}
    )
    for command in COMMANDS:
        yield from _nodes((command.name,), parser_of(command))


def _nodes(path: tuple[str, ...], parser: argparse.ArgumentParser) -> Iterator[Node]:
    verbs: dict[str, str] = {}
    options: dict[str, str] = {}
    below: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {each.dest: each.help or "" for each in action._choices_actions}
            for word, child in action.choices.items():
                verbs[word] = summaries.get(word, "")
                below.append((word, child))
        elif action.option_strings:
            options |= dict.fromkeys(action.option_strings, action.help or "")
        elif action.choices is not None:
            verbs |= {str(each): "" for each in action.choices}
    yield Node(path, verbs, options)
    for word, child in below:
        yield from _nodes((*path, word), child)


def bash(nodes: list[Node]) -> str:
    """A script for bash: the words typed so far, without options, choose what may follow."""
    cases = "\n".join(
        f"    {shlex.quote(' '.join(node.path))}) words={shlex.quote(' '.join(node.verbs))} "
        f"options={shlex.quote(' '.join(node.options))} ;;"
        for node in nodes
    )
    return f"""# godploy completion for bash: put it into ~/.local/share/bash-completion/completions/godploy
_godploy() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path="" words="" options="" word known
  known=" {" ".join(" ".join(node.path).replace(" ", "/") for node in nodes if node.path)} "
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$known" in *" ${{path:+${{path// //}}/}}$word "*) path="${{path:+$path }}$word" ;; esac
  done
  case "$path" in
{cases}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -F _godploy godploy"""


def zsh(nodes: list[Node]) -> str:
    """A script for zsh, with the summaries beside the words."""
    cases = "\n".join(
        f"    {shlex.quote(' '.join(node.path))}) "
        f"offered=({' '.join(shlex.quote(_described(word, text)) for word, text in node.verbs.items())}) "
        f"flags=({' '.join(shlex.quote(_described(word, text)) for word, text in node.options.items())}) ;;"
        for node in nodes
    )
    return f"""#compdef godploy
# godploy completion for zsh: put it as _godploy into a folder of your $fpath
_godploy() {{
  local place="" word
  local -a offered flags known
  known=({_known(nodes)})
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    if (( ${{known[(Ie)${{place:+$place }}$word]}} )); then place="${{place:+$place }}$word"; fi
  done
  case "$place" in
{cases}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe option flags
  elif (( $#offered )); then
    _describe command offered
  else
    _files
  fi
}}
if [[ $funcstack[1] == _godploy ]]; then _godploy "$@"; else compdef _godploy godploy; fi"""


def fish(nodes: list[Node]) -> str:
    """A script for fish, with the summaries beside the words."""
    lines = [
        "# godploy completion for fish: put it into ~/.config/fish/completions/godploy.fish",
        "function __godploy_at",
        f"  set -l known {_known(nodes)}",
        "  set -l place",
        "  for word in (commandline -opc)[2..-1]",
        '    contains -- "$place $word" " "$known; and set place "$place $word"',
        "  end",
        '  test "$place" = "$argv[1]"',
        "end",
        "complete -c godploy -f",
    ]
    for node in nodes:
        place = shlex.quote("".join(f" {word}" for word in node.path))
        condition = shlex.quote(f"__godploy_at {place}")
        for word, text in node.verbs.items():
            lines.append(f"complete -c godploy -n {condition} -a {word} -d {_fish_quoted(text)}")
        for option, text in node.options.items():
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f"complete -c godploy -n {condition} {kind} -d {_fish_quoted(text)}")
    return "\n".join(lines)


def _known(nodes: list[Node]) -> str:
    return " ".join(shlex.quote(" ".join(node.path)) for node in nodes if node.path)


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _described(word: str, text: str) -> str:
    return f"{word}:{text}".replace("%%", "%") if text else word


_SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
