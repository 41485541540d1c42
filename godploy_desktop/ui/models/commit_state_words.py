"""Who tells the git host what became of a commit, and what came of it, in words. Pure functions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from godploy_desktop.git_hosting.values import Account
from godploy_desktop.ui.models import words
from godploy_desktop.ui.theme.tokens import State
from godploy_server.contract import BadInput, CommitState, StatusWriter, ToldState

_STATES: Final[dict[CommitState, tuple[str, State]]] = {
    CommitState.PENDING: ("Pending", "info"),
    CommitState.SUCCESS: ("Success", "ok"),
    CommitState.FAILURE: ("Failure", "err"),
    CommitState.STOPPED: ("Stopped", words.NEUTRAL),
}


def state_words(state: CommitState) -> tuple[str, State]:
    """Give back (word, tone) for a state of a commit."""
    return _STATES[state]


def teller_words(account: Account | None, *, by_server: bool) -> str:
    """Give back who tells the git host; `account` is the one in whose name this computer does."""
    if by_server:
        return "The server tells the git host, with a token of its own"
    if account is not None:
        return f"This computer tells the git host in the name of {account.label}, while it is connected"
    return "Nobody tells the git host what became of a commit"


def told_words(told: ToldState | None, now: datetime) -> str:
    """Give back which commit was told last, and when."""
    if told is None:
        return "Nothing was told yet; the next deployment is"
    return f"{words.short_commit(told.commit)}, {words.ago(told.at, now)}"


def writer_words(writer: StatusWriter) -> str:
    """Give back where the server tells states, and what is still tried."""
    place = f"{writer.repository} at {writer.api.partition('://')[2].partition('/')[0]}, as {writer.name}"
    if writer.waiting:
        place += f"; {words.counted(writer.waiting, 'state', 'states')} still to be told"
    return place


def check_api(text: str) -> str:
    """Give back the address of an API as typed; raises BadInput for what cannot be one."""
    text = text.strip().rstrip("/")
    scheme, found, rest = text.partition("://")
    if not found or scheme not in ("https", "http") or not rest or any(each in rest for each in "@?# "):
        raise BadInput(
            f"“{text[:60]}” is no address of an API", "it looks like https://api.github.com", "Correct the address"
        )
    return text


def check_repository(text: str) -> str:
    """Give back a repository's name as typed; raises BadInput for what is none."""
    text = text.strip().strip("/")
    parts = text.split("/")
    if len(parts) < 2 or not all(parts) or any(each.isspace() for each in text):
        raise BadInput(f"“{text[:60]}” is no repository", "it is named OWNER/NAME", "Correct the name")
    return text
