from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from godploy_server.contract import BadInput, DeploymentFailed, GitSource, Unreachable
from godploy_server.deploy import git

MAIN = git.Revision("refs/heads/main")
URLS = [
    "ssh://git@hub.test:22/a.git",
    "git@hub.test:a/b.git",
    "https://hub.test/a.git",
    "http://hub.test/a",
    "git://h/a",
]


@pytest.mark.parametrize("url", URLS)
def test_addresses_that_git_takes_are_accepted(url: str) -> None:
    assert git.check_url(url, local_allowed=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-oProxyCommand=x:y",
        "ext::sh -c x",
        "fd::3",
        "file:///etc",
        "/etc",
        "a b@c:d",
        "ssh://h/a\nb",
        "x://h/a",
        "hub",
    ],
)
def test_addresses_that_could_do_anything_else_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        git.check_url(url, local_allowed=False)


def test_folders_of_this_machine_are_for_the_users_own_agent(tmp_path: Path) -> None:
    assert git.check_url("file:///home/robin/shop", local_allowed=True)
    assert git.check_url("/home/robin/shop", local_allowed=True)
    assert git.is_below(f"file://{tmp_path}/samples/hello.git", tmp_path / "samples")
    assert not git.is_below(f"file://{tmp_path}/samples/../secrets.key", tmp_path / "samples")
    assert not git.is_below(f"{tmp_path}/samples/hello.git", tmp_path / "samples")


@pytest.mark.parametrize("name", ["main", "feature/x", "v1.2", "a-b_c"])
def test_branch_names_are_those_that_git_has(name: str) -> None:
    assert (
        subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False).returncode == 0
    )
    assert git.check_branch(name) == name


@pytest.mark.parametrize(
    "name", ["", "-x", "a..b", "a b", "a:b", "a.lock", "@{1}", "a\\b", "/a", "a/", "a\x00b", "x~1"]
)
def test_names_that_git_could_take_for_something_else_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        git.check_branch(name)


def test_a_commit_wins_over_a_tag_and_a_tag_over_a_branch() -> None:
    url, commit = "git@hub.test:a", "ab" * 20
    assert git.revision_of(GitSource(url, "dev")) == git.Revision("refs/heads/dev")
    assert git.revision_of(GitSource(url, "dev", tag="v1")) == git.Revision("refs/tags/v1")
    assert git.revision_of(GitSource(url, tag="v1", commit=commit)) == git.Revision("refs/tags/v1", commit)
    assert git.revision_of(GitSource(url, commit=commit), "CD" * 20).commit == "cd" * 20
    with pytest.raises(BadInput):
        git.revision_of(GitSource(url, tag="--upload-pack=x"))


def test_a_commit_is_a_hash() -> None:
    assert git.check_commit("ABCDEF1") == "abcdef1"
    assert git.check_commit("") == ""
    for bad in ("HEAD", "--upload-pack=x", "abc", "g" * 40):
        with pytest.raises(BadInput):
            git.check_commit(bad)


def test_neither_address_nor_key_nor_password_is_an_argument() -> None:
    url = "https://robin:hunter2@hub.test/a.git"
    environment = git.git_environment(url, Path("/k/id"), Path("/k/known"), local_allowed=False)
    lines = [git.fetch_arguments(Path("/c"), MAIN), git.fetch_history_arguments(Path("/c"), MAIN.reference)]
    assert not any("hunter2" in word or "hub.test" in word for line in lines for word in line)
    assert environment["GIT_SSH_COMMAND"].startswith("ssh -F none -i /k/id -o IdentitiesOnly=yes")
    for word in ("BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=/k/known"):
        assert word in environment["GIT_SSH_COMMAND"]
    assert environment["GIT_TERMINAL_PROMPT"] == "0"
    assert "file" not in environment["GIT_ALLOW_PROTOCOL"]
    assert git.without_password(f"fatal: {url}") == "fatal: https://robin:***@hub.test/a.git"
    assert git.without_password("https://t0ken@hub.test/a b@c") == "https://***@hub.test/a b@c"
    assert git.without_password("https://robin:hun@ter2@hub.test/a") == "https://robin:***@hub.test/a"
    assert git.without_password("ssh://git@hub.test/a") == "ssh://git@hub.test/a"


def test_a_commits_words_cannot_steer_a_terminal() -> None:
    assert git.one_line("\x1b[2Jhello\x9b\u2028") == "[2Jhello"


def test_a_full_disk_is_named_as_such() -> None:
    said = ["fatal: write error: No space left on device", "fatal: fetch-pack: invalid index-pack output"]
    assert git.fetch_error(said, "https://hub.test/a", MAIN, "").problem.why == "the server's disk is full"


def test_the_environment_reaches_git_as_its_configuration(tmp_path: Path) -> None:
    environment = git.git_environment("https://hub.test/a.git", tmp_path, tmp_path, local_allowed=False)
    shown = subprocess.run(
        ["git", "ls-remote", "--get-url", "source"],
        cwd=_bare(tmp_path),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "https://hub.test/a.git"


def _bare(folder: Path) -> Path:
    subprocess.run(git.init_arguments(folder / "bare"), check=True)
    return folder / "bare"


@pytest.mark.parametrize(
    ("output", "kind", "words"),
    [
        (["git@hub.test: Permission denied (publickey).", "fatal: Could not read from remote repository."],
         DeploymentFailed, "Permission denied"),
        (["ERROR: Repository not found.", "fatal: Could not read from remote repository."],
         DeploymentFailed, "Repository not found"),
        (["fatal: couldn't find remote ref refs/heads/main"], DeploymentFailed, "does not know it"),
        (["ssh: Could not resolve hostname hub.test: Name or service not known"], Unreachable, "Could not resolve"),
        (["ssh: connect to host hub.test port 22: Connection refused"], Unreachable, "Connection refused"),
        (["fatal: could not read Username for 'https://hub.test': terminal prompts disabled"],
         DeploymentFailed, "could not read Username"),
        (["fatal: something new"], DeploymentFailed, "something new"),
        ([], DeploymentFailed, "no reason"),
    ],
)  # fmt: skip
def test_gits_words_become_an_error_with_a_next_step(output: list[str], kind: type, words: str) -> None:
    error = git.fetch_error(output, "git@hub.test:a.git", MAIN, "ssh-ed25519 AAAA shop")
    assert type(error) is kind
    assert words in error.problem.why
    if "denied" in words or "not found" in words:
        assert "ssh-ed25519 AAAA shop" in error.problem.next_step
