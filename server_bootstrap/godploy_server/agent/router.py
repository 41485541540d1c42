"""Which handler answers a verb and a path: one table, matched exactly."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from godploy_server.agent.messages import Answer, Request
from godploy_server.contract.problem import BadInput, NotFound

if TYPE_CHECKING:
    from godploy_server.agent.agent import Agent

Handler = Callable[["Agent", Request], Awaitable[Answer]]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Route:
    """One verb of the API. `pattern` holds `{id}` where any id may stand; `query` names what `?` may carry.

    With `takes_stream` its handler reads the body by itself, which may then be of any length. With `ends_with_client`
    its handler is cancelled when the client goes away: it only looks, and nobody is there to be told.
    """

    method: str
    pattern: str
    handler: Handler
    query: tuple[str, ...] = ()
    takes_stream: bool = False
    ends_with_client: bool = False


class Router:
    """Finds routes; knows nothing of what they do."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)

    def find(self, request: Request) -> tuple[Route, Request]:
        """Give the route of a request, and the request with its ids. Raises NotFound, BadInput."""
        found = self._matching(request)
        if found:
            route, ids = found
            unknown = sorted(set(request.query) - set(route.query))
            if unknown:
                raise BadInput("The request cannot be used", f"?{unknown[0][:50]}= means nothing here", "Leave it out")
            return route, replace(request, ids=ids)
        raise NotFound(
            "The agent does not know this request",
            f"it has no {request.method[:10]} {request.path[:100]}",
            "Update the older of the two sides",
        )

    def takes_stream(self, request: Request) -> bool:
        """Whether the route of a request, if it has one, reads the body by itself."""
        found = self._matching(request)
        return found is not None and found[0].takes_stream

    def ends_with_client(self, request: Request) -> bool:
        """Whether the work for a request is of no use once its client went away."""
        found = self._matching(request)
        return found is not None and found[0].ends_with_client

    def _matching(self, request: Request) -> tuple[Route, tuple[str, ...]] | None:
        for route in self.routes:
            if route.method == request.method:
                ids = _match(route.pattern, request.path)
                if ids is not None:
                    return route, ids
        return None


def _match(pattern: str, path: str) -> tuple[str, ...] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    ids = []
    for want, have in zip(wanted, given, strict=True):
        if want == "{id}":
            if not _ID.fullmatch(have):
                return None
            ids.append(have)
        elif want != have:
            return None
    return tuple(ids)
