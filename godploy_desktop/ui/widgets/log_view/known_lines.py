"""Lines that were parsed a moment ago: what is seen is parsed once, not once a picture."""

from __future__ import annotations

from collections import OrderedDict

from godploy_desktop.ui.widgets.log_view.ansi import Span, spans_of
from godploy_desktop.ui.widgets.log_view.pages import PageStore

_MOST = 2000


class KnownLines:
    """Spans and text of lines by number; a line that the store has let go is empty."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._lines: OrderedDict[int, tuple[list[Span], str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, number: int) -> list[Span]:
        """Give back the pieces of a line, each in one ink."""
        return self._line(number)[0]

    def text(self, number: int) -> str:
        """Give back a line as it reads."""
        return self._line(number)[1]

    def _line(self, number: int) -> tuple[list[Span], str]:
        known = self._lines.get(number)
        if known is None:
            try:
                spans = spans_of(self._store.line(number))
            except IndexError:  # it went between two pictures
                return [], ""
            known = self._lines[number] = (spans, "".join([span.content for span in spans]))
            if len(self._lines) > _MOST:
                self._lines.popitem(last=False)
        return known
