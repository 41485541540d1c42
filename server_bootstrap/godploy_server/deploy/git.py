"""git's command lines, environment and errors: pure functions. `sources/git.py` executes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from godploy_server.contract import (
    BadInput,
    DeploymentFailed,
    GitSource,
    GodployError,
    NotAllowed,
    Unreachable,
    ssh_host,
)
from godploy_server.state.exhaustion import disk_full

FETCHED_REF: Final = "refs/godploy/fetched"
EVERY_BRANCH: Final = "refs/heads/*"
EVERY_TAG: Final = "refs/tags/*"
REMOTE: Final = "source"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_SCP_LIKE: Final = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.\-\[\]:]+:[^:].*")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REFUSED: Final = re.compile(r"(?:Host key for|host key is known for) (\S+) (?:has changed|and you have requested)")
_LISTED: Final = re.compile(r"([0-9a-f]{40,64})\t(\S+)")
_HEAD: Final = re.compile(r"ref: refs/heads/(\S+)\tHEAD")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True)
class Revision:
    """What of a repository is wanted: the newest of `reference` (refs/heads/main, refs/tags/v1), or one `commit` (its
    hash, whole or short), which may have to be looked for in the history of `reference`."""

    reference: str
    commit: str = ""

    def __str__(self) -> str:
        return f"commit {self.commit}" if self.commit else self.words

    @property
    def words(self) -> str:
        """Give the reference as a person calls it."""
        if self.reference == EVERY_BRANCH:
            return "any branch"
        kind = "tag" if self.reference.startswith("refs/tags/") else "branch"
        return f"{kind} “{self.reference.split('/', 2)[2]}”"


@dataclass(frozen=True)
class Listed:
    """What a git host told of a repository: commits by full reference, and its default branch ("" untold)."""

    references: Mapping[str, str]
    default_branch: str


def revision_of(source: GitSource, commit: str = "") -> Revision:
    """Give what of a source a deployment wants: `commit` if it names one, else the source's commit, tag or branch.

    Raises BadInput.
    """
    reference = (
        f"refs/tags/{check_branch(source.tag, 'tag')}" if source.tag else f"refs/heads/{check_branch(source.branch)}"
    )
    return Revision(reference, check_commit(commit) or check_commit(source.commit))


def check_url(url: str, *, local_allowed: bool) -> str:
    """Give back `url` if git may fetch from it: ssh, https, http, git, user@host:path; raises BadInput.

    Paths of this machine only where the agent is the user's own (`local_allowed`): a system agent reads as root.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        is_good = (local_allowed and url.startswith("/")) or (
            bool(_SCP_LIKE.fullmatch(url)) and not url.startswith("-") and "::" not in url
        )
    else:
        is_good = scheme[1].lower() in (("ssh", "https", "http", "git", "file")[: 5 if local_allowed else 4])
    if not is_good or any(character in url for character in "\n\r\0 "):
        raise BadInput(
            f"“{without_password(url)}” cannot be fetched from",
            "a repository is named by an ssh://, https://, http:// or git:// address or as user@host:path",
            "Correct the address in the service's settings",
        )
    return url


def is_below(url: str, folder: Path) -> bool:
    """Whether `url` is a file:// address of something in `folder`."""
    return url.startswith("file://") and Path(url[len("file://") :]).resolve().is_relative_to(folder.resolve())


