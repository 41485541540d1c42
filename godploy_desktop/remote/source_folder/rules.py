"""Which files of a folder count: rules that a listing asks on its way down. Each is a value; one way, no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from godploy_desktop.remote.source_folder.patterns import Patterns


class Rules(Protocol):
    """What is asked in one folder of the listing. Paths are relative to the listing's top, with /."""

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether it counts."""
        ...

    def looks_into(self, path: str) -> bool:
        """Whether something in a folder that does not count itself may count."""
        ...

    def within(self, path: str) -> Rules:
        """The rules in that folder."""
        ...


@dataclass(frozen=True)
class Everything:
    """No rules."""

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Yes."""
        del path, is_folder
        return True

    def looks_into(self, path: str) -> bool:
        """No need: all of it counts."""
        del path
        return False

    def within(self, path: str) -> Rules:
        """The same."""
        del path
        return self


@dataclass(frozen=True)
class Excluding:
    """What the patterns match does not count: `.dockerignore`."""

    patterns: Patterns
    folder: tuple[bool, ...]

    @classmethod
    def of(cls, lines: list[str]) -> Excluding:
        """The rules at the top. Raises BadInput."""
        patterns = Patterns(lines)
        return cls(patterns, patterns.nothing)

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether no pattern matches, or one takes it back."""
        del is_folder
        return not self.patterns.match(path, self.folder)[0]

    def looks_into(self, path: str) -> bool:
        """Whether a pattern may take something in it back."""
        return self.patterns.may_match_within(path, negations=True)

    def within(self, path: str) -> Rules:
        """Remembers which patterns matched the folder, and so everything in it."""
        return Excluding(self.patterns, self.patterns.match(path, self.folder)[1])


@dataclass(frozen=True)
class Including:
    """Only what the patterns match counts, with all that is in it: what a build says it will read."""

    patterns: Patterns
    folder: tuple[bool, ...]

    @classmethod
    def of(cls, lines: list[str]) -> Including:
        """The rules at the top. Raises BadInput."""
        patterns = Patterns(lines)
        return cls(patterns, patterns.nothing)

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether a pattern matches."""
        del is_folder
        return self.patterns.match(path, self.folder)[0]

    def looks_into(self, path: str) -> bool:
        """Whether a pattern may match something in it."""
        return self.patterns.may_match_within(path, negations=False)

    def within(self, path: str) -> Rules:
        """Remembers which patterns matched the folder."""
        return Including(self.patterns, self.patterns.match(path, self.folder)[1])


@dataclass(frozen=True)
class All:
    """What counts by every one of several rules."""

    rules: tuple[Rules, ...]

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether all take it."""
        return all(each.takes(path, is_folder=is_folder) for each in self.rules)

    def looks_into(self, path: str) -> bool:
        """Whether those that do not take it may take something in it."""
        return all(each.takes(path, is_folder=True) or each.looks_into(path) for each in self.rules)

    def within(self, path: str) -> Rules:
        """All of them in that folder."""
        return All(tuple(each.within(path) for each in self.rules))
