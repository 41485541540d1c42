"""Finding a repository by what a person calls it, at whichever account reaches it."""

from __future__ import annotations

from collections.abc import Iterable

from godploy_desktop.core.git.accounts import GitAccounts
from godploy_desktop.git_hosting.values import Account, Repository
from godploy_server.contract import BadInput, GodployError, NotFound


def is_address(text: str, accounts: Iterable[Account] = ()) -> bool:
    """Whether what a person typed is an address that git takes, not the name of a repository at an account. An account
    at another port than the usual one is called as an address of SSH is written: ada@git.example.org:3000/team/shop."""
    if any(text.startswith(f"{each.label}/") for each in accounts):
        return False
    return "://" in text or text.startswith("/") or (":" in text and "@" in text.partition(":")[0])


def readings(named: str, accounts: Iterable[Account]) -> tuple[tuple[Account, str], ...]:
    """Give what [ACCOUNT/]OWNER/NAME may mean: accounts, each with the name of a repository there, the likeliest first.
    ACCOUNT is a login or login@host; a name may have more parts (sub-groups)."""
    first, _, rest = named.strip("/").removesuffix(".git").partition("/")
    known = tuple(accounts)
    by_account = [(each, rest) for each in known if "/" in rest and first in (each.login, each.label, each.id)]
    return (*by_account, *((each, f"{first}/{rest}") for each in known if rest and "@" not in first))


async def find_repository(git: GitAccounts, named: str) -> tuple[Account, Repository]:
    """Give the one repository that [ACCOUNT/]OWNER/NAME means, and the account that reaches it.

    Asks every account that it may mean. Raises NotFound, BadInput where several accounts reach one of that name, and
    what a host answers if no other has it.
    """
    found: list[tuple[Account, Repository]] = []
    refused: GodployError | None = None
    for account, full_name in readings(named, git.accounts):
        if found and account.id == found[-1][0].id:
            continue  # the account was named
        host = git.host(account)
        try:
            found.append((account, await host.repository(full_name)))
        except NotFound:
            continue
        except GodployError as error:
            refused = error
        finally:
            await host.close()
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{account.label}/{repository.full_name}" for account, repository in found)
        raise BadInput(f"It is not clear which {named} is meant", f"there are {names}", "Name the account as well")
    if refused is not None:
        raise refused
    accounts = ", ".join(each.label for each in git.accounts)
    raise NotFound(
        f"No account reaches a repository “{named}”",
        f"the accounts are: {accounts}" if accounts else "no account is signed in",
        "Name it as OWNER/NAME or ACCOUNT/OWNER/NAME; see: godploy git repositories ACCOUNT"
        if accounts
        else "Sign in: godploy git sign-in HOST, or give the repository's address with --git",
    )
