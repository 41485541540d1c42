"""Everything a person can do or reach by name: one registry feeds the command palette, the shortcuts and the menus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Source = Callable[[], "Iterable[Action]"]
"""Gives the actions that exist now, such as one for every project."""


@dataclass(frozen=True)
class Action:
    """One thing to do. `group` is where the palette lists it; `words` are more that it may be found by."""

    key: str
    title: str
    group: str
    run: Callable[[], object]
    icon: str = "arrow-right"
    detail: str = ""
    shortcut: str = ""
    words: str = ""
    is_listed: bool = True  # in the palette; a shortcut works all the same


class ActionRegistry:
    """Holds actions by key; the order of adding is the order of listing."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self._sources: list[Source] = []

    def add(self, action: Action) -> Callable[[], None]:
        """Add an action, in place of one with its key; gives back a function that takes it out again."""
        self._actions[action.key] = action
        return lambda: self._remove(action)

    def _remove(self, action: Action) -> None:
        if self._actions.get(action.key) is action:
            del self._actions[action.key]

    def add_source(self, source: Source) -> None:
        """Ask `source` for more each time that actions are listed."""
        self._sources.append(source)

    def all(self) -> list[Action]:
        """Give back every action there is now."""
        return [*self._actions.values(), *(action for source in self._sources for action in source())]

    def with_shortcuts(self) -> list[Action]:
        """Give back those that have a shortcut."""
        return [action for action in self._actions.values() if action.shortcut]

    def run(self, key: str) -> bool:
        """Run an action; gives back whether it exists."""
        action = next((each for each in self.all() if each.key == key), None)
        if action is not None:
            action.run()
        return action is not None

    def find(self, query: str, limit: int = 50) -> list[Action]:
        """Give back what fits `query`, best first; everything for an empty one."""
        wanted = query.casefold().split()
        ranked = [
            (rank, index, action)
            for index, action in enumerate(self.all())
            if action.is_listed and (rank := _rank(action, wanted)) is not None
        ]
        ranked.sort(key=lambda each: each[:2])
        return [action for _, _, action in ranked[:limit]]


def _rank(action: Action, wanted: list[str]) -> int | None:
    """How well an action fits, lower is better; None if a word of the query is nowhere in it."""
    title = action.title.casefold()
    rest = f"{action.group} {action.detail} {action.words}".casefold()
    total = 0
    for word in wanted:
        rank = _rank_word(title, rest, word)
        if rank is None:
            return None
        total += rank
    return total


def _rank_word(title: str, rest: str, word: str) -> int | None:
    if title.startswith(word):
        return 0
    if f" {word}" in title or f"-{word}" in title or f"/{word}" in title:
        return 1
    if word in title:
        return 2
    if word in rest:
        return 3
    letters = iter(title)
    return 4 if len(word) > 1 and all(letter in letters for letter in word) else None
