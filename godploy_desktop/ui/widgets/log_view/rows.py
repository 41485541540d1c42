"""Which lines are shown, one after another: all of them, or those that a filter found."""

from __future__ import annotations

from bisect import bisect_left

from godploy_desktop.ui.widgets.log_view.pages import PageStore
from godploy_desktop.ui.widgets.log_view.scan import Scan


class Rows:
    """Row 0 is the oldest line shown. Rows move up as old lines go; line numbers stay."""

    def __init__(self, store: PageStore) -> None:
        self.store = store
        self.scan: Scan | None = None
        self._first_seen = store.first

    def __len__(self) -> int:
        return len(self.scan.lines) if self.scan is not None else len(self.store)

    def set_scan(self, scan: Scan | None) -> None:
        """Show only what `scan` finds; None shows everything."""
        self.scan = scan
        self._first_seen = self.store.first

    def number(self, row: int) -> int:
        """Give back the line number of a row."""
        return self.scan.lines[row] if self.scan is not None else self.store.first + row

    def row_of(self, number: int) -> int:
        """Give back the row of a line, or of the next one that is shown after it."""
        if self.scan is not None:
            return bisect_left(self.scan.lines, number)
        return min(max(0, number - self.store.first), len(self))

    def take_away_gone(self) -> int:
        """Follow the store's letting go of old lines; gives back how many rows went at the top."""
        gone = self.store.first - self._first_seen
        self._first_seen = self.store.first
        if self.scan is not None:
            return self.scan.drop_before(self.store.first)
        return gone
