"""Git hosts as the window and the command use them: accounts, and what links a service to its repository."""

from typing import Final

GIT_ACCOUNTS: Final = "git-accounts"
"""The setting that lists the accounts; here, so that asking for one loads nothing that speaks with hosts."""
