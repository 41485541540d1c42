"""What was found of a repository, in words and as what a new service begins with. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from godploy_desktop.core.env_files import looks_secret
from godploy_desktop.core.git.looking import Look
from godploy_desktop.ui.models.builder_form import BUILDER_HINTS, BUILDERS
from godploy_desktop.ui.models.forms import parse_variables
from godploy_server.contract import Detection, GodployError, Problem, Variable

DEFAULT_PORT: Final = 8080
_PRIVATE: Final = "not-allowed"


def found_words(look: Look) -> str:
    """Give back what was found, for the line below the repository."""
    detection = look.detection
    if detection.builder is None:
        return f"No builder fits: {detection.reason}. Choose another folder, or the builder below."
    listens = f" It listens on port {detection.port}." if detection.port else ""
    return f"{BUILDERS[detection.builder.kind]}: {detection.reason}.{listens}"


def automatic_words(detection: Detection | None) -> str:
    """Give back the hint below *Automatic*: what that will be, or how it is chosen."""
    if detection is None or detection.builder is None:
        return BUILDER_HINTS["auto"]
    return f"Will be {BUILDERS[detection.builder.kind]}"


def unread_words(problem: Problem) -> str:
    """Give back why nothing was found, and what that means."""
    if problem.code == _PRIVATE:
        return (
            "The server may not read it yet: its deploy key is made with the service. The builder is found when it is"
            " deployed."
        )
    return f"{problem.what}: {problem.why}"


def variables_text(variables: Iterable[Variable]) -> str:
    """Give back variables as they are typed, one a line."""
    return "\n".join(f"{each.name}={each.value or ''}" for each in variables)


def names_in(text: str) -> tuple[str, ...] | None:
    """Give back the names of the variables that are typed, None while they cannot be read."""
    try:
        return tuple(each.name for each in parse_variables(text))
    except GodployError:
        return None


def secret_at_first(name: str) -> bool:
    """Whether a variable is marked as secret until a person says otherwise."""
    return looks_secret(name)


def parent_of(folder: str) -> str:
    """Give back the folder around a folder, "" for the top."""
    return folder.rpartition("/")[0]


def below(folder: str, name: str) -> str:
    """Give back a folder's path in the repository."""
    return f"{folder}/{name}" if folder else name