def git_environment(
    url: str, key: Path, known_hosts: Path, *, local_allowed: bool, settings: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Give what git is told through its environment: the address (never in an argument list, it may hold a
    password), the service's own key, the only host keys to accept, and that nobody is there to answer a question.

    `settings` are further ones of git's configuration.
    """
    ssh = [
        "ssh", "-F", "none", "-i", str(key),
        "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known_hosts}",
        "-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no", "-o", "CheckHostIP=no",
        "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15",
    ]  # fmt: skip
    told = {
        f"remote.{REMOTE}.url": url,
        "safe.directory": "*",
        "credential.helper": "",
        "core.askPass": "",
        "protocol.version": "2",
        "fetch.recurseSubmodules": "false",
        "gc.auto": "0",
        **settings,
    }
    environment = {
        "GIT_SSH_COMMAND": shlex.join(ssh),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "ssh:https:http:git" + (":file" if local_allowed else ""),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_COUNT": str(len(told)),
    }
    for position, (name, value) in enumerate(told.items()):
        environment[f"GIT_CONFIG_KEY_{position}"] = name
        environment[f"GIT_CONFIG_VALUE_{position}"] = value
    return environment


def init_arguments(cache: Path) -> list[str]:
    """Make the bare repository that caches a source; harmless where it exists."""
    return ["git", "init", "--quiet", "--bare", str(cache)]


def fetch_arguments(cache: Path, revision: Revision) -> list[str]:
    """Fetch one commit, or the newest of a branch or tag, without history."""
    wanted = revision.commit or revision.reference
    return [
        "git", "--git-dir", str(cache), "fetch", "--progress", "--no-tags", "--depth", "1", "--force",
        REMOTE, f"{wanted}:{FETCHED_REF}",
    ]  # fmt: skip


def fetch_history_arguments(cache: Path, reference: str) -> list[str]:
    """Fetch a whole branch, or all of them for EVERY_BRANCH, or EVERY_TAG: for hosts that do not hand out single
    commits, and for short hashes."""
    unshallow = ["--unshallow"] if (cache / "shallow").exists() else []
    into = reference.replace("refs/", "refs/godploy/") if reference in (EVERY_BRANCH, EVERY_TAG) else FETCHED_REF
    return [
        "git", "--git-dir", str(cache), "fetch", "--progress", "--no-tags", "--force", *unshallow,
        REMOTE, f"{reference}:{into}",
    ]  # fmt: skip


def list_arguments(revision: Revision) -> list[str]:
    """Ask a host what a repository's default branch and a revision's reference stand at; fetches nothing."""
    return ["git", "ls-remote", "--symref", REMOTE, "HEAD", revision.reference, f"{revision.reference}^{{}}"]


def parse_listed(output: Iterable[str]) -> Listed:
    """Read what `list_arguments` prints; lines that ssh or the host added are left out."""
    lines = list(output)
    heads = [found[1] for line in lines if (found := _HEAD.fullmatch(line))]
    return Listed(
        {found[2]: found[1] for line in lines if (found := _LISTED.fullmatch(line))}, heads[0] if heads else ""
    )


def describe_arguments(cache: Path, commit: str) -> list[str]:
    """Print the full hash, the author's name and the subject of a commit, one a line."""
    return ["git", "--git-dir", str(cache), "log", "-1", "--format=%H%n%an%n%s", f"{commit or FETCHED_REF}^{{commit}}"]


def checkout_arguments(cache: Path, commit: str, folder: Path) -> list[list[str]]:
    """Write a commit's files into `folder`, which gets no .git: neither history nor a credential. The index is
    wherever GIT_INDEX_FILE says."""
    git = ["git", "--git-dir", str(cache), "--work-tree", str(folder)]
    return [[*git, "read-tree", commit], [*git, "checkout-index", "--all", "--force"]]


def check_commit(commit: str) -> str:
    """Give back `commit` in lower case if it can be a hash (or "" for the newest); raises BadInput."""
    if commit and not _COMMIT.fullmatch(commit.lower()):
        raise BadInput(f"“{commit[:80]}” is not a commit", "a commit is named by its hash", "Give 7 to 64 hex digits")
    return commit.lower()


def check_branch(branch: str, what: str = "branch") -> str:
    """Give back the name of a branch, or of another `what`, if git could have it (git-check-ref-format); raises
    BadInput."""
    forbidden = set(" ~^:?*[\\\x7f") | {chr(code) for code in range(32)}
    bad = (
        not branch
        or branch.startswith(("-", "/", "."))
        or branch.endswith(("/", ".", ".lock"))
        or ".." in branch
        or "@{" in branch
        or set(branch) & forbidden
    )
    if bad:
        raise BadInput(f"“{branch[:80]}” is not a {what}", "git allows no such name", f"Correct the {what}'s name")
    return branch


def without_password(url: str) -> str:
    """Give the address as it may be shown: without a password or token before the @."""
    hidden = re.sub(r"(://)([^/:\s]*):[^/\s]*@", r"\1\2:***@", url)
    return re.sub(r"(https?://)[^/:\s]+@", r"\1***@", hidden, flags=re.IGNORECASE)


def one_line(text: str) -> str:
    """Give what a commit says as a history may show it: without control characters, cut to 200 characters."""
    return _UNPRINTABLE.sub("", text)[:200]


def refused_host(output: Iterable[str], url: str) -> str:
    """Give the host whose key ssh did not accept, as known_hosts names it; "" if that is not why git failed."""
    lines = list(output)
    named = next((found[1] for line in lines if (found := _REFUSED.search(line))), "")
    is_refused = any("host key verification failed" in line.lower() for line in lines)
    return named or (ssh_host(url) if is_refused else "")


def fetch_error(output: Sequence[str], url: str, revision: Revision, public_key: str) -> GodployError:
    """Say what git's failed fetch means, from the last lines that it wrote. `public_key` "": none was tried."""
    text = "\n".join(output).lower()
    if "no space left on device" in text:
        return disk_full("Fetching the source")
    shown = without_password(url)
    last = next((line.strip() for line in reversed(output) if line.strip()), "git gave no reason")
    if "couldn't find remote ref" in text or "could not find remote ref" in text:
        return DeploymentFailed(
            f"The repository has no {revision.words}",
            f"{shown} does not know it",
            "Correct it in the service's settings, or push it",
        )
    unreachable = (
        "could not resolve host",
        "connection refused",
        "timed out",
        "no route to host",
        "network is unreach",
    )
    if any(sign in text for sign in (*unreachable, "name or service not known", "temporary failure in name")):
        return Unreachable(
            f"The host of {shown} cannot be reached from the server",
            next((line.strip() for line in output if any(sign in line.lower() for sign in unreachable)), last),
            "Check the address, and that the server may connect there",
        )
    refused = ("permission denied", "repository not found", "could not read from remote", "authentication failed")
    if any(sign in text for sign in (*refused, "could not read username", "does not appear to be a git repo")):
        why = f"the host answered: {next((each.strip() for each in output if _speaks(each, refused)), last)}"
        if not public_key:
            if "could not read username" in text:
                why = "the host wants a sign-in, and the server has none"
            return NotAllowed(f"The server may not read {shown}", why, "Check the address, or sign in at its host")
        return DeploymentFailed(
            f"The server may not read {shown}",
            why,
            f"Check the address, and add this deploy key to the repository: {public_key.strip()}",
        )
    if revision.commit:
        return DeploymentFailed(
            f"The commit {revision.commit[:12]} is not in the repository",
            f"it is in the history of no branch and no tag: {last}",
            "Choose another commit, or push it",
        )
    return DeploymentFailed(f"{shown} could not be fetched", last, "Look at the deployment's log")


def _speaks(line: str, signs: Sequence[str]) -> bool:
    return any(sign in line.lower() for sign in signs)
