"""A typed signal without Qt: the model and the tasks tell their observers through it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Signal(Generic[T]):
    """Calls everyone who connected, in the order of connecting, in the thread that emits (always the loop's)."""

    def __init__(self) -> None:
        self._callbacks: dict[object, Callable[[T], object]] = {}

    def connect(self, callback: Callable[[T], object]) -> Callable[[], None]:
        """Call `callback` with each emitted value from now on; gives back a function that ends this (call it any
        number of times). The signal keeps the callback alive until then."""
        token = object()
        self._callbacks[token] = callback
        return lambda: self._callbacks.pop(token, None) and None

    def emit(self, value: T) -> None:
        """Call every observer. One that raises is logged and does not keep the others from hearing."""
        for token, callback in list(self._callbacks.items()):
            if token not in self._callbacks:  # an earlier observer disconnected it
                continue
            try:
                callback(value)
            except Exception:
                _log.exception("An observer failed on %s", type(value).__name__)

    def __len__(self) -> int:
        return len(self._callbacks)
