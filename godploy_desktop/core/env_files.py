"""Files of variables, such as `.env`: read as shells do, nothing expanded; and which names are likely secret."""

from __future__ import annotations

import re
from typing import Final

from godploy_server.contract import BadInput, GodployError, Variable, check_variable_name

_SECRET: Final = re.compile(
    r"(^|_)(SECRETS?|PASSWORDS?|PASSWD|PASS|PWD|TOKENS?|(API|ACCESS|PRIVATE|SIGNING|ENCRYPTION|MASTER|AUTH|APP|JWT)_?KEY|"
    r"APIKEY|CREDENTIALS?|SALT|PEPPER|DSN|CERT|PEM|KEY)(_|$)|(^|_)(DATABASE|DB|REDIS|MONGO(DB)?|POSTGRES|MYSQL|AMQP|"
    r"RABBITMQ|SMTP)_(URL|URI)$",
    re.IGNORECASE,
)
_PUBLIC: Final = re.compile(
    r"^(NEXT_PUBLIC|VITE|REACT_APP|PUBLIC|NUXT_PUBLIC|EXPO_PUBLIC)_|(^|_)PUBLIC_KEY(_|$)|_(EXPIRY|EXPIRES|TTL|LENGTH|NAME|FILE|PATH|ALGORITHM)$",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Whether a variable of that name usually holds what nobody may read: a password, a token, a key, an address with
    a password in it. What front ends publish, and what only speaks of a secret (its file, its length), does not."""
    return _SECRET.search(name) is not None and _PUBLIC.search(name) is None


def parse_env(text: str) -> list[tuple[str, str]]:
    """Read NAME=VALUE lines: blank lines, # comments and a leading `export` are allowed; quotes around the whole value
    are taken off, nothing is expanded. Raises BadInput with the number of a line that is none (not its content)."""
    pairs = []
    for number, line in enumerate(text.splitlines(), start=1):
        pair = _pair(line)
        if pair is None:
            continue
        if not pair[0]:
            raise BadInput(
                "The file of variables cannot be read", f"line {number} is not NAME=VALUE", "Correct the line"
            )
        pairs.append(pair)
    return pairs


def variables_of_example(text: str) -> tuple[Variable, ...]:
    """Give what a `.env.example` names; names that look secret are marked. Lines that no variable can be made from are
    left out, and the later of two of one name wins."""
    found: dict[str, Variable] = {}
    for line in text.splitlines():
        name, value = _pair(line) or ("", "")
        try:
            found[name] = Variable(check_variable_name(name), value, looks_secret(name))
        except GodployError:
            continue
    return tuple(found.values())


def _pair(line: str) -> tuple[str, str] | None:
    """Give name and value of a line, name "" for one that has none, None for a comment."""
    stripped = line.strip().removeprefix("export ").lstrip()
    if not stripped or stripped.startswith("#"):
        return None
    name, equals, value = stripped.partition("=")
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return (name.strip(), value) if equals else ("", "")
