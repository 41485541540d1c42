"""The states of a connection: one small machine, shown as it is by the window and the headless command."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from godploy_server.contract import Problem


class ConnectionState(Enum):
    """What is true of a connection now."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"  # it was there; waiting for the next attempt
    RECONNECTING = "reconnecting"  # the attempt is under way
    BLOCKED = "blocked"  # the host key changed or is revoked; only a person's decision goes on from here
    FAILED = "failed"  # refused for a reason that trying again does not change

    @property
    def is_live(self) -> bool:
        """Whether calls can be made."""
        return self is ConnectionState.CONNECTED


class ConnectionEvent(Enum):
    """What can happen to a connection."""

    ASKED = "asked"  # a person or the program asked to connect
    ESTABLISHED = "established"
    HOST_KEY_REFUSED = "host-key-refused"  # changed or revoked
    REFUSED = "refused"  # login refused, or the first attempt failed
    LOST = "lost"  # it ended, or the attempt to bring it back failed
    CLOSED = "closed"  # a person or the program closed it


class ImpossibleTransition(Exception):
    """The program mixed up its own order of things."""


_S, _E = ConnectionState, ConnectionEvent
_TRANSITIONS: dict[tuple[ConnectionState, ConnectionEvent], ConnectionState] = {
    (_S.DISCONNECTED, _E.ASKED): _S.CONNECTING,
    (_S.FAILED, _E.ASKED): _S.CONNECTING,
    (_S.BLOCKED, _E.ASKED): _S.CONNECTING,
    (_S.LOST, _E.ASKED): _S.RECONNECTING,
    (_S.CONNECTING, _E.ESTABLISHED): _S.CONNECTED,
    (_S.CONNECTING, _E.HOST_KEY_REFUSED): _S.BLOCKED,
    (_S.CONNECTING, _E.REFUSED): _S.FAILED,
    (_S.CONNECTED, _E.LOST): _S.LOST,
    (_S.RECONNECTING, _E.ESTABLISHED): _S.CONNECTED,
    (_S.RECONNECTING, _E.LOST): _S.LOST,
    (_S.RECONNECTING, _E.HOST_KEY_REFUSED): _S.BLOCKED,
    (_S.RECONNECTING, _E.REFUSED): _S.FAILED,
    **{(state, _E.CLOSED): _S.DISCONNECTED for state in _S},
}


def next_state(state: ConnectionState, event: ConnectionEvent) -> ConnectionState:
    """Give back the state that `event` leads to; raises ImpossibleTransition."""
    try:
        return _TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{event.value} while {state.value}") from None


class StateRecord:
    """The state of one connection, why it is so, and who wants to hear of changes."""

    def __init__(self) -> None:
        self.state = ConnectionState.DISCONNECTED
        self.problem: Problem | None = None
        self._listeners: list[Callable[[ConnectionState], object]] = []

    def on_change(self, callback: Callable[[ConnectionState], object]) -> Callable[[], None]:
        """Call `callback` with each new state; gives back what unsubscribes it."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def happen(self, event: ConnectionEvent, problem: Problem | None = None) -> None:
        """Go on to the state that `event` leads to. Raises ImpossibleTransition."""
        before, self.state = self.state, next_state(self.state, event)
        self.problem = problem
        if self.state is not before:
            for callback in tuple(self._listeners):
                callback(self.state)
